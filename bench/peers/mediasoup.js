// mediasoup, by its npm package, for bench/load. The worker is named by MEDIASOUP_WORKER_BIN,
// because the package's own scripts, which would fetch or compile one, do not run here.

import { access, constants } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

import { pin } from './cpu.js';
import { Absent, serve } from './line_protocol.js';
import {
  codecs,
  describeStream,
  extensionsOf,
  feedbackOf,
  kTransportSequence,
  sendersOf,
  tracksOf,
} from './media.js';

const kAddress = '127.0.0.1';
// As large as the buffers that Sluice asks for: a burst must not be lost in the kernel for one and
// wait there for the other.
const kSocketBuffer = 4 << 20;
// Far above what any load sends: what a transport forwards is measured, not what it estimates.
const kInitialBitrate = 1_000_000_000;
// Simulcast of Chromium has three temporal layers at most; a stream with fewer is forwarded whole.
const kSimulcastMode = 'L1T3';
const kLayers = { low: { spatialLayer: 0 }, max: { spatialLayer: 2 } };

async function load() {
  // It would print its log on stdout, between the answers.
  delete process.env.DEBUG;
  try {
    return await import('mediasoup');
  } catch (error) {
    throw new Absent(
      `the npm package mediasoup does not load (npm ci in bench/peers installs it; it asks for ` +
        `Node.js 22, 18 and 20 have worked): ${error.message.split('\n')[0]}`,
    );
  }
}

async function requireWorker(path) {
  const given = process.env.MEDIASOUP_WORKER_BIN;
  try {
    await access(path, constants.X_OK);
  } catch {
    throw new Absent(
      given
        ? `MEDIASOUP_WORKER_BIN=${given} is no program`
        : 'MEDIASOUP_WORKER_BIN names no mediasoup-worker',
    );
  }
}

export class Mediasoup {
  #twcc;
  #worker;
  #server;
  #died = false;
  // By the names in the requests.
  #rooms = new Map();
  #transports = new Map();

  async start(request) {
    const mediasoup = await load();
    await requireWorker(mediasoup.workerBin);
    this.#twcc = request.numberOr('twcc', 0) === 1;
    this.#worker = await mediasoup.createWorker({ logLevel: 'error' });
    this.#worker.once('died', (error) => {
      this.#died = true;
      console.error(error.message);
    });
    await pin(this.#worker.pid, request.number('cpu'));
    this.#server = await this.#worker.createWebRtcServer({
      listenInfos: [listenInfo(request.numberOr('port_min', 0))],
    });
    return { pid: this.#worker.pid, name: 'mediasoup', version: mediasoup.version };
  }

  async room(request) {
    const router = await this.#running().createRouter({ mediaCodecs: mediaCodecs() });
    this.#rooms.set(request.text('room'), { router, producers: new Map() });
  }

  async send(request) {
    const room = this.#room(request);
    const tracks = tracksOf(request);
    const { answer, made } = await this.#open(request, room, (transport) =>
      tracks.map((track) => transport.produce(producerOptions(track, this.#twcc))),
    );
    room.producers.set(request.text('name'), made);
    return answer;
  }

  async receive(request) {
    const room = this.#room(request);
    const wanted = sendersOf(request).flatMap(({ name, layer }) => {
      const producers = room.producers.get(name);
      if (!producers) throw new Error(`receive: nobody named ${name} sends in this room`);
      return producers.map((producer) => ({ producer, layer, sender: name }));
    });
    const capabilities = receiverCapabilities(room.router.rtpCapabilities, this.#twcc);
    const { answer, made } = await this.#open(request, room, (transport) =>
      wanted.map(({ producer, layer }) =>
        transport.consume(consumerOptions(producer, layer, capabilities)),
      ),
    );
    return {
      ...{ ...answer, twcc_id: extensionId(made, kTransportSequence) },
      streams: made.map((consumer, at) => streamOf(consumer, wanted[at].sender)),
    };
  }

  // Consumers start by themselves when their transport is connected.
  connected() {
    this.#running();
  }

  close(request) {
    const id = request.text('transport');
    const transport = this.#transports.get(id);
    if (!transport) throw new Error(`close: there is no transport ${id}`);
    this.#transports.delete(id);
    transport.close();
  }

  counters() {
    this.#running();
  }

  stop() {
    this.#worker?.close();
  }

  #running() {
    if (!this.#worker) throw new Error('start comes first');
    if (this.#died) throw new Error('the worker died; its message is on stderr');
    return this.#worker;
  }

  #room(request) {
    this.#running();
    const name = request.text('room');
    const room = this.#rooms.get(name);
    if (!room) throw new Error(`${request.word}: there is no room ${name}`);
    return room;
  }

  // A transport with the producers or consumers that `media` begins to make in it.
  async #open(request, { router }, media) {
    const dtlsParameters = remoteDtls(request);
    const transport = await router.createWebRtcTransport({
      ...{ webRtcServer: this.#server, enableUdp: true, enableTcp: false, enableSctp: false },
      // The clients of a load may be too busy to prove every few seconds that they are there.
      iceConsentTimeout: 0,
      initialAvailableOutgoingBitrate: kInitialBitrate,
    });
    try {
      const made = await Promise.all([...media(transport), transport.connect({ dtlsParameters })]);
      made.pop();
      this.#transports.set(transport.id, transport);
      return { answer: { transport: transport.id, ...localSide(transport) }, made };
    } catch (error) {
      transport.close();
      throw error;
    }
  }
}

function listenInfo(port) {
  const buffers = { sendBufferSize: kSocketBuffer, recvBufferSize: kSocketBuffer };
  return { protocol: 'udp', ip: kAddress, ...(port ? { port } : {}), ...buffers };
}

function mediaCodecs() {
  return Object.values(codecs).map((codec) => ({
    ...{ kind: codec.kind, mimeType: `${codec.kind}/${codec.name}`, clockRate: codec.clockRate },
    ...{ channels: codec.channels, preferredPayloadType: codec.payloadType },
    parameters: codec.kind === 'video' ? codec.parameters : {},
  }));
}

function remoteDtls(request) {
  const [algorithm, value, ...rest] = request.text('fingerprint').split(' ');
  if (!value || rest.length !== 0)
    throw new Error(`${request.word}: fingerprint is no "hash value"`);
  return { role: request.text('role'), fingerprints: [{ algorithm, value }] };
}

function localSide({ iceParameters, iceCandidates, dtlsParameters }) {
  const [{ address, port }] = iceCandidates;
  const { algorithm, value } = dtlsParameters.fingerprints.find(
    (fingerprint) => fingerprint.algorithm === 'sha-256',
  );
  return {
    ...{ address, port, ufrag: iceParameters.usernameFragment, pwd: iceParameters.password },
    ...{ fingerprint: `${algorithm} ${value}`, role: dtlsParameters.role },
  };
}

function feedback(kind, twcc) {
  return feedbackOf(kind, twcc).map((text) => {
    const [type, parameter = ''] = text.split(' ');
    return { type, parameter };
  });
}

function producerOptions({ codec, kind, mid, mode, ssrcs, rtx }, twcc) {
  const { clockRate, channels, payloadType, rtxPayloadType } = codec;
  const scalabilityMode = mode ?? (ssrcs.length > 1 ? kSimulcastMode : undefined);
  const main = {
    ...{ mimeType: `${kind}/${codec.name}`, payloadType, clockRate, channels },
    ...{ parameters: codec.parameters, rtcpFeedback: feedback(kind, twcc) },
  };
  const repair = {
    ...{ mimeType: 'video/rtx', payloadType: rtxPayloadType, clockRate },
    ...{ parameters: { apt: payloadType }, rtcpFeedback: [] },
  };
  return {
    kind,
    rtpParameters: {
      ...{ mid, codecs: rtx.length > 0 ? [main, repair] : [main] },
      headerExtensions: extensionsOf(kind, twcc).map(({ id, uri }) => ({ id, uri })),
      encodings: ssrcs.map((ssrc, at) => ({
        ...{ ssrc, ...(rtx.length > 0 ? { rtx: { ssrc: rtx[at] } } : {}) },
        ...(scalabilityMode ? { scalabilityMode } : {}),
      })),
      rtcp: { cname: `bench-${mid}`, reducedSize: true },
    },
  };
}

// What the router itself offers, with feedback for a bandwidth estimate only where it is to be
// measured. Without it mediasoup estimates nothing, which is the least that it can do.
export function receiverCapabilities(capabilities, twcc) {
  const keep = (type) => type !== 'goog-remb' && (twcc || type !== 'transport-cc');
  return {
    codecs: capabilities.codecs.map((codec) => ({
      ...codec,
      rtcpFeedback: codec.rtcpFeedback.filter(({ type }) => keep(type)),
    })),
    headerExtensions: capabilities.headerExtensions.filter(
      ({ uri }) => twcc || uri !== kTransportSequence,
    ),
  };
}

function consumerOptions(producer, layer, rtpCapabilities) {
  const layered = producer.type !== 'simple';
  return {
    ...{ producerId: producer.id, rtpCapabilities, paused: false },
    ...(layered ? { preferredLayers: kLayers[layer] } : {}),
  };
}

function streamOf({ kind, rtpParameters }, sender) {
  const [{ ssrc, rtx }] = rtpParameters.encodings;
  const [main, repair] = rtpParameters.codecs;
  return describeStream({
    ...{ ssrc, rtxSsrc: rtx?.ssrc, payloadType: main.payloadType },
    ...{ rtxPayloadType: repair?.payloadType, kind, sender },
  });
}

function extensionId(consumers, uri) {
  const all = consumers.flatMap(({ rtpParameters }) => rtpParameters.headerExtensions);
  return all.find((extension) => extension.uri === uri)?.id;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await serve(new Mediasoup());
