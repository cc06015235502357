// The two transports of one person: how they are made, what a page is told of them, how they fare.

import { kDataStreams, kMaxDataBytes } from '../protocol/messages';
import type { ConnectionStats, TransportDescription } from '../protocol/messages';
import type { EngineRouter, EngineTransport } from './engine';
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

export async function connectionStats(pair: TransportPair): Promise<ConnectionStats> {
  const [[sending], [receiving]] = await Promise.all([
    pair.sending.getStats(),
    pair.receiving.getStats(),
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
