// One stream on its way to one person: whether it flows, in which layers, and how it fares.
//
// A stream flows when the page's decoder stands and its tile is in sight. Both are asked for by the
// page; the engine hears only of what changes.

import type { ConsumerDescription, ConsumerWish, Events } from '../protocol/messages';
import type { EngineConsumer } from './engine';
import { reasonOf } from './log';
import type { Log } from './log';
import type { Peer, Send, Sent } from './peer';

const kH264Profiles: Record<string, string> = { '42': 'Baseline', '4d': 'Main', '64': 'High' };

type Aspect = 'layers' | 'priority' | 'pause';

// What a page is told of it. The size is that of now: it may have changed while the consumer was made.
export function describeConsumer(
  consumer: EngineConsumer,
  peerId: string,
  { producer, source, shape, capture }: Sent,
): ConsumerDescription {
  return {
    id: consumer.id,
    peerId,
    producerId: producer.id,
    source,
    kind: consumer.kind,
    rtpParameters: consumer.rtpParameters,
    producerPaused: consumer.producerPaused,
    shape,
    capture,
  };
}

// What a page is told in its place that has no decoder for it. Of H264 it is the profile that a browser
// may lack (RFC 6184 table 5: the first byte of profile-level-id).
export function describeUndecodable(
  { id: peerId, name }: Pick<Peer, 'id' | 'name'>,
  { source, producer }: Sent,
): Events['undecodable'] {
  const { mimeType = '', parameters = {} } = producer.rtpParameters.codecs[0] ?? {};
  const profile = kH264Profiles[String(parameters['profile-level-id'] ?? '').slice(0, 2)];
  const codec = mimeType.slice(mimeType.indexOf('/') + 1);
  return { peerId, name, source, codec: profile ? `${codec} ${profile}` : codec };
}

export class Subscription {
  private decoderStands = false;
  private hidden = false;
  private flowing = false;
  private spatialLayer: number | null = null;
  private temporalLayer: number | null = null;
  private priority = 1;
  private readonly complained = new Set<Aspect>();

  constructor(
    readonly consumer: EngineConsumer,
    private readonly log: Log,
    tell: Send,
  ) {
    const consumerId = consumer.id;
    consumer.on('producerpause', () => tell('consumerPaused', { consumerId }));
    consumer.on('producerresume', () => tell('consumerResumed', { consumerId }));
    consumer.on('layerschange', (layers) => {
      const reason = consumer.layersReason ?? '';
      tell('layersChanged', { consumerId, layers: layers ?? null, reason });
    });
    consumer.on('score', ({ score, producerScore }) =>
      tell('consumerScore', { consumerId, score, producerScore }),
    );
  }

  // The decoder stands, packets may come. Rejects if the engine cannot.
  async start(): Promise<void> {
    this.decoderStands = true;
    await this.flow();
  }

  // Never rejects: layers that cannot be chosen leave a picture that is larger than need be, which
  // is no reason to fail the request or the room.
  async watch(wish: Omit<ConsumerWish, 'consumerId'>): Promise<void> {
    this.hidden = wish.paused;
    await Promise.all([
      this.attempt('layers', () => this.chooseLayers(wish)),
      this.attempt('priority', () => this.rank(wish.priority)),
      this.attempt('pause', () => this.flow()),
    ]);
  }

  private async chooseLayers({
    spatialLayer,
    temporalLayer,
  }: Pick<ConsumerWish, 'spatialLayer' | 'temporalLayer'>): Promise<void> {
    if (this.consumer.kind !== 'video') return;
    if (this.spatialLayer === spatialLayer && this.temporalLayer === temporalLayer) return;
    this.spatialLayer = spatialLayer;
    this.temporalLayer = temporalLayer;
    await this.consumer.setPreferredLayers({ spatialLayer, temporalLayer });
  }

  private async rank(priority: number): Promise<void> {
    if (this.priority === priority) return;
    this.priority = priority;
    await this.consumer.setPriority(priority);
  }

  // The engine performs commands in the order in which they are given, so that the last one holds.
  private async flow(): Promise<void> {
    const flowing = this.decoderStands && !this.hidden;
    if (this.flowing === flowing) return;
    this.flowing = flowing;
    await (flowing ? this.consumer.resume() : this.consumer.pause());
  }

  // Says once what fails; a page asks again with each change of its window.
  private async attempt(aspect: Aspect, command: () => Promise<void>): Promise<void> {
    try {
      await command();
    } catch (error) {
      if (this.consumer.closed || this.complained.has(aspect)) return;
      this.complained.add(aspect);
      const consumer = this.consumer.id;
      this.log.warn('a stream is not watched as asked', {
        consumer,
        aspect,
        reason: reasonOf(error),
      });
    }
  }
}
