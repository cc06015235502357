// Watching the worker itself: snapshots, traces that tshark reads, decisions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import {
  InvalidStateError,
  type Consumer,
  type PlainTransport,
  type Producer,
  type types,
} from '../src/index.js';
import { mediaCodecs, nextEvent } from './fixtures.js';
import { skip, withRealWorker } from './real_worker.js';

const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };
const ssrc = 4711;
const packets = 20;
const sound: types.RtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000, channels: 2 }],
  encodings: [{ ssrc }],
  rtcp: { cname: 'tool' },
};
// Where everything is built, a tool that is missing is a failure.
const hasTshark = spawnSync('tshark', ['--version']).status === 0 || process.env.CI === 'true';
const skipTrace = skip || (hasTshark ? false : 'tshark is not installed (Debian package tshark)');

function packet(sequence: number): Buffer {
  const bytes = Buffer.alloc(12 + 40, 0x5a);
  bytes.writeUInt8(0x80, 0);
  bytes.writeUInt8(100, 1);
  bytes.writeUInt16BE(sequence, 2);
  bytes.writeUInt32BE(sequence * 960, 4);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}

/** A sender report (RFC 3550 §6.4.1) and an SDES item, without which it is no compound. */
function senderReport(): Buffer {
  const bytes = Buffer.alloc(28 + 16);
  bytes.writeUInt32BE(0x80c80006, 0);
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUInt32BE(0x81ca0003, 28);
  bytes.writeUInt32BE(ssrc, 32);
  bytes.write('\x01\x04tool', 36, 'latin1');
  return bytes;
}

interface Call {
  source: PlainTransport;
  sink: PlainTransport;
  producer: Producer;
  consumer: Consumer;
}

/** From a tool to another tool, on plain transports. `body` gets what sends to the first. */
async function withCall(
  body: (call: Call, send: (bytes: Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  const [tool, receiver] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [tool, receiver]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  try {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const source = await router.createPlainTransport({ listenInfo, comedia: true });
      const sink = await router.createPlainTransport({ listenInfo });
      await sink.connect({ ip: '127.0.0.1', port: receiver.address().port });
      const producer = await source.produce({ kind: 'audio', rtpParameters: sound });
      const { codecs } = router.rtpCapabilities;
      const rtpCapabilities = { codecs, headerExtensions: [] };
      const consumer = await sink.consume({ producerId: producer.id, rtpCapabilities });
      // Each has come out at the other end before the next one goes in.
      const send = async (bytes: Buffer): Promise<void> => {
        const arrived = bytes[1] === 100 ? once(receiver, 'message') : undefined;
        tool.send(bytes, source.tuple.localPort, '127.0.0.1');
        await arrived;
      };
      await body({ source, sink, producer, consumer }, send);
    });
  } finally {
    tool.close();
    receiver.close();
  }
}

/** One line for each packet that the display filter lets through. */
function tshark(path: string, port: number, filter: string, ...fields: string[]): string[][] {
  const columns = fields.flatMap((field) => ['-e', field]);
  const decode = ['-d', `udp.port==${port},rtp`];
  const options = ['-n', '-r', path, ...decode, '-Y', filter, '-T', 'fields', ...columns];
  const { status, stdout, stderr } = spawnSync('tshark', options, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

describe('statistics by subscription', { skip }, () => {
  test('say what getStats() says, of everything there is', async () => {
    await withCall(async ({ sink, consumer }, send) => {
      for (let sequence = 1; sequence <= packets; sequence += 1) await send(packet(sequence));
      await sink.subscribeStats({ interval: 100, kinds: ['transport', 'consumer'] });
      const [snapshot] = (await nextEvent(sink, 'stats')) as [types.StatsSnapshot];
      assert.deepEqual(
        [...snapshot].map(({ id, kind }) => [id, kind]),
        [
          [sink.id, 'transport'],
          [consumer.id, 'consumer'],
        ],
      );
      const [told] = [...snapshot.of('consumer')][0]?.stats ?? [];
      const [asked] = await consumer.getStats();
      assert.equal(told?.packetCount, packets);
      assert.deepEqual(Object.keys(told).sort(), Object.keys(asked as object).sort());
      const [transport] = [...snapshot.of('transport')];
      const [stat] = await sink.getStats();
      // What only this side knows of a transport is not among what the worker tells.
      const { rtcpMux: _mux, comedia: _comedia, ...known } = stat as types.PlainTransportStat;
      assert.deepEqual(
        Object.keys(transport?.stats[0] as object).sort(),
        Object.keys(known).sort(),
      );
      await sink.unsubscribeStats();
    });
  });

  test('come from a worker and a router as well, and end with them', async () => {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createDirectTransport();
      await worker.subscribeStats({ interval: 100 });
      await router.subscribeStats({ interval: 100 });
      const [[ofWorker], [ofRouter]] = (await Promise.all([
        nextEvent(worker, 'stats'),
        nextEvent(router, 'stats'),
      ])) as [[types.StatsSnapshot], [types.StatsSnapshot]];
      assert.equal([...ofWorker.of('worker')][0]?.stats.transports, 1);
      assert.deepEqual(
        [...ofRouter].map(({ id }) => id),
        [transport.id],
      );
      router.close();
      await assert.rejects(router.subscribeStats(), InvalidStateError);
    });
  });
});

/** Until `consumer` has sent so many packets; each look is a round trip to the worker. */
async function sentOn(consumer: Consumer, count: number): Promise<void> {
  let sent = 0;
  for (let looks = 20_000; looks > 0 && sent < count; looks -= 1) {
    const [stats] = await consumer.getStats();
    sent = stats?.packetCount ?? 0;
  }
  assert.equal(sent, count, 'packets that the consumer has sent');
}

describe('a packet trace', { skip: skipTrace }, () => {
  test('is a file in which tshark finds every packet', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-trace-'));
    try {
      await withCall(async ({ source, sink, producer, consumer }, send) => {
        await send(packet(1));
        const [inPath, outPath] = [join(folder, 'in.pcapng'), join(folder, 'out.pcapng')];
        const incoming = await source.enablePacketTrace({ path: inPath, payloadBytes: 4 });
        const outgoing = await sink.enablePacketTrace({ path: outPath });
        for (let at = 2; at <= packets + 1; at += 1) await send(packet(at));
        await send(senderReport());
        // An answer from behind it.
        await source.getStats();
        await sentOn(consumer, packets + 1);
        await Promise.all([incoming.stop(), outgoing.stop()]);
        assert.ok(incoming.packets >= packets + 1);
        assert.equal(incoming.leftOut, 0);

        const port = source.tuple.localPort;
        const fields = ['rtp.seq', 'rtp.ssrc', 'udp.dstport', 'frame.cap_len', 'frame.len'];
        const came = tshark(inPath, port, 'rtp && frame.interface_name == "in"', ...fields);
        assert.deepEqual(
          came.map(([sequence]) => Number(sequence)),
          Array.from({ length: packets }, (_, index) => index + 2),
        );
        const [, from, to, captured, length] = (came[0] as string[]).map(Number);
        assert.deepEqual([from, to, captured, length], [ssrc, port, 28 + 12 + 4, 28 + 12 + 40]);
        const reports = tshark(inPath, port, 'rtcp.pt == 200', 'rtcp.senderssrc');
        assert.equal(Number(reports[0]?.[0]?.split(',')[0]), ssrc);
        const [[comment]] = tshark(inPath, port, 'rtp', 'frame.comment') as [[string]];
        assert.match(comment, new RegExp(`producer ${producer.id} encoding 0`));

        const sent = consumer.rtpParameters.encodings?.[0]?.ssrc;
        const left = tshark(
          outPath,
          sink.tuple.localPort,
          `rtp.ssrc == ${sent} && frame.interface_name == "out"`,
          'udp.srcport',
          'frame.comment',
        );
        assert.equal(left.length, packets);
        assert.equal(Number(left[0]?.[0]), sink.tuple.localPort);
        assert.match(left[0]?.[1] ?? '', /from ssrc 4711 seq 2/);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('takes one of so many, ends with its transport, and says what was dropped', async () => {
    await withCall(async ({ source }, send) => {
      const chunks: Buffer[] = [];
      const onChunk = (chunk: Buffer): void => void chunks.push(chunk);
      await send(packet(1));
      const trace = await source.enablePacketTrace({ onChunk, sampling: 4 });
      for (let at = 2; at <= 9; at += 1) await send(packet(at));
      const stranger = packet(10);
      stranger.writeUInt32BE(1, 8);
      stranger.writeUInt8(99, 1);
      await send(stranger);
      await source.getStats();
      const ended = nextEvent(trace, 'end');
      source.close();
      await ended;
      const text = Buffer.concat(chunks).toString('latin1');
      assert.equal(text.split('producer ').length - 1, 2);
      assert.equal(trace.ended, true);
    });
  });
});

describe('a decision log', { skip }, () => {
  test('tells what became of a consumer', async () => {
    await withCall(async ({ consumer, producer }) => {
      await assert.rejects(consumer.getDecisionLog(), InvalidStateError);
      await consumer.enableDecisionLog();
      await consumer.pause();
      await consumer.setPriority(7);
      await producer.pause();
      await producer.resume();
      await consumer.resume();
      const { decisions, overwritten } = await consumer.getDecisionLog();
      assert.deepEqual(
        decisions.map(({ kind }) => kind),
        ['paused', 'priority', 'producerpaused', 'producerresumed', 'resumed'],
      );
      assert.equal(decisions[1]?.priority, 7);
      assert.equal(overwritten, 0);
      await assert.rejects(consumer.enableDecisionLog(1025), {
        name: 'TypeError',
        message: /entries/,
      });
    });
  });
});
