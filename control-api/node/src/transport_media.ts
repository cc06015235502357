// The media of a transport: producers, consumers, and what tells their streams apart.
import { randomUUID } from 'node:crypto';

import { checkConsumeOptions, encodeConsume, initialLayers } from './consume_options.js';
import {
  consumerParameters,
  type AskedConsumer,
  type ConsumerNumbers,
} from './consumer_parameters.js';
import { Consumer, type ConsumerType } from './consumer.js';
import { NotFoundError } from './errors.js';
import type { EnhancedEventEmitter } from './event_emitter.js';
import { ConsumedT, ProducedT, RequestBody } from './generated/schema.js';
import * as ortc from './ortc.js';
import type { NumberedParameters } from './ortc/receiver_numbers.js';
import type { ValidParameters } from './ortc/validation.js';
import { checkProduceOptions, encodeProduce } from './produce_options.js';
import { Producer, type ProducerType } from './producer.js';
import type { RtpCapabilities } from './rtp_types.js';
import { SsrcPool } from './ssrc_pool.js';
import type { ConsumeOptions, ProduceOptions, TransportRouter } from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer, type Channel } from './wire/channel.js';

export type MediaObserverEvents = {
  newproducer: [Producer];
  newconsumer: [Consumer];
};

/** What they may ask of the transport. */
export interface MediaOwner {
  channel: Channel;
  transportId: string;
  /** The application takes the place of the client. */
  isDirect: () => boolean;
  router: TransportRouter;
  requireOpen: () => void;
  /** Those who watch the transport. */
  observer: EnhancedEventEmitter<MediaObserverEvents>;
}

export class TransportMedia {
  readonly ssrcs = new SsrcPool();
  readonly #owner: MediaOwner;
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  #cname: string | undefined;
  #nextMid = 0;

  constructor(owner: MediaOwner) {
    this.#owner = owner;
  }

  async produce<ProducerData extends AppData>(
    options: ProduceOptions<ProducerData>,
  ): Promise<Producer<ProducerData>> {
    this.#owner.requireOpen();
    const { router, channel } = this.#owner;
    const checked = checkProduceOptions(options);
    const { id, kind, rtpParameters, paused, appData } = checked;
    this.#shareCname(rtpParameters);
    const ours = router.rtpCapabilities();
    const mapping = ortc.getProducerRtpParametersMapping(rtpParameters, ours);
    const consumable = ortc.getConsumableRtpParameters(kind, rtpParameters, ours, mapping);
    return channel.call({
      method: RequestBody.Produce,
      target: this.#owner.transportId,
      body: encodeProduce(checked, mapping),
      apply: (answer) => {
        const type = String(expectAnswer(answer, ProducedT).type) as ProducerType;
        this.#owner.requireOpen();
        const described = { id, kind, rtpParameters, paused, appData };
        return this.#addProducer<ProducerData>({ ...described, consumable, type });
      },
      applyLate: () => channel.close(id),
    });
  }

  async consume<ConsumerData extends AppData>(
    options: ConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    this.#owner.requireOpen();
    const checked = checkConsumeOptions(options);
    const { producerId, paused, mid, preferredLayers, priority, appData } = checked;
    const { pipe, numbering } = checked;
    const producer = this.findProducer(producerId);
    const { kind, consumableRtpParameters: consumable } = producer;
    const enableRtx = checked.enableRtx ?? kind === 'video';
    const ssrcs = this.ssrcs.takeFor(checked, consumable.encodings.length);
    const numbers = { enableRtx, ssrcs, mid, pipe, numbering };
    const asked = options.rtpCapabilities;
    const { rtpParameters, mapping } = this.#consumerParameters(producer, asked, numbers);
    const id = randomUUID();
    return this.askForConsumer<ConsumerData>({
      body: encodeConsume(id, { kind, rtpParameters, mapping }, checked),
      ssrcs,
      described: {
        ...{ id, producerId, kind, rtpParameters, paused, priority, appData },
        consumableRtpEncodings: consumable.encodings,
        preferredLayers: pipe ? undefined : initialLayers(kind, rtpParameters, preferredLayers),
      },
    });
  }

  /** Throws a NotFoundError for an id that the router does not know. */
  findProducer(producerId: string): Producer {
    const producer = this.#owner.router.findProducer(producerId);
    if (!producer) throw new NotFoundError(`producerId: the router has no producer ${producerId}`);
    return producer;
  }

  /** SSRCs that nobody on the transport has, each with a free one behind it. */
  takeSsrcs(count: number): number[] {
    return Array.from({ length: count }, () => this.ssrcs.take());
  }

  askForConsumer<ConsumerData extends AppData>({
    body,
    ssrcs,
    described,
  }: AskedConsumer): Promise<Consumer<ConsumerData>> {
    const { channel } = this.#owner;
    const call = channel.call({
      method: RequestBody.Consume,
      target: this.#owner.transportId,
      body,
      apply: (answer) => {
        const { type, producerPaused } = expectAnswer(answer, ConsumedT);
        this.#owner.requireOpen();
        const heard = { producerPaused, type: String(type) as ConsumerType };
        const whole = { ...described, ...heard } as ConstructorParameters<
          typeof Consumer<ConsumerData>
        >[0];
        return this.#addConsumer<ConsumerData>(whole, ssrcs);
      },
      applyLate: () => channel.close(described.id),
    });
    call.catch(() => ssrcs.forEach((ssrc) => this.ssrcs.release(ssrc)));
    return call;
  }

  /** The transport is over, by whomever. */
  transportClosed(): void {
    for (const producer of [...this.#producers.values()]) producer.transportClosed();
    for (const consumer of [...this.#consumers.values()]) consumer.transportClosed();
  }

  #addProducer<ProducerData extends AppData>(
    described: Omit<
      ConstructorParameters<typeof Producer<ProducerData>>[0],
      'channel' | 'onClose' | 'isDirect'
    >,
  ): Producer<ProducerData> {
    const { router, channel } = this.#owner;
    const producer: Producer<ProducerData> = new Producer<ProducerData>({
      ...described,
      channel,
      isDirect: this.#owner.isDirect(),
      onClose: () => {
        this.#producers.delete(described.id);
        router.removeProducer(producer as unknown as Producer);
      },
    });
    const anyProducer = producer as unknown as Producer;
    this.#producers.set(producer.id, anyProducer);
    router.addProducer(anyProducer);
    this.#owner.observer.safeEmit('newproducer', anyProducer);
    return producer;
  }

  #addConsumer<ConsumerData extends AppData>(
    described: Omit<ConstructorParameters<typeof Consumer<ConsumerData>>[0], 'channel' | 'onClose'>,
    ssrcs: number[],
  ): Consumer<ConsumerData> {
    const consumer = new Consumer<ConsumerData>({
      ...described,
      channel: this.#owner.channel,
      onClose: () => {
        this.#consumers.delete(described.id);
        for (const ssrc of ssrcs) this.ssrcs.release(ssrc);
      },
    });
    const anyConsumer = consumer as unknown as Consumer;
    this.#consumers.set(consumer.id, anyConsumer);
    this.#owner.observer.safeEmit('newconsumer', anyConsumer);
    return consumer;
  }

  // One that was reserved is for one stream.
  // SSRCs are taken before it is known whether the parameters are any good.
  #consumerParameters(
    producer: Producer,
    capabilities: RtpCapabilities,
    { mid, ...numbers }: Omit<ConsumerNumbers, 'mid'> & { mid: string | undefined },
  ): NumberedParameters {
    try {
      const counted = mid ?? String(this.#nextMid);
      const numbered = consumerParameters(producer, capabilities, { ...numbers, mid: counted });
      if (mid === undefined && !numbers.pipe) this.#nextMid += 1;
      return numbered;
    } catch (error) {
      for (const ssrc of numbers.ssrcs) this.ssrcs.release(ssrc);
      throw error;
    }
  }

  // RFC 3550 §6.5.1: what comes from one participant has one CNAME, or receivers could not play
  // audio and video in step.
  #shareCname(rtpParameters: ValidParameters): void {
    this.#cname ??= rtpParameters.rtcp.cname || randomUUID().slice(0, 8);
    rtpParameters.rtcp.cname = this.#cname;
  }
}
