// The two transports of one person: how they are made and connected, what a page is told of them,
// how they fare.

import { InvalidStateError } from '@sluice/sdk';

import { kDataStreams, kMaxDataBytes } from '../protocol/messages';
import type {
  ConnectionStats,
  LinkState,
  Methods,
  TransportDescription,
} from '../protocol/messages';
import type { EngineRouter, EngineTransport } from './engine';
import { reasonOf } from './log';
import { Refusal } from './refusal';
import type { LiveWorker } from './worker_pool';

// Where the estimate of a receiver's line starts: one 720p stream and its sound.
const kInitialBitrate = 1_500_000;

export interface TransportPair {
  sending: EngineTransport;
  receiving: EngineTransport;
}

// Both or none.
export async function createTransports(
  router: EngineRouter,
  live: LiveWorker,
): Promise<TransportPair> {
  const create = () => createTransport(router, live);
  const made = await Promise.allSettled([create(), create()]);
  const [sending, receiving] = made;
  if (sending.status === 'fulfilled' && receiving.status === 'fulfilled') {
    return { sending: sending.value, receiving: receiving.value };
  }
  for (const one of made) if (one.status === 'fulfilled') one.value.close();
  throw sending.status === 'rejected'
    ? sending.reason
    : (receiving as PromiseRejectedResult).reason;
}

function createTransport(
  router: EngineRouter,
  { webRtcServer }: LiveWorker,
): Promise<EngineTransport> {
  return router.createWebRtcTransport({
    webRtcServer,
    enableUdp: true,
    initialAvailableOutgoingBitrate: kInitialBitrate,
    enableSctp: true,
    numSctpStreams: { OS: kDataStreams, MIS: kDataStreams },
    maxSctpMessageSize: kMaxDataBytes,
  });
}

// Of somebody who has one RTCPeerConnection for everything.
export async function createOneTransport(
  router: EngineRouter,
  live: LiveWorker,
): Promise<TransportPair> {
  const only = await createTransport(router, live);
  return { sending: only, receiving: only };
}

// Of somebody who has no data channels: clients that offered none take the first message for an error.
export function createPlainTransport(
  router: EngineRouter,
  { webRtcServer }: LiveWorker,
): Promise<EngineTransport> {
  return router.createWebRtcTransport({
    webRtcServer,
    enableUdp: true,
    initialAvailableOutgoingBitrate: kInitialBitrate,
    enableSctp: false,
  });
}

// Of somebody who only sends: what would be received on stands for nothing.
export async function createSendTransport(
  router: EngineRouter,
  live: LiveWorker,
): Promise<TransportPair> {
  const only = await createPlainTransport(router, live);
  return { sending: only, receiving: only };
}

export function describe(transport: EngineTransport): TransportDescription {
  const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
  const data = sctpParameters ? { sctpParameters } : {};
  return { id, iceParameters, iceCandidates, dtlsParameters, ...data };
}

export class PeerTransports {
  readonly sending: EngineTransport;
  readonly receiving: EngineTransport;
  private readonly connected = new Set<string>();
  private readonly iceStates = new Map<string, string>();
  private link: LinkState = 'connecting';

  constructor(
    pair: TransportPair,
    private readonly linkChanged: (state: LinkState) => void,
  ) {
    this.sending = pair.sending;
    this.receiving = pair.receiving;
    for (const one of new Set([this.sending, this.receiving])) this.watch(one);
  }

  // Once for each: a handshake that has begun is not begun anew.
  async connect({
    transportId,
    dtlsParameters,
  }: Methods['connectTransport']['data']): Promise<object> {
    const transport = this.find(transportId);
    if (this.connected.has(transportId)) throw connectedAlready();
    this.connected.add(transportId);
    try {
      await transport.connect({ dtlsParameters });
    } catch (error) {
      this.connected.delete(transportId);
      if (error instanceof TypeError) {
        throw new Refusal('bad_request', `connectTransport: ${reasonOf(error)}`);
      }
      // An answer of the engine that came too late for the one before.
      if (error instanceof InvalidStateError && !transport.closed) throw connectedAlready();
      throw error;
    }
    return {};
  }

  async restartIce({ transportId }: Methods['restartIce']['data']): Promise<object> {
    return { iceParameters: await this.find(transportId).restartIce() };
  }

  async stats(): Promise<ConnectionStats> {
    const [[sending], [receiving]] = await Promise.all([
      this.sending.getStats(),
      this.receiving.getStats(),
    ]);
    return {
      availableBitrate: receiving?.availableOutgoingBitrate ?? null,
      desiredBitrate: receiving?.desiredOutgoingBitrate ?? null,
      sentBitrate: receiving?.sendBitrate ?? 0,
      probationBitrate: receiving?.probationSendBitrate ?? 0,
      bandwidthReason: receiving?.bandwidthReason ?? null,
      queueMs: receiving?.sendQueueMs ?? null,
      roundTripTime: receiving?.roundTripTime ?? null,
      receivedBitrate: sending?.recvBitrate ?? 0,
    };
  }

  close(): void {
    this.sending.close();
    this.receiving.close();
  }

  private find(id: string): EngineTransport {
    if (id === this.sending.id) return this.sending;
    if (id === this.receiving.id) return this.receiving;
    throw new Refusal('not_found', 'transportId: no such transport');
  }

  private watch(transport: EngineTransport): void {
    this.iceStates.set(transport.id, 'new');
    transport.on('icestatechange', (state) => {
      this.iceStates.set(transport.id, state);
      this.updateLink();
    });
  }

  // A transport that carries nothing never connects, so one connected transport is enough; one that
  // was connected and is no longer tells of trouble.
  private updateLink(): void {
    const states = [...this.iceStates.values()];
    const up = states.some((state) => state === 'connected' || state === 'completed');
    const link = states.includes('disconnected') ? 'disconnected' : up ? 'connected' : 'connecting';
    if (link === this.link) return;
    this.link = link;
    this.linkChanged(link);
  }
}

function connectedAlready(): Refusal {
  return new Refusal('already_connected', 'connectTransport: transportId: it is connected already');
}
