// The data channels of an SdpConnection: what the client opens becomes a data producer, and what
// data producers say becomes a channel of the client.
import type { DataConsumer } from '../data_consumer.js';
import type { DataProducer } from '../data_producer.js';
import { InvalidStateError, TimeoutError } from '../errors.js';
import { Logger } from '../logger.js';
import type { DataChannelInfo, DataConsumerOptions } from '../transport_data.js';
import type { WebRtcTransport } from '../webrtc_transport.js';

const logger = new Logger('SdpConnection');
/** How long a client may take to connect before what is to be said to it is given up. */
const patience = 30_000;

export interface ChannelMeans {
  most: number;
  produce: (channel: DataChannelInfo) => Promise<DataProducer | undefined>;
  consume: (options: DataConsumerOptions) => Promise<DataConsumer>;
  came: (producer: DataProducer) => void;
  gone: (producer: DataProducer) => void;
}

/** A channel whose producer is being made. */
interface Opening {
  /** By the client, meanwhile. */
  closed: boolean;
}

export class ChannelKeeper {
  readonly #transport: WebRtcTransport;
  readonly #means: ChannelMeans;
  readonly #producers = new Map<number, DataProducer>();
  readonly #opening = new Map<number, Opening>();
  readonly #whenOver = new Set<(error: Error) => void>();
  #refused = 0;

  constructor(transport: WebRtcTransport, means: ChannelMeans) {
    this.#transport = transport;
    this.#means = means;
    transport.on('datachannelopen', (channel) => this.#opened(channel));
    transport.on('datachannelclose', (streamId) => this.#closed(streamId));
  }

  get refused(): number {
    return this.#refused;
  }

  async consume(options: DataConsumerOptions): Promise<DataConsumer> {
    await this.#connected();
    return this.#means.consume({ negotiated: false, ...options });
  }

  close(): void {
    for (const fail of [...this.#whenOver]) fail(new InvalidStateError('the connection is closed'));
  }

  async #opened(channel: DataChannelInfo): Promise<void> {
    const { streamId } = channel.sctpStreamParameters;
    if (this.#producers.size + this.#opening.size >= this.#means.most) {
      this.#refused += 1;
      return;
    }
    const opening: Opening = { closed: false };
    this.#opening.set(streamId, opening);
    try {
      const producer = await this.#means.produce(channel);
      if (!producer) return;
      this.#producers.set(streamId, producer);
      producer.observer.once('close', () => {
        this.#producers.delete(streamId);
        this.#means.gone(producer);
      });
      this.#means.came(producer);
      if (opening.closed) producer.close();
    } catch (error) {
      logger.warn(`data channel ${streamId}: ${(error as Error).message}`);
    } finally {
      if (this.#opening.get(streamId) === opening) this.#opening.delete(streamId);
    }
  }

  // Clients close faster than producers are made.
  #closed(streamId: number): void {
    const opening = this.#opening.get(streamId);
    if (opening) opening.closed = true;
    this.#producers.get(streamId)?.close();
  }

  // SCTP stands once the client has it in its description, and is connected.
  #connected(): Promise<void> {
    const transport = this.#transport;
    if (transport.sctpParameters === undefined)
      return Promise.reject(new InvalidStateError('the transport was made without enableSctp'));
    if (transport.sctpState === 'connected') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        transport.off('sctpstatechange', look);
        this.#whenOver.delete(end);
        if (error) reject(error);
        else resolve();
      };
      const look = (state: string): void => {
        if (state === 'connected') end();
        else if (state === 'failed' || state === 'closed')
          end(new InvalidStateError(`SCTP is ${state}`));
      };
      const timer = setTimeout(
        () => end(new TimeoutError('the client has not connected')),
        patience,
      );
      timer.unref();
      transport.on('sctpstatechange', look);
      this.#whenOver.add(end);
    });
  }
}
