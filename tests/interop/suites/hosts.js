// A pipe between two hosts, as far as the network can tell: a worker in a network namespace each, a
// lossy link between them, SRTP on it. What the application puts in at one end comes out at the
// other.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createWorker, workerBin } from '../../../control-api/node/dist/esm/index.js';
import { Link } from '../support/link.js';
import { Namespace, address, whyNoNamespaces } from '../support/namespace.js';
import { until } from '../support/until.js';

const kDevice = 'wide';
const kAddresses = ['10.79.1.2', '10.79.1.1'];
const kCodec = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 };
const kSsrc = 4711;
const kPackets = 1000;
const kEveryMs = 10;
// Asked for again over 40 ms there and back, nothing should stay lost at one in twenty.
const kLossy = 'delay=20ms loss=5%';

const kSound = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000, channels: 2 }],
  encodings: [{ ssrc: kSsrc }],
};

// A packet that says how manieth it is.
function packet(index) {
  const bytes = Buffer.alloc(12 + 80);
  bytes.writeUInt8(0x80, 0);
  bytes.writeUInt8(100, 1);
  bytes.writeUInt16BE(index & 0xffff, 2);
  bytes.writeUInt32BE(index * 480, 4);
  bytes.writeUInt32BE(kSsrc, 8);
  bytes.writeUInt32BE(index, bytes.length - 4);
  return bytes;
}

class Host {
  static async open(namespace, ip, folder) {
    const host = new Host();
    const program = join(folder, `worker-${ip}`);
    const command = namespace.enter(workerBin).join(' ');
    await writeFile(program, `#!/bin/sh\nexec ${command} "$@"\n`);
    await chmod(program, 0o755);
    host.worker = await createWorker({ workerBin: program, logLevel: 'warn' });
    host.router = await host.worker.createRouter({ mediaCodecs: [kCodec] });
    const listenInfo = { protocol: 'udp', ip };
    host.pipe = await host.router.createPipeTransport({ listenInfo, enableSrtp: true });
    host.direct = await host.router.createDirectTransport();
    return host;
  }

  connect({ pipe: { tuple, srtpParameters } }) {
    const { localAddress: ip, localPort: port } = tuple;
    return this.pipe.connect({ ip, port, srtpParameters });
  }

  async received() {
    const [{ bytesReceived }] = await this.pipe.getStats();
    return bytesReceived;
  }
}

// What two applications would tell each other.
async function carry(near, far, producer) {
  const { kind, rtpParameters } = await near.pipe.consume({ producerId: producer.id });
  return far.pipe.produce({ id: producer.id, kind, rtpParameters });
}

async function soundCrosses(near, far) {
  const producer = await near.direct.produce({ kind: 'audio', rtpParameters: kSound });
  const copy = await carry(near, far, producer);
  const seen = new Set();
  let sent = 0;
  const timer = setInterval(() => producer.send(packet(sent++)), kEveryMs);
  try {
    await until('a second of sound is sent', () => sent > 100);
    assert.ok((await far.received()) < 2000, 'nothing crosses that nobody hears');
    const { codecs, headerExtensions } = far.router.rtpCapabilities;
    const consumer = await far.direct.consume({
      ...{ producerId: copy.id, rtpCapabilities: { codecs, headerExtensions } },
    });
    consumer.on('rtp', (bytes) => seen.add(bytes.readUInt32BE(bytes.length - 4)));
    await until('sound comes out', () => seen.size > 0);
    const first = Math.min(...seen);
    await until('enough is sent', () => sent > first + kPackets, { within: 60_000 });
    clearInterval(timer);
    await until('all of it has come', () => seen.size >= kPackets, {
      within: 3000,
      seen: async () => [seen.size, await consumer.getStats(), await copy.getStats()],
    });
    const [inbound] = await copy.getStats();
    console.log(`hosts: ${inbound.packetsRepaired} of ${seen.size} packets were asked for again`);
    assert.ok(inbound.packetsRepaired > kPackets * 0.02, 'the link loses packets');
    const [{ srtpProfile }] = await far.pipe.getStats();
    assert.equal(srtpProfile, 'AEAD_AES_256_GCM');
  } finally {
    clearInterval(timer);
  }
}

async function onTwoHosts(body) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-hosts-'));
  const ends = [() => rm(folder, { recursive: true })];
  try {
    const namespaces = [await Namespace.open(), await Namespace.open()];
    for (const namespace of namespaces) ends.unshift(() => namespace.close());
    const [one, other] = namespaces;
    const link = await Link.open(one, other, kDevice);
    ends.unshift(() => link.close());
    await address(one, other, kDevice, kAddresses);
    await link.set(kLossy);
    const hosts = [];
    for (const [index, namespace] of namespaces.entries()) {
      const host = await Host.open(namespace, kAddresses[index], folder);
      ends.unshift(async () => host.worker.close());
      hosts.push(host);
    }
    const [near, far] = hosts;
    await Promise.all([near.connect(far), far.connect(near)]);
    await body(near, far);
  } finally {
    for (const end of ends) await end().catch(() => undefined);
  }
}

export async function hosts(t) {
  await t.test(
    'a pipe carries sound between two hosts over a lossy link, with SRTP',
    {
      skip: whyNoNamespaces,
    },
    () => onTwoHosts(soundCrosses),
  );
}
