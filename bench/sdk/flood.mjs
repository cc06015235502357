// A thread that sends one stream of RTP as fast as it can, and a socket that swallows what the
// receivers of it would get. Nobody reads from that socket, and what arrives costs the kernel alone:
// it is a process of its own, because Node.js reads from all of its sockets.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker as Thread, workerData } from 'node:worker_threads';

const kPayloadType = 100;
const kSize = 172;
// Sent before others in this thread get their turn.
const kBurst = 32;

// Ends with its standard input.
const kSink = `
import socket, sys
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(('127.0.0.1', 0))
print(sink.getsockname()[1], flush=True)
sys.stdin.read()
`;

export class Flood {
  #thread;
  #sink;

  static async open({ port, ssrc }) {
    const flood = new Flood();
    flood.#sink = spawn('python3', ['-c', kSink], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(flood.#sink.stdout, 'data');
    flood.sinkPort = Number(line);
    flood.#thread = new Thread(fileURLToPath(import.meta.url), { workerData: { port, ssrc } });
    await once(flood.#thread, 'message');
    return flood;
  }

  start() {
    this.#thread.postMessage('start');
  }

  // Packets so far.
  async sent() {
    this.#thread.postMessage('sent');
    const [{ sent }] = await once(this.#thread, 'message');
    return sent;
  }

  async close() {
    this.#thread.postMessage('close');
    this.#sink.stdin.end();
    await Promise.all([once(this.#thread, 'exit'), once(this.#sink, 'exit')]);
  }
}

async function serve({ port, ssrc }) {
  const source = createSocket('udp4');
  source.bind(0, '127.0.0.1');
  await once(source, 'listening');
  let sent = 0;
  let running = false;
  const packet = Buffer.alloc(kSize);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(kPayloadType, 1);
  packet.writeUInt32BE(ssrc, 8);

  const send = () => {
    if (!running) return;
    let under = kBurst;
    for (let i = 0; i < kBurst; i += 1) {
      packet.writeUInt16BE(sent & 0xffff, 2);
      packet.writeUInt32BE((sent * 960) >>> 0, 4);
      sent += 1;
      // A copy, because the socket sends it later.
      source.send(Buffer.from(packet), port, '127.0.0.1', () => {
        under -= 1;
        if (under === 0) setImmediate(send);
      });
    }
  };
  parentPort.on('message', (command) => {
    if (command === 'start') {
      running = true;
      send();
    } else if (command === 'sent') {
      parentPort.postMessage({ sent });
    } else {
      running = false;
      source.close();
      parentPort.close();
    }
  });
  parentPort.postMessage('ready');
}

if (!isMainThread) await serve(workerData);
