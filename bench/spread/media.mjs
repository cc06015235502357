// The sockets of a room: everybody's, in a thread of their own, so that what the application does
// when a worker dies (closing what was there) cannot look like a gap in the media.
//
// Told by messages: `open` makes a socket for each person and answers with the ports; `expect` says
// what comes to one of them under which SSRC; `speak` begins to send, `mark` begins to measure anew,
// `forget` leaves out people and speakers who are gone, and `stop` answers with what was seen.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';

const kEveryMs = 20;
const kHeader = 12;
const kPayload = 80;
const kPayloadType = 100;
// RFC 5761 §4: payload types that would be those of RTCP.
const kRtcp = [192, 223];

const sockets = [];
const speakers = new Map();
// By the port it comes to and its SSRC.
const streams = new Map();
const bare = { socket: null, port: 0, streams: new Map() };
let timers = [];

// Whose it is, how manieth, and bytes that are those of no other packet.
function payloadOf(speaker, index) {
  const payload = Buffer.alloc(kPayload);
  payload.writeUInt32BE(speaker, 0);
  payload.writeUInt32BE(index, 4);
  for (let i = 8; i < kPayload; ++i) payload[i] = (speaker * 31 + index * 7 + i) & 0xff;
  return payload;
}

function say(speaker) {
  const index = speaker.sentAt.length;
  const bytes = Buffer.alloc(kHeader + kPayload);
  bytes.writeUInt8(0x80, 0);
  bytes.writeUInt8(kPayloadType, 1);
  bytes.writeUInt16BE(index & 0xffff, 2);
  bytes.writeUInt32BE((index * 960) >>> 0, 4);
  bytes.writeUInt32BE(speaker.ssrc, 8);
  payloadOf(speaker.person, index).copy(bytes, kHeader);
  speaker.sentAt.push(performance.now());
  sockets[speaker.person].send(bytes, speaker.port, '127.0.0.1');
  sockets[speaker.person].send(bytes, bare.port, '127.0.0.1');
}

// What comes straight from the speakers: what these sockets and this machine do to gaps.
function receiveBare(bytes) {
  const now = performance.now();
  const from = bytes.readUInt32BE(kHeader);
  const index = bytes.readUInt32BE(kHeader + 4);
  const stream = bare.streams.get(from) ?? { from, ownGap: 0, gap: 0, last: null };
  bare.streams.set(from, stream);
  if (stream.last && index > stream.last.index) measure(stream, index, now);
  stream.last = { index, now };
}

async function openSocket(onMessage) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', onMessage);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function receive(person, bytes) {
  const now = performance.now();
  if (bytes.length < kHeader + kPayload || (bytes[1] >= kRtcp[0] && bytes[1] <= kRtcp[1])) return;
  const stream = streams.get(`${person} ${bytes.readUInt32BE(8)}`);
  if (!stream) return;
  const payload = bytes.subarray(bytes.length - kPayload);
  const index = payload.readUInt32BE(4);
  if (!payload.equals(payloadOf(stream.from, index))) stream.foreign += 1;
  stream.seen.add(index);
  if (stream.last && index > stream.last.index) measure(stream, index, now);
  if (!stream.last || index > stream.last.index) stream.last = { index, now };
}

// How long nothing came, and how much of that was not the sender's own doing: the time by which the
// packet after the last one left late is taken off.
function measure(stream, index, now) {
  const { sentAt } = speakers.get(stream.from);
  const gap = now - stream.last.now;
  const late = sentAt[stream.last.index + 1] - sentAt[stream.last.index] - kEveryMs;
  stream.gap = Math.max(stream.gap, gap);
  stream.ownGap = Math.max(stream.ownGap, gap - Math.max(0, late));
}

function mark() {
  for (const speaker of speakers.values()) speaker.first = speaker.sentAt.length;
  for (const stream of [...streams.values(), ...bare.streams.values()])
    Object.assign(stream, { gap: 0, ownGap: 0 });
}

function report() {
  const all = [...streams.values()];
  const missing = all.reduce((sum, { from, seen }) => {
    const { first, sentAt } = speakers.get(from);
    let lost = 0;
    for (let index = first; index < sentAt.length; ++index) lost += seen.has(index) ? 0 : 1;
    return sum + lost;
  }, 0);
  const compared = all.reduce((sum, { from }) => {
    const { first, sentAt } = speakers.get(from);
    return sum + sentAt.length - first;
  }, 0);
  return {
    streams: all.length,
    compared,
    missing,
    foreign: all.reduce((sum, { foreign }) => sum + foreign, 0),
    gap: Math.max(0, ...all.map(({ gap }) => gap)),
    ownGap: Math.max(0, ...all.map(({ ownGap }) => ownGap)),
    bareGap: Math.max(0, ...[...bare.streams.values()].map(({ ownGap }) => ownGap)),
  };
}

const commands = {
  async open({ people }) {
    bare.socket = await openSocket(receiveBare);
    bare.port = bare.socket.address().port;
    for (let person = 0; person < people; ++person)
      sockets.push(await openSocket((bytes) => receive(person, bytes)));
    return sockets.map((socket) => socket.address().port);
  },
  expect({ person, ssrc, from }) {
    const fresh = { person, from, seen: new Set(), foreign: 0, last: null, gap: 0, ownGap: 0 };
    streams.set(`${person} ${ssrc}`, fresh);
  },
  speak({ person, ssrc, port }) {
    const speaker = { person, ssrc, port, sentAt: [], first: 0 };
    speakers.set(person, speaker);
    timers.push(setInterval(() => say(speaker), kEveryMs));
  },
  mark,
  forget({ people }) {
    for (const [key, { person, from }] of streams)
      if (people.includes(person) || people.includes(from)) streams.delete(key);
  },
  async stop() {
    for (const timer of timers) clearInterval(timer);
    timers = [];
    // What is under way arrives.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return report();
  },
  report,
  resume() {
    for (const speaker of speakers.values()) timers.push(setInterval(() => say(speaker), kEveryMs));
  },
  close() {
    for (const timer of timers) clearInterval(timer);
    for (const socket of [...sockets, bare.socket]) socket.close();
    parentPort.close();
  },
};

parentPort.on('message', async ({ id, command, data }) => {
  parentPort.postMessage({ id, answer: await commands[command](data ?? {}) });
});
