// Janus, its video room over HTTP, for bench/load. Janus hands out what a sender sends only once
// its ICE and DTLS are up, so "connected" comes before the first "receive" from it.

import { pathToFileURL } from 'node:url';

import { JanusApi } from './janus_api.js';
import { JanusProcess } from './janus_process.js';
import { serve } from './line_protocol.js';
import { codecs, describeStream, kTransportSequence, sendersOf, tracksOf } from './media.js';
import { readSession, writeAnswer, writeOffer } from './sdp.js';

const kMostSenders = 1000;
// What an idle transport might send and does not.
const kSilence = [{ codec: codecs.opus, kind: 'audio', mid: '0', ssrcs: [1], rtx: [] }];
const kSubstreams = { low: 0, max: 2 };
const kRoles = { active: 'client', passive: 'server' };
const kOther = { client: 'server', server: 'client' };

export class Janus {
  #twcc;
  #process;
  #api;
  // The handle through which rooms are made.
  #desk;
  #idleRooms = 0;

  async start(request) {
    this.#twcc = request.numberOr('twcc', 0) === 1;
    this.#process = await JanusProcess.start(
      request.number('cpu'),
      request.numberOr('port_min', 0),
    );
    this.#api = await JanusApi.open(this.#process.port, () => this.#process.hasExited);
    this.#desk = await this.#api.attach();
    return { pid: this.#process.pid, name: 'janus', version: this.#process.version };
  }

  async room(request) {
    await this.#makeRoom(request.text('room'));
  }

  async send(request) {
    const tracks = tracksOf(request);
    const local = localSide(request);
    const member = { room: request.text('room'), name: local.name };
    return this.#attached((handle) => this.#publish(handle, member, tracks, local));
  }

  async receive(request) {
    const local = localSide(request);
    const senders = sendersOf(request);
    if (senders.length === 0) return this.#idle(local);
    const streams = senders.map(({ name, layer }) => ({
      feed: name,
      substream: kSubstreams[layer],
      spatial_layer: kSubstreams[layer],
    }));
    return this.#attached(async (handle) => {
      const room = request.text('room');
      const join = { request: 'join', ptype: 'subscriber', room, use_msid: false, streams };
      const { data, jsep } = await this.#api.message(handle, join);
      const offer = readSession(jsep.sdp);
      const sdp = writeAnswer(offer, local, this.#twcc);
      await this.#api.message(handle, { request: 'start' }, { type: 'answer', sdp });
      return {
        ...{ ...remoteSide(offer, local), twcc_id: this.#twcc ? extensionId(offer) : undefined },
        streams: offer.media.map((section) => describeStream(streamOf(section, data.streams))),
      };
    });
  }

  connected(request) {
    return this.#running().untilUp(handleOf(request));
  }

  close(request) {
    return this.#running().detach(handleOf(request));
  }

  counters() {
    this.#running();
  }

  async stop() {
    this.#api?.close();
    await this.#process?.stop();
  }

  #running() {
    if (!this.#api) throw new Error('start comes first');
    if (this.#process.hasExited) throw new Error('Janus ended; its message is on stderr');
    return this.#api;
  }

  // Every codec is allowed, so that the sender's choice decides; nobody is told of anything that the
  // load does not want to know.
  #makeRoom(room) {
    const named = (kind) => Object.keys(codecs).filter((name) => codecs[name].kind === kind);
    return this.#running().message(this.#desk, {
      ...{ request: 'create', room, permanent: false, is_private: true },
      ...{ publishers: kMostSenders, bitrate: 0, fir_freq: 0, notify_joining: false },
      ...{ audiocodec: named('audio').join(','), videocodec: named('video').join(',') },
      ...{ audiolevel_event: false, transport_wide_cc_ext: this.#twcc, video_svc: true },
    });
  }

  async #publish(handle, { room, name }, tracks, local) {
    const join = { request: 'joinandconfigure', ptype: 'publisher', room, id: name, display: name };
    const offer = { type: 'offer', sdp: writeOffer(tracks, local, this.#twcc) };
    const { jsep } = await this.#api.message(handle, join, offer);
    if (!jsep) throw new Error('Janus answers without a session description');
    return remoteSide(readSession(jsep.sdp), local);
  }

  // Nobody subscribes to nothing. A sender that is silent is as idle, in a room of its own, where there
  // is nobody to be told of it.
  async #idle(local) {
    const room = `idle-${++this.#idleRooms}`;
    await this.#makeRoom(room);
    return this.#attached(async (handle) => {
      const answer = await this.#publish(handle, { room, name: local.name }, kSilence, local);
      return { ...answer, streams: '' };
    });
  }

  // A handle that goes away again if `negotiate` fails.
  async #attached(negotiate) {
    const api = this.#running();
    const handle = await api.attach();
    try {
      return { transport: handle, ...(await negotiate(handle)) };
    } catch (error) {
      await api.detach(handle);
      throw error;
    }
  }
}

function handleOf(request) {
  return request.number('transport');
}

function localSide(request) {
  const [name, ufrag, pwd, fingerprint, role] = ['name', 'ufrag', 'pwd', 'fingerprint', 'role'].map(
    (key) => request.text(key),
  );
  if (role !== 'client' && role !== 'server') throw new Error(`${request.word}: role is ${role}`);
  return { name, ufrag, pwd, fingerprint, role };
}

// Where the server leaves the DTLS roles open (actpass, RFC 5763 §5) the client has its way.
function remoteSide({ ufrag, pwd, fingerprint, setup, candidates }, local) {
  const candidate = candidates.find(
    ({ transport, type, component }) => transport === 'udp' && type === 'host' && component === 1,
  );
  if (!candidate) throw new Error('Janus names no address for media');
  const { address, port } = candidate;
  return { address, port, ufrag, pwd, fingerprint, role: kRoles[setup] ?? kOther[local.role] };
}

function streamOf({ kind, mid, codecs: [main, repair], ssrcs: [ssrc], repairs }, streams) {
  const { feed_id: sender } = streams.find((stream) => stream.mid === mid);
  const rtxSsrc = repairs.get(ssrc);
  return {
    ...{ ssrc, rtxSsrc, payloadType: main.payloadType, kind, sender },
    rtxPayloadType: rtxSsrc && repair?.payloadType,
  };
}

function extensionId({ media }) {
  const all = media.flatMap(({ extensions }) => extensions);
  return all.find(({ uri }) => uri === kTransportSequence)?.id;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await serve(new Janus());
