// What one person receives of the others: which streams, whether they flow, and in which layers.

import type { ConsumerDescription, ConsumerWish, JoinRequest } from '../protocol/messages';
import type { EngineConsumer, EngineRouterGroup, EngineTransport } from './engine';
import type { Grants } from './grants';
import { reasonOf } from './log';
import type { Log } from './log';
import type { Peer, Send, Sent } from './peer';
import { Refusal } from './refusal';
import { describeConsumer, describeUndecodable, Subscription } from './subscription';

// Who receives.
interface Receiver {
  readonly id: string;
  readonly person: { readonly grants: Grants };
  readonly request: JoinRequest;
  readonly tell: Send;
}

interface Surroundings {
  transport: EngineTransport;
  group: EngineRouterGroup;
  log: Log;
}

export class Reception {
  private readonly subscriptions = new Map<string, Subscription>();
  private closed = false;

  constructor(
    private readonly receiver: Receiver,
    private readonly surroundings: Surroundings,
  ) {}

  // Null if this browser cannot decode the stream, which is told, or if either side left meanwhile.
  async consume(from: Pick<Peer, 'id' | 'name'>, sent: Sent): Promise<ConsumerDescription | null> {
    const { group, transport, log } = this.surroundings;
    const { producer } = sent;
    const { id, person, request, tell } = this.receiver;
    const { rtpCapabilities } = request;
    if (!person.grants.subscribe) return null;
    let consumer: EngineConsumer;
    try {
      if (!group.canConsume({ producerId: producer.id, rtpCapabilities })) {
        log.info('a stream cannot be decoded here', { peer: id, producer: producer.id });
        tell('undecodable', describeUndecodable(from, sent));
        return null;
      }
      const options = { producerId: producer.id, rtpCapabilities, paused: true };
      consumer = await group.consume(transport, options);
    } catch (error) {
      if (!this.closed && !producer.closed) {
        log.warn('a stream was not passed on', { peer: id, reason: reasonOf(error) });
      }
      return null;
    }
    if (this.closed || consumer.closed) {
      consumer.close();
      return null;
    }
    this.watch(consumer);
    return describeConsumer(consumer, from.id, sent);
  }

  watch(consumer: EngineConsumer): Subscription {
    const consumerId = consumer.id;
    const { tell } = this.receiver;
    const subscription = new Subscription(consumer, this.surroundings.log, tell);
    this.subscriptions.set(consumerId, subscription);
    consumer.on('producerclose', () => {
      this.subscriptions.delete(consumerId);
      tell('consumerClosed', { consumerId });
    });
    return subscription;
  }

  // A consumer may have ended while the request was under way; that is no error.
  async resume(consumerIds: string[]): Promise<object> {
    const known = consumerIds.flatMap((id) => this.subscriptions.get(id) ?? []);
    await Promise.all(
      known.map((subscription) =>
        subscription.start().catch((error: unknown) => {
          if (!subscription.consumer.closed) throw error;
        }),
      ),
    );
    return {};
  }

  async choose(wishes: ConsumerWish[]): Promise<object> {
    await Promise.all(
      wishes.map(({ consumerId, ...wish }) => this.subscriptions.get(consumerId)?.watch(wish)),
    );
    return {};
  }

  async requestKeyFrame(consumerId: string): Promise<object> {
    const subscription = this.subscriptions.get(consumerId);
    if (!subscription) throw new Refusal('not_found', 'requestKeyFrame: no such consumer');
    await subscription.consumer.requestKeyFrame();
    return {};
  }

  // The consumers end with their transport.
  close(): void {
    this.closed = true;
    this.subscriptions.clear();
  }
}
