// The media of one person whose page has no library, or of an encoder: one RTCPeerConnection, offers
// and answers.
//
// The SDK's SdpConnection negotiates. What comes of it goes through the same requests as with other
// pages, so that limits, grants, moderators, webhooks and recorders know no difference.

import { InvalidStateError, SdpConnection, SdpError } from '@sluice/sdk';
import type { sdp, types as sdk } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import type { Kind, Methods, SectionUse, Source } from '../protocol/messages';
import type {
  DataConsumeOptions,
  EngineConsumer,
  EngineDataConsumer,
  EngineDataProducer,
  EngineProducer,
  EngineRouter,
  EngineRouterGroup,
  EngineTransport,
} from './engine';
import { requireGrant } from './grants';
import type { Grants } from './grants';
import { reasonOf } from './log';
import type { Log } from './log';
import type { PeerMethod, Send, Sent } from './peer';
import { Refusal } from './refusal';
import { describeConsumer } from './subscription';
import type { Subscription } from './subscription';

// Two streams of each of 31 others, two shared screens with their sound, and what is sent.
const kMaxSections = 96;
const kChat = 'chat';
const kUsualSources: Record<Kind, Source> = { audio: 'microphone', video: 'camera' };

type Produce = Methods['produce']['data'];
type Negotiate = Methods['negotiate']['data'];

// Whose media it is.
export interface SdpOwner {
  readonly id: string;
  readonly router: EngineRouter;
  readonly person: { readonly grants: Grants };
  readonly producers: ReadonlyMap<string, Sent>;
  readonly data: { readonly chat: EngineDataProducer | null };
  readonly tell: Send;
  handle<M extends PeerMethod>(method: M, data: Methods[M]['data']): Promise<unknown>;
  watch(consumer: EngineConsumer): Subscription;
}

interface Surroundings {
  transport: EngineTransport;
  group: EngineRouterGroup;
  log: Log;
}

export class SdpMedia {
  private readonly connection: SdpConnection;
  private readonly log: Log;
  private sections: Record<string, SectionUse> = {};

  constructor(
    private readonly owner: SdpOwner,
    { transport, group, log }: Surroundings,
  ) {
    this.log = log;
    this.connection = SdpConnection.serve(owner.router as never, transport as never, {
      limits: { sections: kMaxSections, dataChannels: 4 },
      make: {
        produce: (options, mid) => this.produce(options, mid),
        consume: (options) => group.consume(transport, options as never) as never,
        produceData: (channel) => this.openChat(channel),
        consumeData: (options) => group.consumeData(transport, options as never) as never,
      },
    });
    this.connection.on('negotiationneeded', () => void this.offer());
    this.connection.on('producerclose', ({ id }) => {
      if (owner.producers.has(id)) void owner.handle('closeProducer', { producerId: id });
    });
    this.connection.on('dataproducerclose', ({ id }) => {
      if (owner.data.chat?.id !== id) return;
      void owner.handle('closeDataProducer', { dataProducerId: id });
    });
  }

  // Somebody else sends; this page gets it with the next offer or answer.
  send(from: string, sent: Sent): void {
    const { producer, source } = sent;
    if (!this.owner.person.grants.subscribe || producer.closed || this.connection.closed) return;
    // One stream for what belongs together, so that lips and voice do.
    const streamId = source.startsWith('screen') ? `${from}-screen` : from;
    try {
      const what = producer as EngineProducer & sdk.SdpSource;
      const sender = this.connection.send(what, { streamId });
      sender.once('consumer', (consumer) => this.flows(from, sent, consumer as never));
      sender.once('close', (reason) => {
        this.log.debug('a stream is sent no more', { peer: this.owner.id, reason });
      });
    } catch (error) {
      this.log.warn('a stream was not passed on', {
        peer: this.owner.id,
        reason: reasonOf(error),
      });
    }
  }

  // What somebody says; where there is no data channel yet the page is asked for one.
  hear({ dataProducerId, paused }: DataConsumeOptions): Promise<EngineDataConsumer> {
    return this.connection.sendData({ dataProducerId, paused }) as never;
  }

  // Of whoever offers by other means than a socket. Rejects with an SdpError or a Refusal.
  answer(offer: string | sdp.SessionDescription): Promise<string> {
    // Found out before anything of what went before has ended for it.
    const sources = new Set<Source>();
    const accept = (incoming: sdk.SdpIncoming) => this.requireAllowed(incoming, sources);
    return this.connection.answer(offer, { accept });
  }

  // As SdpConnection.takeFragment().
  takeFragment(fragment: sdp.SdpFragment): Promise<string | undefined> {
    return this.connection.takeFragment(fragment);
  }

  async handle(method: 'negotiate' | 'addCandidate', data: unknown): Promise<object> {
    try {
      if (method === 'negotiate') return await this.negotiate(data as Negotiate);
      const { candidate, sdpMid } = data as Methods['addCandidate']['data'];
      this.connection.addRemoteCandidate({ candidate, sdpMid });
      return {};
    } catch (error) {
      this.log.info('a description was refused', { peer: this.owner.id, reason: reasonOf(error) });
      throw inWords(method, error);
    }
  }

  private async negotiate({ type, sdp, sections }: Negotiate): Promise<object> {
    if (type === 'answer') {
      await this.connection.acceptAnswer(sdp);
      return {};
    }
    if (sections) this.sections = sections;
    const answer = await this.answer(sdp);
    const producers = this.connection.sections.flatMap(({ mid, producer }) =>
      producer && !producer.closed ? [[mid, producer.id]] : [],
    );
    return { type: 'answer', sdp: answer, producers: Object.fromEntries(producers) };
  }

  private async offer(): Promise<void> {
    try {
      const text = await this.connection.offer();
      this.owner.tell('offer', { sdp: text });
    } catch (error) {
      if (this.connection.closed) return;
      this.log.warn('nothing could be offered', { peer: this.owner.id, reason: reasonOf(error) });
    }
  }

  private flows(from: string, sent: Sent, consumer: EngineConsumer): void {
    const subscription = this.owner.watch(consumer);
    this.owner.tell('newConsumer', describeConsumer(consumer, from, sent));
    subscription.start().catch((error: unknown) => {
      if (consumer.closed) return;
      this.log.warn('a stream does not flow', { peer: this.owner.id, reason: reasonOf(error) });
    });
  }

  private useOf(mid: string, kind: Kind): SectionUse {
    const use = Object.hasOwn(this.sections, mid) ? this.sections[mid] : undefined;
    return use ?? { source: kUsualSources[kind] };
  }

  // Throws what the person should read, before anything has changed.
  private requireAllowed({ mid, kind }: sdk.SdpIncoming, offered: Set<Source>): true {
    const { source } = this.useOf(mid, kind);
    requireGrant(this.owner.person.grants, 'produce', { source } as Produce);
    if (offered.has(source)) {
      throw new Refusal(
        'bad_request',
        `negotiate: sections.${mid}.source: ${source} is sent twice`,
      );
    }
    offered.add(source);
    if ((kind === 'video') === (source === 'camera' || source === 'screen')) return true;
    throw new Refusal('bad_request', `negotiate: sections.${mid}.source: is not ${kind}`);
  }

  private async produce(options: sdk.ProduceOptions, mid: string): Promise<sdk.Producer> {
    const { kind } = options;
    const { source, capture, scales = [] } = this.useOf(mid, kind);
    const rtpParameters = options.rtpParameters as types.RtpParameters;
    const encodings = (rtpParameters.encodings ?? []).map((encoding, index) => {
      const scale = scales[index];
      return scale === undefined ? encoding : { ...encoding, scaleResolutionDownBy: scale };
    });
    const produce = { source, kind, rtpParameters: { ...rtpParameters, encodings }, paused: false };
    const asked = await this.owner.handle('produce', capture ? { ...produce, capture } : produce);
    const sent = this.owner.producers.get((asked as { id: string }).id);
    if (!sent) throw new Refusal('not_joined', 'You have left the room.');
    return sent.producer as unknown as sdk.Producer;
  }

  private async openChat({
    label,
    sctpStreamParameters: { streamId },
  }: sdk.DataChannelInfo): Promise<sdk.DataProducer | undefined> {
    if (label !== kChat) return undefined;
    await this.owner.handle('produceData', { streamId, purpose: 'chat' });
    return (this.owner.data.chat ?? undefined) as sdk.DataProducer | undefined;
  }
}

// The page is told which line or section is at fault; the engine's own words are not for it.
function inWords(method: string, error: unknown): unknown {
  if (!(error instanceof SdpError || error instanceof InvalidStateError)) return error;
  return new Refusal('bad_request', `${method}: ${error.message}`);
}
