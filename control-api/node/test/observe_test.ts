// Statistics by subscription, packet traces and decision logs, without a worker: what is asked for,
// and what is made of what comes.
import { Builder, ByteBuffer } from 'flatbuffers';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';

import { decodeDecisionLog } from '../src/decision_log.js';
import * as schema from '../src/generated/schema.js';
import { checkPacketTraceOptions, PacketTrace } from '../src/packet_trace.js';
import { type StatsSnapshot } from '../src/stats_snapshot.js';
import { StatsSubscription } from '../src/stats_subscription.js';
import { Channel } from '../src/wire/channel.js';
import { FrameReader, frameOf } from '../src/wire/frame.js';

const { NotificationBody, ObjectStatsBody, StatsKind } = schema;

/** A channel whose other end grants every request. */
class Line {
  readonly requests: schema.RequestT[] = [];
  readonly channel: Channel;
  readonly #input = new PassThrough();

  constructor() {
    const output = new PassThrough();
    const reader = new FrameReader();
    output.on('data', (bytes: Buffer) => {
      for (const frame of reader.push(bytes)) this.#answer(frame);
    });
    this.channel = new Channel(this.#input, output, 0, assert.fail);
  }

  async tell(
    target: string,
    type: schema.NotificationBody,
    ...bodies: schema.NotificationT['body'][]
  ): Promise<void> {
    for (const body of bodies) {
      const news = new schema.NotificationT(target, type, body);
      this.#send(new schema.MessageT(schema.MessageBody.Notification, news));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  #answer(frame: Buffer): void {
    const { body } = schema.Message.getRootAsMessage(new ByteBuffer(frame)).unpack();
    const request = body as schema.RequestT;
    this.requests.push(request);
    const { ResultCode, ResponseBody, EmptyT } = schema;
    const answer = new schema.ResponseT(
      request.id,
      ResultCode.Ok,
      null,
      ResponseBody.Empty,
      new EmptyT(),
    );
    this.#send(new schema.MessageT(schema.MessageBody.Response, answer));
  }

  #send(message: schema.MessageT): void {
    const builder = new Builder();
    schema.Message.finishMessageBuffer(builder, message.pack(builder));
    this.#input.write(frameOf(builder.asUint8Array()));
  }
}

function stream(ssrc: number): schema.RtpStreamStatsT {
  const stats = new schema.RtpStreamStatsT();
  stats.ssrc = ssrc;
  stats.mimeType = 'audio/opus';
  return stats;
}

function streamsOf(id: string, kind: schema.StatsKind, ...ssrcs: number[]): schema.ObjectStatsT {
  const body = new schema.StreamStatsOfOneT(ssrcs.map(stream));
  return new schema.ObjectStatsT(id, kind, ObjectStatsBody.StreamStatsOfOne, body);
}

function transport(id: string, kind: string): schema.ObjectStatsT {
  const stats = new schema.TransportStatsT(id);
  stats.kind = kind;
  return new schema.ObjectStatsT(id, StatsKind.Transport, ObjectStatsBody.TransportStats, stats);
}

const unexpected = (): void => assert.fail('nothing was asked for');

interface Place {
  sequence: number;
  chunk: number;
  isLast: boolean;
}

const chunkOf = (
  { sequence, chunk, isLast }: Place,
  ...objects: schema.ObjectStatsT[]
): schema.StatsSnapshotT => new schema.StatsSnapshotT(sequence, chunk, isLast, 5000n, 2, objects);

async function subscribed(
  line: Line,
  target = 'room',
): Promise<{ subscription: StatsSubscription; snapshots: StatsSnapshot[] }> {
  const snapshots: StatsSnapshot[] = [];
  const subscription = new StatsSubscription(line.channel, target, (snapshot) =>
    snapshots.push(snapshot),
  );
  await subscription.subscribe();
  return { subscription, snapshots };
}

describe('a subscription to statistics', () => {
  test('asks for what it is told to, or for everything each second', async () => {
    const line = new Line();
    const { subscription } = await subscribed(line);
    await subscription.subscribe({ interval: 250, kinds: ['transport', 'dataConsumer'] });
    const bodies = line.requests.map(({ body }) => body as schema.SubscribeStatsT);
    assert.deepEqual(
      bodies.map(({ intervalMs, kinds }) => [intervalMs, kinds]),
      [
        [1000, []],
        [250, [StatsKind.Transport, StatsKind.DataConsumer]],
      ],
    );
  });

  test('refuses what cannot be and names the field', async () => {
    const subscription = new StatsSubscription(new Line().channel, 'room', unexpected);
    const refused: [unknown, RegExp][] = [
      [{ interval: 99 }, /interval/],
      [{ interval: 1.5 }, /interval/],
      [{ interval: 3_600_001 }, /interval/],
      [{ kinds: ['worker'] }, /kinds\[0\]/],
      [{ kinds: ['transport', 'nothing'] }, /kinds\[1\]/],
      [{ kinds: 'transport' }, /kinds/],
      [7, /options/],
    ];
    for (const [options, message] of refused)
      await assert.rejects(subscription.subscribe(options as object), {
        name: 'TypeError',
        message,
      });
    const ofWorker = new StatsSubscription(new Line().channel, '', unexpected);
    await ofWorker.subscribe({ kinds: ['worker'] });
  });

  test('puts chunks together and unpacks what is asked for', async () => {
    const line = new Line();
    const { snapshots } = await subscribed(line);
    await line.tell(
      'room',
      NotificationBody.StatsSnapshot,
      chunkOf({ sequence: 7, chunk: 0, isLast: false }, transport('a', 'plain')),
      chunkOf(
        { sequence: 7, chunk: 1, isLast: true },
        streamsOf('b', StatsKind.Producer, 1, 2),
        streamsOf('c', StatsKind.Consumer, 3),
      ),
    );
    assert.equal(snapshots.length, 1);
    const [snapshot] = snapshots as [StatsSnapshot];
    const { sequence, timestamp, skipped, size } = snapshot;
    assert.deepEqual([sequence, timestamp, skipped, size], [7, 5000, 2, 3]);
    assert.deepEqual(
      [...snapshot].map(({ id, kind }) => [id, kind]),
      [
        ['a', 'transport'],
        ['b', 'producer'],
        ['c', 'consumer'],
      ],
    );
    const [plain] = [...snapshot.of('transport')].map(({ stats }) => stats[0]);
    assert.equal(plain?.type, 'plain-rtp-transport');
    const [consumer] = [...snapshot.of('consumer')];
    assert.deepEqual(
      consumer?.stats.map(({ type, ssrc }) => [type, ssrc]),
      [['outbound-rtp', 3]],
    );
    assert.equal(consumer?.stats, consumer?.stats);
    assert.equal(snapshot.get('nobody'), undefined);
  });

  test('drops what is left of a snapshot whose beginning or end is missing', async () => {
    const line = new Line();
    const { snapshots } = await subscribed(line);
    const part = (sequence: number, chunk: number, isLast: boolean): schema.StatsSnapshotT =>
      chunkOf({ sequence, chunk, isLast }, transport(`${sequence}.${chunk}`, 'direct'));
    const { StatsSnapshot } = NotificationBody;
    await line.tell('room', StatsSnapshot, part(1, 1, true));
    await line.tell('room', StatsSnapshot, part(2, 0, false), part(3, 0, false), part(3, 1, true));
    assert.deepEqual(
      snapshots.map((snapshot) => [...snapshot].map(({ id }) => id)),
      [['3.0', '3.1']],
    );
  });

  test('is silent after it has ended', async () => {
    const line = new Line();
    const { subscription, snapshots } = await subscribed(line);
    await subscription.unsubscribe();
    await line.tell(
      'room',
      NotificationBody.StatsSnapshot,
      chunkOf({ sequence: 1, chunk: 0, isLast: true }),
    );
    assert.deepEqual(snapshots, []);
  });
});

describe('a packet trace', () => {
  const chunk = (text: string, isLast = false): schema.PacketTraceChunkT =>
    new schema.PacketTraceChunkT([...Buffer.from(text)], 3n, 1n, isLast);
  const news = NotificationBody.PacketTraceChunk;

  test('refuses what cannot be and names the field', () => {
    const onChunk = (): void => undefined;
    const refused: [unknown, RegExp][] = [
      [{}, /path or onChunk/],
      [{ path: '/x', onChunk }, /path or onChunk/],
      [{ onChunk: 7 }, /onChunk/],
      [{ path: 7 }, /path/],
      [{ onChunk, sampling: 0 }, /sampling/],
      [{ onChunk, payloadBytes: 65 }, /payloadBytes/],
      [{ onChunk, maxBytes: 4095 }, /maxBytes/],
    ];
    for (const [options, message] of refused)
      assert.throws(() => checkPacketTraceOptions(options as object), {
        name: 'TypeError',
        message,
      });
  });

  test('writes a file and ends when all of it is there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-'));
    try {
      const path = join(folder, 'x.pcapng');
      const line = new Line();
      const trace = new PacketTrace(line.channel, 'a', checkPacketTraceOptions({ path }));
      await line.tell('a', news, chunk('first '), chunk('second '));
      const stopped = trace.stop();
      await line.tell('a', news, chunk('last', true));
      await stopped;
      assert.equal(readFileSync(path, 'utf8'), 'first second last');
      assert.deepEqual([trace.packets, trace.leftOut, trace.lostBytes], [3, 1, 0]);
      assert.equal(trace.ended, true);
      await trace.stop();
      assert.equal(line.requests.length, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('tells once of a file that cannot be written, and goes no further', async () => {
    const line = new Line();
    const path = '/nowhere/x.pcapng';
    const trace = new PacketTrace(line.channel, 'a', checkPacketTraceOptions({ path }));
    const [error] = (await once(trace, 'error')) as [Error];
    assert.match(error.message, /nowhere/);
    assert.equal(trace.ended, true);
    await line.tell('a', news, chunk('x'));
    assert.equal(trace.packets, 0);
    await trace.stop();
  });

  test('survives a reader that throws', async () => {
    const line = new Line();
    const taken: string[] = [];
    const onChunk = (bytes: Buffer): void => {
      taken.push(String(bytes));
      throw new Error('no');
    };
    const trace = new PacketTrace(line.channel, 'a', checkPacketTraceOptions({ onChunk }));
    const errors: string[] = [];
    trace.on('listenererror', (name, error) => void errors.push(`${name} ${error.message}`));
    await line.tell('a', news, chunk('one'), chunk('two', true));
    assert.deepEqual(taken, ['one', 'two']);
    assert.deepEqual(errors, ['onChunk no', 'onChunk no']);
    assert.equal(trace.ended, true);
  });

  test('takes what the worker tells behind the end of its transport', async () => {
    const line = new Line();
    const taken: string[] = [];
    const onChunk = (bytes: Buffer): void => void taken.push(String(bytes));
    const trace = new PacketTrace(line.channel, 'a', checkPacketTraceOptions({ onChunk }));
    trace.transportClosed();
    await line.tell('a', news, chunk('rest', true));
    assert.deepEqual(taken, ['rest']);
    assert.equal(trace.ended, true);
  });

  test('ends with its worker', () => {
    const line = new Line();
    const onChunk = (): void => undefined;
    const trace = new PacketTrace(line.channel, 'a', checkPacketTraceOptions({ onChunk }));
    line.channel.shutDown(new Error('over'));
    trace.transportClosed();
    assert.equal(trace.ended, true);
  });
});

test('decisions have the words of the documentation', () => {
  const { DecisionKind } = schema;
  const layers = new schema.ConsumerLayersT(1, 2);
  const log = new schema.DecisionLogT(
    [
      new schema.DecisionT(DecisionKind.Layers, 10n, layers, 'bandwidthUp', 500_000, 0, 2),
      new schema.DecisionT(DecisionKind.Priority, 11n, null, null, null, 9, 1),
      new schema.DecisionT(200 as schema.DecisionKind, 12n),
    ],
    4n,
  );
  assert.deepEqual(decodeDecisionLog(log), {
    decisions: [
      {
        kind: 'layers',
        timestamp: 10,
        layers: { spatialLayer: 1, temporalLayer: 2 },
        reason: 'bandwidthUp',
        availableBitrate: 500_000,
        times: 2,
      },
      { kind: 'priority', timestamp: 11, priority: 9, times: 1 },
    ],
    overwritten: 4,
  });
});
