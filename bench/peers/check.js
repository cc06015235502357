// Asks whether an adapter keeps the contract: a room, somebody who sends sound and simulcast video,
// somebody who receives both, with real ICE, DTLS and SRTP. Prints what was said.
//
// usage: node check.js NAME [TWCC]     NAME: mediasoup, janus, ...; TWCC: 0 or 1

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { CheckClient, makeIdentity } from './check_client.js';
import { formatLine, parseLine } from './line_protocol.js';

const kCpu = 0;
const kPackets = 20;
const kPacketMs = 20;
const kSpeaker = {
  ...{ kinds: 'audio,video', codecs: 'opus,vp8', ssrcs: '1001,1111/1112/1113' },
  ...{ rtx: ',2111/2112/2113', mids: '0,1' },
};

class Adapter {
  #child;
  #lines;

  constructor(path) {
    this.#child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  // The values of the answer; anything but "ok" ends the check.
  async ask(word, values) {
    const line = formatLine(word, values);
    console.log(`> ${line}`);
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the adapter ended without an answer to ${word}`);
    console.log(`< ${value}`);
    const answer = parseLine(value);
    if (answer.word !== 'ok') throw new Error(`${word}: ${answer.values.get('reason')}`);
    return Object.fromEntries(answer.values);
  }

  end() {
    this.#child.stdin.end();
    return this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
  }
}

// What is sent of each kind: a whole frame in every packet. The video is a VP8 key frame, as far as
// its payload descriptor and its first bytes go (RFC 7741 §4.2, §4.3).
const kFrames = {
  audio: { payloadType: 111, ssrcs: [1001], ticks: 960, start: [] },
  video: {
    ...{ payloadType: 96, ssrcs: [1111, 1112, 1113], ticks: 1800 },
    start: [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0],
  },
};

function rtpPacket({ payloadType, ticks }, ssrc, sequence, payload) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = 0x80 | payloadType;
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(sequence * ticks, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

// The client that `word` asks for, connected.
async function join(adapter, identity, word, values) {
  const client = new CheckClient(identity);
  clients.push(client);
  const answer = await adapter.ask(word, { ...values, ...client.local });
  await client.connect(answer);
  await adapter.ask('connected', { transport: answer.transport });
  return { client, answer };
}

// Sends until the other side has received `kPackets`; the first may come before it listens. Of
// simulcast any layer will do: which one it is takes seconds and sender reports to settle.
async function pass(kind, speaker, { client, answer }) {
  const frame = kFrames[kind];
  const stream = answer.streams.split(',').find((text) => text.includes(`/${kind}/`));
  const [ssrc, , payloadType] = stream.split('/').map(Number);
  let arrived = 0;
  for (let sequence = 1; sequence <= 2 * kPackets && arrived < kPackets; ++sequence) {
    const payload = Buffer.from([...frame.start, ...Buffer.from(`${kind} ${sequence}`)]);
    const next = client.receiveRtp(ssrc, payload, kPacketMs);
    for (const from of frame.ssrcs) speaker.sendRtp(rtpPacket(frame, from, sequence, payload));
    const packet = await next;
    if (!packet) continue;
    if ((packet[1] & 0x7f) !== payloadType) throw new Error(`${kind} has another payload type`);
    ++arrived;
  }
  console.log(`${kind}: ${arrived} packets forwarded, opened and compared`);
  if (arrived < kPackets) throw new Error(`${kind}: ${kPackets} of ${2 * kPackets} have to arrive`);
}

async function check(adapter, identity, twcc) {
  await adapter.ask('start', { cipher: 'gcm128', twcc, cpu: kCpu });
  await adapter.ask('room', { room: 'r0' });
  const speaker = await join(adapter, identity, 'send', { room: 'r0', name: 'p0', ...kSpeaker });
  const wanted = { room: 'r0', name: 'c0', from: 'p0', layer: 'max' };
  const listener = await join(adapter, identity, 'receive', wanted);
  for (const kind of ['audio', 'video']) await pass(kind, speaker.client, listener);
  await adapter.ask('counters');
  for (const { answer } of [listener, speaker]) {
    await adapter.ask('close', { transport: answer.transport });
  }
  await adapter.ask('stop');
}

const [name, twcc = '1'] = process.argv.slice(2);
const path = fileURLToPath(new URL(`${name}.js`, import.meta.url));
if (!name || !existsSync(path)) {
  console.error('usage: node check.js NAME [TWCC], where NAME.js is an adapter of this folder');
  process.exit(2);
}
const clients = [];
const identity = await makeIdentity();
const adapter = new Adapter(path);
try {
  await check(adapter, identity, twcc);
  console.log(`${name} keeps the contract`);
} catch (error) {
  console.error(`${name} does not: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const client of clients) client.close();
  await adapter.end();
  await identity.remove();
}
