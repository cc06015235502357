// What users of mediasoup know, against the worker itself, with packets.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import {
  InvalidStateError,
  setLogEventListeners,
  type DirectTransport,
  type PlainTransport,
  type Router,
  type types,
  type Worker,
} from '../src/index.js';
import { browserCapabilities, mediaCodecs, nextEvent } from './fixtures.js';
import { PacketSource, pictureParameters, soundParameters } from './packet_source.js';
import { skip, withRealWorker } from './real_worker.js';

const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };

async function withRouter(
  body: (router: Router, worker: Worker) => Promise<void>,
  settings: types.WorkerSettings = {},
): Promise<void> {
  await withRealWorker(async (worker) => {
    await body(await worker.createRouter({ mediaCodecs }), worker);
  }, settings);
}

/** The lines of a worker's log, from now on. */
function linesOf(): string[] {
  const lines: string[] = [];
  const keep = (_: string, line: string): void => void lines.push(line);
  setLogEventListeners({ ondebug: keep, onwarn: keep, onerror: keep });
  return lines;
}

describe('tags of the log', { skip }, () => {
  test('choose what is told, from the start and at run time', async () => {
    const lines = linesOf();
    const settings = { logLevel: 'debug', logTags: ['info'] } as const;
    await withRouter(
      async (router, worker) => {
        const has = (what: RegExp): boolean => lines.some((line) => what.test(line));
        await router.createDirectTransport();
        await worker.dump();
        assert.ok(
          has(/^\[pid:\d+\] \[info\] CreateDirectTransport of '.*': done$/),
          lines.join('\n'),
        );

        lines.length = 0;
        await worker.updateSettings({ logTags: ['message'] });
        const direct = await router.createDirectTransport();
        const speech = await direct.produceData();
        await speech.send('seven b');
        await worker.dump();
        assert.ok(has(/\[message\] data producer .*: a message of 7 bytes$/));
        assert.ok(!has(/\[info\]/), lines.join('\n'));

        lines.length = 0;
        await worker.updateSettings({ logLevel: 'warn' });
        await speech.send('unheard');
        await worker.dump();
        assert.ok(!has(/\[message\]/), lines.join('\n'));
      },
      { ...settings, logTags: [...settings.logTags] },
    ).finally(() => setLogEventListeners());
  });

  test('tell of packets that die, and do not flood', async () => {
    const lines = linesOf();
    await withRouter(
      async (router, worker) => {
        const direct = await router.createDirectTransport();
        const producer = await direct.produce({ kind: 'audio', rtpParameters: soundParameters });
        const stranger = Buffer.alloc(40);
        stranger.writeUInt16BE(0x806f, 0);
        for (let at = 0; at < 300; at += 1) producer.send(stranger);
        await worker.dump();
        const told = lines.filter((line) =>
          /\[rtp\] transport .* a packet was dropped: /.test(line),
        );
        assert.ok(told.length > 0 && told.length <= 100, `${told.length} lines`);
      },
      { logLevel: 'warn', logTags: ['rtp'] },
    ).finally(() => setLogEventListeners());
  });
});

describe('a producer', { skip }, () => {
  test('tells when its picture is turned, and only then', async () => {
    await withRouter(async (router) => {
      const direct = await router.createDirectTransport();
      const producer = await direct.produce({ kind: 'video', rtpParameters: pictureParameters });
      const told: types.ProducerVideoOrientation[] = [];
      producer.on('videoorientationchange', (orientation) => told.push(orientation));
      await producer.enableTraceEvent(['rtp']);
      let packets = 0;
      producer.on('trace', () => void (packets += 1));
      const turned = new Promise<void>((resolve) => {
        producer.on('videoorientationchange', () => told.length === 3 && resolve());
      });
      await whileSending(producer, turned);
      const rotations = told.slice(0, 3).map(({ rotation }) => rotation);
      const [first = 0] = rotations;
      assert.deepEqual(rotations, [first, (first + 90) % 360, (first + 180) % 360]);
      assert.deepEqual(told[0], { camera: true, flip: false, rotation: first });
      assert.ok(packets > 3 * told.length, `${packets} packets`);
    });
  });
});

describe('consume({ pipe: true })', { skip }, () => {
  test('carries every encoding on a transport that is no pipe', async () => {
    await withRouter(async (router) => {
      const direct = await router.createDirectTransport();
      const listener = await router.createDirectTransport();
      const encodings = [2002, 2004].map((ssrc, at) => ({ ssrc, scaleResolutionDownBy: 2 - at }));
      const producer = await direct.produce({
        kind: 'video',
        rtpParameters: { ...pictureParameters, encodings },
      });
      const consumer = await listener.consume({
        producerId: producer.id,
        rtpCapabilities: browserCapabilities(router),
        enableRtx: false,
        pipe: true,
      });
      assert.equal(consumer.type, 'pipe');
      assert.equal(consumer.rtpParameters.mid, undefined);
      const ssrcs = consumer.rtpParameters.encodings?.map(({ ssrc }) => ssrc) ?? [];
      assert.equal(ssrcs.length, 2);
      const seen = new Set<number>();
      const both = new Promise<void>((resolve) => {
        consumer.on('rtp', (packet) => {
          seen.add(packet.readUInt32BE(8));
          if (ssrcs.every((ssrc) => seen.has(ssrc as number))) resolve();
        });
      });
      await whileSending(producer, both, [2002, 2004]);
      assert.deepEqual([...seen].sort(), [...ssrcs].sort());
      const stats = await consumer.getStats();
      const sent = stats.filter(({ type }) => type === 'outbound-rtp');
      assert.deepEqual(sent.map(({ ssrc }) => ssrc).sort(), [...ssrcs].sort());
    });
  });
});

/** Sends pictures until `done`, under each of the SSRCs. */
async function whileSending(
  producer: { send(packet: Uint8Array): void },
  done: Promise<void>,
  ssrcs: number[] = [2002],
): Promise<void> {
  const source = new PacketSource((packet, kind) => {
    if (kind !== 'video') return;
    for (const ssrc of ssrcs) {
      const copy = Buffer.from(packet);
      copy.writeUInt32BE(ssrc, 8);
      producer.send(copy);
    }
  });
  source.begin();
  await done.finally(() => source.end());
}

describe('SCTP on plain transports', { skip }, () => {
  test('shows where the peer is, unless SRTP has to prove it', async () => {
    await withRouter(async (router) => {
      for (const enableSrtp of [false, true]) {
        const waiting = { listenInfo, comedia: true, enableSctp: true, enableSrtp };
        const transport = await router.createPlainTransport(waiting);
        const tool = await router.createPlainTransport({ listenInfo, enableSctp: true });
        const shown = enableSrtp ? undefined : nextEvent(transport, 'tuple');
        const { localAddress: ip, localPort: port } = transport.tuple;
        await tool.connect({ ip, port });
        await shown;
        if (!enableSrtp) {
          assert.equal(transport.tuple.remotePort, tool.tuple.localPort);
          continue;
        }
        await refused(transport);
        assert.equal(transport.sctpState, 'new');
      }
    });
  });

  test('is dropped where there is none', async () => {
    await withRouter(async (router) => {
      const transport = await router.createPlainTransport({ listenInfo });
      const tool = await router.createPlainTransport({ listenInfo, enableSctp: true });
      await transport.connect(addressOf(tool));
      await tool.connect(addressOf(transport));
      await refused(transport, 'unknownProtocol');
    });
  });
});

function addressOf({ tuple }: PlainTransport): { ip: string; port: number } {
  return { ip: tuple.localAddress, port: tuple.localPort };
}

/** Until the worker tells that something has been dropped. */
async function refused(transport: PlainTransport, reason = 'unknownRemote'): Promise<void> {
  await transport.subscribeStats({ interval: 100, kinds: ['transport'] });
  // Counters only grow, so that no snapshot that is missed matters.
  for (let snapshots = 0; snapshots < 100; snapshots += 1) {
    const [snapshot] = (await nextEvent(transport, 'stats')) as [types.StatsSnapshot];
    for (const { stats } of snapshot.of('transport'))
      if ((stats[0].drops[reason] ?? 0) > 0) return transport.unsubscribeStats();
  }
  assert.fail(`nothing was dropped as ${reason}`);
}

describe('sizes of messages', { skip }, () => {
  const direct = async (router: Router, options: object): Promise<DirectTransport> =>
    router.createDirectTransport(options);

  test('are bounds of the application, in each direction', async () => {
    await withRouter(async (router) => {
      const speaker = await direct(router, { maxReceiveMessageSize: 10 });
      const listener = await direct(router, { maxSendMessageSize: 5 });
      const speech = await speaker.produceData();
      const ear = await listener.consumeData({ dataProducerId: speech.id });
      const heard: string[] = [];
      ear.on('message', (message) => heard.push(message.toString()));
      await assert.rejects(speech.send('x'.repeat(11)), /maxReceiveMessageSize/);
      await speech.send('too long');
      await speech.send('short');
      await ear.getStats();
      assert.deepEqual(heard, ['short']);
      assert.equal((await ear.getStats())[0]?.messagesDropped, 1);
      await assert.rejects(direct(router, { maxSendMessageSize: 2 ** 21 }), TypeError);
    });
  });

  test('leave out who listens to what is ignored', async () => {
    await withRouter(async (router) => {
      const transport = await router.createDirectTransport();
      const speech = await transport.produceData();
      const [all, some] = [
        await transport.consumeData({ dataProducerId: speech.id }),
        await transport.consumeData({ dataProducerId: speech.id, subchannels: [4] }),
      ];
      await speech.send('a', undefined, undefined, undefined, 4);
      const sent = async (consumer: typeof all): Promise<number | undefined> =>
        (await consumer.getStats())[0]?.messagesSent;
      assert.deepEqual([await sent(all), await sent(some)], [1, 0]);
    });
  });

  test('are asked of a transport with SCTP', async () => {
    await withRouter(async (router) => {
      const options = { listenInfo, enableSctp: true };
      const wrong = { maxSendMessageSize: 100_000, sctpPerStreamSendQueueLimit: 50_000 };
      const refusal = router.createPlainTransport({ ...options, ...wrong });
      await assert.rejects(refusal, /sctpPerStreamSendQueueLimit/);
      const transport = await router.createPlainTransport(options);
      const stream = { sctpStreamParameters: { streamId: 1 } };
      await transport.produceData(stream);
      await assert.rejects(transport.produceData(stream), InvalidStateError);
    });
  });
});

describe('a tool that tells nothing of what arrives', { skip }, () => {
  test('goes on getting pictures, whatever it was said to understand', async () => {
    await withRouter(async (router) => {
      const direct = await router.createDirectTransport();
      const source = await direct.produce({ kind: 'video', rtpParameters: pictureParameters });
      const transport = await router.createPlainTransport({ listenInfo });
      const tool = createSocket('udp4');
      tool.bind(0, '127.0.0.1');
      await once(tool, 'listening');
      await transport.connect({ ip: '127.0.0.1', port: tool.address().port });
      const { rtpCapabilities } = router;
      const consumer = await transport.consume({ producerId: source.id, rtpCapabilities });
      const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc;
      // Where silence counts it takes two seconds, which are 200 packets.
      let left = 400;
      const enough = new Promise<void>((resolve, reject) => {
        tool.on('message', (packet) => {
          if (packet.readUInt32BE(8) === ssrc && (left -= 1) === 0) resolve();
        });
        consumer.on('layerschange', (layers) => {
          if (layers === undefined) reject(new Error(`no pictures: ${consumer.layersReason}`));
        });
      });
      await whileSending(source, enough).finally(() => tool.close());
    });
  });
});

describe('AES_CM_128_HMAC_SHA1_32', { skip }, () => {
  test('protects what a tool sends and what it is sent', async () => {
    await withRouter(async (router) => {
      const options = { listenInfo, enableSrtp: true, srtpCryptoSuite: 'AES_CM_128_HMAC_SHA1_32' };
      const ends = await Promise.all(
        [0, 1].map(() => router.createPlainTransport(options as types.PlainTransportOptions)),
      );
      const [here, there] = ends as [PlainTransport, PlainTransport];
      const keys = ({ srtpParameters }: PlainTransport): object => ({ srtpParameters });
      await here.connect({ ...addressOf(there), ...keys(there) });
      await there.connect({ ...addressOf(here), ...keys(here) });
      assert.equal(here.srtpParameters?.cryptoSuite, options.srtpCryptoSuite);
      const direct = await router.createDirectTransport();
      const source = await direct.produce({ kind: 'audio', rtpParameters: soundParameters });
      const { rtpParameters } = await here.consume({
        producerId: source.id,
        rtpCapabilities: { ...router.rtpCapabilities, headerExtensions: [] },
      });
      const landed = await there.produce({ kind: 'audio', rtpParameters });
      await landed.enableTraceEvent(['rtp']);
      const heard = nextEvent(landed, 'trace');
      const sender = new PacketSource((packet, kind) => {
        if (kind === 'audio') source.send(packet);
      });
      sender.begin();
      await heard.finally(() => sender.end());
      const [stats] = await there.getStats();
      assert.equal(stats?.srtpProfile, options.srtpCryptoSuite);
      assert.equal(stats?.drops.srtpAuthentication, undefined);
    });
  });
});
