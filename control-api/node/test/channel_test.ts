// Frames, the channel's bounds, and events: without processes.
import { Builder, ByteBuffer } from 'flatbuffers';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { describe, test } from 'node:test';

import { EnhancedEventEmitter, parseScalabilityMode, version } from '../src/index.js';
import * as schema from '../src/generated/schema.js';
import { Channel, maxPendingRequests } from '../src/wire/channel.js';
import { FrameReader, frameOf, maxFrameSize } from '../src/wire/frame.js';
import { encodeRtpParameters } from '../src/wire/rtp_encoder.js';

const listing = {
  method: schema.RequestBody.GetStats,
  body: new schema.GetStatsT(),
  apply: (): void => undefined,
};

function framesIn(stream: Buffer, cut: number): string[] {
  const reader = new FrameReader();
  const frames: string[] = [];
  for (let at = 0; at < stream.length; at += cut) {
    frames.push(...reader.push(stream.subarray(at, at + cut)).map(String));
  }
  return frames;
}

const creating = {
  method: schema.RequestBody.CreateRouter,
  apply: (): void => undefined,
};

function packed(message: schema.MessageT): Buffer {
  const builder = new Builder();
  schema.Message.finishMessageBuffer(builder, message.pack(builder));
  return frameOf(builder.asUint8Array());
}

function messageOf(response: schema.ResponseT): Buffer {
  return packed(new schema.MessageT(schema.MessageBody.Response, response));
}

function newsOf(
  target: string,
  type: schema.NotificationBody,
  body: schema.NotificationT['body'],
): Buffer {
  const notification = new schema.NotificationT(target, type, body);
  return packed(new schema.MessageT(schema.MessageBody.Notification, notification));
}

function answerTo(id: number): Buffer {
  const { ResultCode, ResponseBody } = schema;
  const body = new schema.EmptyT();
  return messageOf(new schema.ResponseT(id, ResultCode.Ok, null, ResponseBody.Empty, body));
}

/** The ids of the requests that `stream` holds. */
function requestsIn(stream: Buffer): number[] {
  return new FrameReader().push(stream).map((frame) => {
    const { body } = schema.Message.getRootAsMessage(new ByteBuffer(frame)).unpack();
    return (body as schema.RequestT).id;
  });
}

describe('frames', () => {
  test('are the same however the stream is cut', () => {
    const texts = ['first', '', 'x'.repeat(300), 'last'];
    const stream = Buffer.concat(texts.map((text) => frameOf(Buffer.from(text))));
    for (let cut = 1; cut <= stream.length; cut += 1)
      assert.deepEqual(framesIn(stream, cut), texts);
  });

  test('may be as long as the limit and no longer', () => {
    const largest = frameOf(Buffer.alloc(maxFrameSize));
    assert.equal(new FrameReader().push(largest)[0]?.length, maxFrameSize);
    assert.throws(() => frameOf(Buffer.alloc(maxFrameSize + 1)), TypeError);
    assert.throws(() => new FrameReader().push(Buffer.from([1, 0, 0x40, 0])), RangeError);
    assert.throws(() => new FrameReader().push(Buffer.from([0xff, 0xff, 0xff, 0xff])), RangeError);
  });
});

describe('the channel', () => {
  test('matches answers to requests in any order', async () => {
    const input = new PassThrough();
    const channel = new Channel(input, new PassThrough(), 1000, assert.fail);
    const first = channel.call({ ...listing, apply: () => 'first' });
    const second = channel.call({ ...listing, apply: () => 'second' });
    input.write(Buffer.concat([answerTo(99), answerTo(2), answerTo(1)]));
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
  });

  test('has a bound on what is under way', async () => {
    const channel = new Channel(
      new PassThrough(),
      new PassThrough({ highWaterMark: 1e9 }),
      0,
      assert.fail,
    );
    const calls = Array.from({ length: maxPendingRequests }, () => channel.call(listing));
    await assert.rejects(channel.call(listing), { name: 'ResourceExhaustedError' });
    channel.shutDown(new Error('over'));
    const ends = await Promise.allSettled(calls);
    assert.ok(ends.every(({ status }) => status === 'rejected'));
  });

  test('closes whatever it is told to, however much is under way', async () => {
    const input = new PassThrough();
    const output = new PassThrough({ highWaterMark: 1e9 });
    const channel = new Channel(input, output, 0, assert.fail);
    const objects = 2 * maxPendingRequests + 5;
    for (let at = 0; at < objects; at += 1) channel.close(`object${at}`);
    const asked: number[] = [];
    while (asked.length < objects) {
      await new Promise((resolve) => setImmediate(resolve));
      const some = requestsIn(output.read() as Buffer);
      assert.ok(some.length > 0 && some.length <= maxPendingRequests);
      asked.push(...some);
      input.write(Buffer.concat(some.map(answerTo)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(new Set(asked).size, objects);
  });

  test('asks on after whatever was closed', async () => {
    const output = new PassThrough({ highWaterMark: 1e9 });
    const channel = new Channel(new PassThrough(), output, 0, assert.fail);
    for (let object = 0; object < 3 * maxPendingRequests; object += 1) channel.close(`o${object}`);
    const body = new schema.CreateRouterT('room');
    const asked = channel.call({ ...creating, body });
    channel.shutDown(new Error('over'));
    await assert.rejects(asked, { message: 'over' });
  });

  test('waits for a worker that does not read, and only so long', async () => {
    let taken = 0;
    // Takes one frame and then nothing more.
    const output = new Writable({ highWaterMark: 1, write: () => void (taken += 1) });
    const channel = new Channel(new PassThrough(), output, 0, assert.fail);
    const body = new schema.CreateRouterT('x'.repeat(3 * 1024 * 1024));
    const calls = Array.from({ length: 6 }, () =>
      channel.call({ method: schema.RequestBody.CreateRouter, body, apply: () => undefined }),
    );
    const [outcome] = await Promise.allSettled(
      calls
        .slice(-1)
        .map((call) => Promise.race([call, new Promise((resolve) => setImmediate(resolve))])),
    );
    assert.equal(outcome?.status, 'fulfilled');
    await assert.rejects(
      channel.call({ method: schema.RequestBody.CreateRouter, body, apply: () => undefined }),
      {
        name: 'ResourceExhaustedError',
      },
    );
    assert.equal(taken, 1);
    channel.shutDown(new Error('over'));
    await Promise.allSettled(calls);
  });

  test('sends what one turn of the event loop asks for in one write', async () => {
    const writes: Buffer[] = [];
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(chunk);
        done();
      },
    });
    const channel = new Channel(new PassThrough(), output, 0, assert.fail);
    const calls = Array.from({ length: 20 }, () => channel.call(listing));
    // Continuations belong to the turn as well.
    calls.push(Promise.resolve().then(() => channel.call(listing)));
    assert.equal(writes.length, 0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(writes.length, 1);
    assert.deepEqual(
      requestsIn(writes[0] as Buffer),
      Array.from({ length: 21 }, (_, index) => index + 1),
    );
    channel.shutDown(new Error('over'));
    await Promise.allSettled(calls);
  });

  test('keeps the order of large and small requests', async () => {
    const output = new PassThrough({ highWaterMark: 1e9 });
    const channel = new Channel(new PassThrough(), output, 0, assert.fail);
    const sizes = [1, 70_000, 1, 200_000, 30_000, 30_000, 30_000, 1];
    const calls = sizes.map((size) =>
      channel.call({ ...creating, body: new schema.CreateRouterT('x'.repeat(size)) }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      requestsIn(output.read() as Buffer),
      sizes.map((_, index) => index + 1),
    );
    channel.shutDown(new Error('over'));
    await Promise.allSettled(calls);
  });

  test('gives each request its own time, and takes an answer that comes later', async () => {
    const input = new PassThrough();
    const channel = new Channel(input, new PassThrough(), 40, assert.fail);
    const late: string[] = [];
    const first = channel.call({ ...listing, applyLate: () => void late.push('first') });
    const answered = channel.call({ ...listing, apply: () => 'answered' });
    input.write(answerTo(2));
    assert.equal(await answered, 'answered');
    await assert.rejects(first, { name: 'TimeoutError' });
    const second = channel.call({ ...listing, apply: () => 'second' });
    input.write(Buffer.concat([answerTo(1), answerTo(3)]));
    assert.equal(await second, 'second');
    assert.deepEqual(late, ['first']);
    await assert.rejects(channel.call(listing), { name: 'TimeoutError' });
    channel.shutDown(new Error('over'));
  });

  test('gives one kind of news to who wants it as it is, and the rest to the other', async () => {
    const input = new PassThrough();
    const channel = new Channel(input, new PassThrough(), 0, assert.fail);
    const heard: string[] = [];
    channel.listen('a', ({ bodyType }) => void heard.push(`other ${bodyType}`));
    channel.listenToTable('a', schema.NotificationBody.PacketTraceChunk, (notification) => {
      const chunk = notification.body(new schema.PacketTraceChunk()) as schema.PacketTraceChunk;
      heard.push(`table ${chunk.bytesArray()?.join()}`);
    });
    const chunk = newsOf(
      'a',
      schema.NotificationBody.PacketTraceChunk,
      new schema.PacketTraceChunkT([1, 2, 3]),
    );
    const full = newsOf('a', schema.NotificationBody.SendBufferFull, new schema.SendBufferFullT());
    input.write(Buffer.concat([chunk, full]));
    await new Promise((resolve) => setImmediate(resolve));
    channel.unlistenToTable('a', schema.NotificationBody.PacketTraceChunk);
    input.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    const { PacketTraceChunk, SendBufferFull } = schema.NotificationBody;
    assert.deepEqual(heard, [
      'table 1,2,3',
      `other ${SendBufferFull}`,
      `other ${PacketTraceChunk}`,
    ]);
  });

  test('ends once, with the reason, when the stream makes no sense', async () => {
    const input = new PassThrough();
    const failures: Error[] = [];
    const channel = new Channel(input, new PassThrough(), 0, (error) => failures.push(error));
    const call = channel.call(listing);
    input.write(frameOf(Buffer.from('this is no FlatBuffer')));
    await assert.rejects(call, { name: 'WorkerError', message: /nonsense/ });
    input.write(frameOf(Buffer.alloc(0)));
    assert.equal(failures.length, 1);
    await assert.rejects(channel.call(listing), { name: 'InvalidStateError' });
  });
});

test('payload type 0 survives the wire', () => {
  const builder = new Builder();
  const parameters = encodeRtpParameters({
    codecs: [{ mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8000 }],
    encodings: [{ ssrc: 0xffffffff, codecPayloadType: 0 }, { rid: 'r1' }],
  });
  builder.finish(parameters.pack(builder));
  const { encodings, codecs } = schema.RtpParameters.getRootAsRtpParameters(
    new ByteBuffer(builder.asUint8Array()),
  ).unpack();
  assert.equal(codecs[0]?.payloadType, 0);
  assert.deepEqual(
    [encodings[0]?.ssrc, encodings[0]?.codecPayloadType, encodings[0]?.rtxSsrc],
    [0xffffffff, 0, null],
  );
  assert.deepEqual(
    [encodings[1]?.ssrc, encodings[1]?.codecPayloadType, encodings[1]?.rid],
    [null, null, 'r1'],
  );
});

describe('EnhancedEventEmitter', () => {
  type Events = { news: [number]; listenererror: [string, Error] };

  test('turns failures of listeners into listenererror', async () => {
    const emitter = new EnhancedEventEmitter<Events>();
    const errors: string[] = [];
    emitter.on('listenererror', (name, error) => void errors.push(`${name} ${error.message}`));
    emitter.on('news', () => {
      throw new Error('sync');
    });
    emitter.on('news', () => Promise.reject(new Error('async')));
    emitter.on('news', () => {
      throw 'a text';
    });
    assert.equal(emitter.safeEmit('news', 1), true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(errors, ['news sync', 'news a text', 'news async']);
  });

  test('survives a listenererror listener that fails itself', () => {
    const emitter = new EnhancedEventEmitter<Events>();
    emitter.on('listenererror', () => {
      throw new Error('again');
    });
    emitter.on('news', () => {
      throw new Error('first');
    });
    assert.doesNotThrow(() => emitter.safeEmit('news', 1));
  });

  test('calls a once listener once, and knows when nobody listens', () => {
    const emitter = new EnhancedEventEmitter<Events>();
    let calls = 0;
    emitter.once('news', () => void (calls += 1));
    assert.equal(emitter.safeEmit('news', 1), true);
    assert.equal(emitter.safeEmit('news', 1), false);
    assert.equal(calls, 1);
  });
});

test('scalability modes', () => {
  assert.deepEqual(parseScalabilityMode('L3T2_KEY'), {
    spatialLayers: 3,
    temporalLayers: 2,
    ksvc: true,
  });
  assert.deepEqual(parseScalabilityMode('S2T3'), {
    spatialLayers: 2,
    temporalLayers: 3,
    ksvc: false,
  });
  for (const nothing of [undefined, '', 'X1T1', 'L0T1', '3']) {
    assert.deepEqual(parseScalabilityMode(nothing), {
      spatialLayers: 1,
      temporalLayers: 1,
      ksvc: false,
    });
  }
});

test('the version is that of the package', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  assert.equal(version, manifest.version);
});
