// Plain, pipe and direct transports against the worker itself, with packets: RTP over loopback and
// through the control channel.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import {
  createWorker,
  describeForReceiver,
  NotFoundError,
  PipeTransport,
  workerBin,
  writeSdp,
  type DirectTransport,
  type Producer,
  type Router,
  type types,
  type Worker,
} from '../src/index.js';
import { browserCapabilities, end, mediaCodecs, nextEvent } from './fixtures.js';
import { skip } from './real_worker.js';

const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };
const ssrc = 4711;
const sound: types.RtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000, channels: 2 }],
  encodings: [{ ssrc }],
  rtcp: { cname: 'tool' },
};

/** A packet of Opus. */
function packet(sequence: number): Buffer {
  const bytes = Buffer.alloc(12 + 20, sequence & 0xff);
  bytes.writeUInt8(0x80, 0);
  bytes.writeUInt8(100, 1);
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE(sequence * 960, 4);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}

const pipes = new WeakMap<Router, PipeTransport[]>();

function notePipes(router: Router): void {
  const made: PipeTransport[] = [];
  pipes.set(router, made);
  router.observer.on('newtransport', (transport) => {
    if (transport instanceof PipeTransport) made.push(transport);
  });
}

/** The next news of its pipes that a stream is free again. */
function resetAt(...routers: Router[]): Promise<unknown> {
  const ends = routers.flatMap((router) => pipes.get(router) ?? []);
  return Promise.all(ends.map((end) => nextEvent(end, 'datachannelclose')));
}

async function withWorkers(
  count: number,
  body: (routers: Router[], workers: Worker[]) => Promise<void>,
): Promise<void> {
  const workers = await Promise.all(
    Array.from({ length: count }, () => createWorker({ workerBin })),
  );
  try {
    const routers = workers.map((worker) => worker.createRouter({ mediaCodecs }));
    const made = await Promise.all(routers);
    for (const router of made) notePipes(router);
    await body(made, workers);
  } finally {
    await Promise.all(workers.map(end));
  }
}

async function withSocket(body: (socket: Socket, port: number) => Promise<void>): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  try {
    await body(socket, socket.address().port);
  } finally {
    socket.close();
  }
}

/** Sends a packet every few milliseconds until `done` is settled. */
async function sendingUntil<Result>(
  send: (bytes: Buffer) => void,
  done: Promise<Result>,
): Promise<Result> {
  let sequence = 1;
  const timer = setInterval(() => send(packet((sequence += 1))), 5);
  try {
    return await done;
  } finally {
    clearInterval(timer);
  }
}

async function inject(router: Router): Promise<{ direct: DirectTransport; producer: Producer }> {
  const direct = await router.createDirectTransport();
  return { direct, producer: await direct.produce({ kind: 'audio', rtpParameters: sound }) };
}

describe('a plain transport', { skip }, () => {
  test('learns where the tool is, and hears it', async () => {
    await withWorkers(1, async ([router]) => {
      const transport = await (router as Router).createPlainTransport({
        listenInfo,
        comedia: true,
      });
      const producer = await transport.produce({ kind: 'audio', rtpParameters: sound });
      await withSocket(async (socket, port) => {
        const { localPort } = transport.tuple;
        const [tuple] = (await sendingUntil(
          (bytes) => socket.send(bytes, localPort, '127.0.0.1'),
          nextEvent(transport, 'tuple'),
        )) as [types.TransportTuple];
        assert.equal(tuple.remotePort, port);
        assert.deepEqual(transport.tuple, tuple);
        const [stats] = await transport.getStats();
        assert.equal(stats?.type, 'plain-rtp-transport');
        assert.equal(stats?.tuple?.remotePort, port);
        assert.ok(((await producer.getStats())[0]?.packetCount ?? 0) > 0);
      });
    });
  });

  test('sends to the tool what its SDP says', async () => {
    await withWorkers(1, async ([router]) => {
      const { producer } = await inject(router as Router);
      const transport = await (router as Router).createPlainTransport({ listenInfo });
      await withSocket(async (socket, port) => {
        await transport.connect({ ip: '127.0.0.1', port });
        const consumer = await transport.consume({
          producerId: producer.id,
          rtpCapabilities: browserCapabilities(router as Router),
        });
        const [bytes] = (await sendingUntil(
          (each) => producer.send(each),
          once(socket, 'message'),
        )) as [Buffer];
        const sent = consumer.rtpParameters.encodings?.[0]?.ssrc;
        assert.equal(bytes.readUInt32BE(8), sent);
        const sdp = writeSdp([describeForReceiver(transport, consumer)]);
        assert.match(sdp, new RegExp(`m=audio ${port} RTP/AVP`));
        assert.match(sdp, new RegExp(`a=ssrc:${String(sent)} `));
      });
    });
  });

  test('follows the suite of the other end', async () => {
    await withWorkers(1, async ([router]) => {
      const transport = await (router as Router).createPlainTransport({
        listenInfo,
        enableSrtp: true,
      });
      assert.equal(transport.srtpParameters?.cryptoSuite, 'AES_CM_128_HMAC_SHA1_80');
      const keyBase64 = Buffer.alloc(28, 5).toString('base64');
      await transport.connect({
        ip: '127.0.0.1',
        port: 9,
        srtpParameters: { cryptoSuite: 'AEAD_AES_128_GCM', keyBase64 },
      });
      assert.equal(transport.srtpParameters?.cryptoSuite, 'AEAD_AES_128_GCM');
      await assert.rejects(transport.connect({ ip: '127.0.0.1', port: 9 }));
    });
  });

  test('has a second port where RTCP does not share the first', async () => {
    await withWorkers(1, async ([router]) => {
      const transport = await (router as Router).createPlainTransport({
        listenInfo,
        rtcpMux: false,
      });
      assert.notEqual(transport.rtcpTuple?.localPort, transport.tuple.localPort);
      await assert.rejects(transport.connect({ ip: '127.0.0.1', port: 9 }), /rtcpPort/);
      await transport.connect({ ip: '127.0.0.1', port: 9, rtcpPort: 10 });
      assert.equal(transport.rtcpTuple?.remotePort, 10);
    });
  });
});

describe('a direct transport', { skip }, () => {
  test('gives the application what it was given', async () => {
    await withWorkers(1, async ([router]) => {
      const { direct, producer } = await inject(router as Router);
      const consumer = await direct.consume({
        producerId: producer.id,
        rtpCapabilities: browserCapabilities(router as Router),
      });
      const [bytes] = (await sendingUntil(
        (each) => producer.send(each),
        nextEvent(consumer, 'rtp'),
      )) as [Buffer];
      assert.equal(bytes.length >= 32, true);
      assert.equal(bytes.readUInt32BE(8), consumer.rtpParameters.encodings?.[0]?.ssrc);
      assert.equal((await direct.getStats())[0]?.type, 'direct-transport');
      await assert.rejects(direct.setMaxOutgoingBitrate());
    });
  });

  test('reports on what it sends', async () => {
    await withWorkers(1, async ([router]) => {
      const { direct, producer } = await inject(router as Router);
      const [report] = (await sendingUntil(
        (each) => producer.send(each),
        nextEvent(direct, 'rtcp'),
      )) as [Buffer];
      assert.equal(report[1], 201, 'a receiver report');
    });
  });

  test('alone takes packets', async () => {
    await withWorkers(1, async ([router]) => {
      const transport = await (router as Router).createPlainTransport({ listenInfo });
      const producer = await transport.produce({ kind: 'audio', rtpParameters: sound });
      assert.throws(() => producer.send(packet(1)), /direct transports/);
      const { direct, producer: own } = await inject(router as Router);
      assert.throws(() => own.send('text' as never), /^TypeError: rtpPacket is not a Buffer/);
      assert.throws(() => direct.sendRtcp([128, 201] as never), /^TypeError: rtcp is not a Buffer/);
    });
  });
});

describe('pipeToRouter', { skip }, () => {
  for (const enableSrtp of [false, true]) {
    test(`carries sound to another worker, SRTP ${enableSrtp ? 'on' : 'off'}`, async () => {
      await withWorkers(2, async ([near, far]) => {
        const { producer } = await inject(near as Router);
        const { pipeProducer, pipeConsumer } = await (near as Router).pipeToRouter({
          producerId: producer.id,
          router: far as Router,
          enableSrtp,
        });
        assert.equal(pipeProducer.id, producer.id);
        assert.equal(pipeConsumer.type, 'pipe');
        const direct = await (far as Router).createDirectTransport();
        const consumer = await direct.consume({
          producerId: producer.id,
          rtpCapabilities: browserCapabilities(far as Router),
        });
        await sendingUntil((each) => producer.send(each), nextEvent(consumer, 'rtp'));
      });
    });
  }

  test('keeps both ends in step', async () => {
    await withWorkers(2, async ([near, far]) => {
      const { producer } = await inject(near as Router);
      const options = { producerId: producer.id, router: far as Router };
      const { pipeProducer } = await (near as Router).pipeToRouter(options);
      const paused = nextEvent(pipeProducer.observer, 'pause');
      await producer.pause();
      await paused;
      const resumed = nextEvent(pipeProducer.observer, 'resume');
      await producer.resume();
      await resumed;
      const closed = nextEvent(pipeProducer.observer, 'close');
      producer.close();
      await closed;
      assert.ok(pipeProducer.closed);
    });
  });

  test('ends at the near end what ends at the far one', async () => {
    await withWorkers(2, async ([near, far]) => {
      const { producer } = await inject(near as Router);
      const options = { producerId: producer.id, router: far as Router };
      const { pipeProducer, pipeConsumer } = await (near as Router).pipeToRouter(options);
      pipeProducer.close();
      assert.ok(pipeConsumer.closed);
      const again = await (near as Router).pipeToRouter(options);
      assert.notEqual(again.pipeConsumer.id, pipeConsumer.id);
    });
  });

  test('begins paused what is paused', async () => {
    await withWorkers(2, async ([near, far]) => {
      const { producer } = await inject(near as Router);
      await producer.pause();
      const options = { producerId: producer.id, router: far as Router };
      const { pipeProducer } = await (near as Router).pipeToRouter(options);
      assert.ok(pipeProducer.paused);
    });
  });

  test('makes one pipe for two routers, whoever begins, and one copy of a producer', async () => {
    await withWorkers(2, async ([near, far]) => {
      const made: unknown[] = [];
      near?.observer.on('newtransport', (transport) => made.push(transport.type));
      const { producer } = await inject(near as Router);
      const { producer: other } = await inject(far as Router);
      const options = { producerId: producer.id, router: far as Router };
      const [first, second] = await Promise.all([
        (near as Router).pipeToRouter(options),
        (near as Router).pipeToRouter(options),
        (far as Router).pipeToRouter({ producerId: other.id, router: near as Router }),
      ]);
      assert.equal(first.pipeProducer, second.pipeProducer);
      assert.deepEqual(made, ['direct', 'pipe']);
    });
  });

  test('makes no loops', async () => {
    await withWorkers(3, async (routers) => {
      const [a, b, c] = routers as [Router, Router, Router];
      const { producer } = await inject(a);
      await a.pipeToRouter({ producerId: producer.id, router: b });
      await assert.rejects(
        b.pipeToRouter({ producerId: producer.id, router: a, keepId: false }),
        /came from/,
      );
      await b.pipeToRouter({ producerId: producer.id, router: c });
      await assert.rejects(
        c.pipeToRouter({ producerId: producer.id, router: a, keepId: false }),
        /came from/,
      );
    });
  });

  test('gives a new id within one worker', async () => {
    await withWorkers(1, async ([router], [worker]) => {
      const other = await (worker as Worker).createRouter({ mediaCodecs });
      const { producer } = await inject(router as Router);
      const options = { producerId: producer.id, router: other };
      await assert.rejects((router as Router).pipeToRouter({ ...options, keepId: true }), /keepId/);
      const { pipeProducer } = await (router as Router).pipeToRouter(options);
      assert.notEqual(pipeProducer.id, producer.id);
    });
  });

  test('survives the loss of the other worker', async () => {
    await withWorkers(2, async ([near, far], [, farWorker]) => {
      const { producer } = await inject(near as Router);
      const options = { producerId: producer.id, router: far as Router };
      const { pipeConsumer } = await (near as Router).pipeToRouter(options);
      const died = nextEvent(farWorker as Worker, 'died');
      process.kill((farWorker as Worker).pid, 'SIGKILL');
      await died;
      assert.ok(pipeConsumer.closed);
      assert.equal(producer.closed, false);
    });
  });
});

describe('pipeToRouter of messages', { skip }, () => {
  const messages: [string | Buffer, number][] = [
    ['hello', 51],
    [Buffer.from([0, 1, 255]), 53],
    ['', 56],
    [Buffer.alloc(0), 57],
    ['x'.repeat(200_000), 51],
  ];

  /** What is said at one router, and who hears it at the other. */
  async function carryData(
    near: Router,
    far: Router,
    options: Partial<types.PipeDataToRouterOptions> = {},
  ) {
    const speaker = await near.createDirectTransport();
    const dataProducer = await speaker.produceData({ label: 'news', protocol: 'v1' });
    const dataProducerId = dataProducer.id;
    const ends = await near.pipeToRouter({ ...options, dataProducerId, router: far });
    const listener = await far.createDirectTransport();
    const dataConsumer = await listener.consumeData({ dataProducerId: ends.pipeDataProducer.id });
    return { ...ends, dataProducer, dataConsumer };
  }

  /** What is heard of what is said. */
  async function heardBy(
    { on, dataProducer }: { on: types.DataConsumer; dataProducer: types.DataProducer },
    said: [string | Buffer, number][],
  ): Promise<[string, number][]> {
    const heard: [string, number][] = [];
    const all = new Promise<void>((resolve) => {
      on.on('message', (message, ppid) => {
        heard.push([message.toString('latin1'), ppid]);
        if (heard.length === said.length) resolve();
      });
    });
    for (const [message] of said) await dataProducer.send(message);
    await all;
    return heard;
  }

  for (const enableSrtp of [false, true]) {
    test(`carries them both ways, SRTP ${enableSrtp ? 'on' : 'off'}`, async () => {
      await withWorkers(2, async (routers) => {
        const [near, far] = routers as [Router, Router];
        const directions = [
          await carryData(near, far, { enableSrtp }),
          await carryData(far, near, { enableSrtp }),
        ];
        for (const { dataProducer, dataConsumer } of directions) {
          const { label, protocol } = dataConsumer;
          assert.deepEqual([label, protocol], ['news', 'v1']);
          const heard = await heardBy({ on: dataConsumer, dataProducer }, messages);
          const said = messages.map(([message, ppid]) => [
            Buffer.from(message as string).toString('latin1'),
            ppid,
          ]);
          assert.deepEqual(heard, said);
        }
      });
    });
  }

  test('carries them beside sound, over the same pipe', async () => {
    await withWorkers(2, async (routers) => {
      const [near, far] = routers as [Router, Router];
      const made: string[] = [];
      near.observer.on('newtransport', ({ type }) => void made.push(type));
      const { producer } = await inject(near);
      const { pipeProducer } = await near.pipeToRouter({ producerId: producer.id, router: far });
      const { dataProducer, dataConsumer } = await carryData(near, far);
      const told = nextEvent(dataConsumer, 'message');
      await dataProducer.send('hello');
      assert.deepEqual(await told, [Buffer.from('hello'), 51]);
      assert.equal(pipeProducer.closed, false);
      assert.deepEqual(made, ['direct', 'pipe', 'direct']);
    });
  });

  test('keeps both ends in step', async () => {
    await withWorkers(2, async (routers) => {
      const [near, far] = routers as [Router, Router];
      const { dataProducer, dataConsumer, pipeDataProducer } = await carryData(near, far);
      const paused = nextEvent(dataConsumer, 'dataproducerpause');
      await dataProducer.pause();
      await paused;
      assert.ok(pipeDataProducer.paused);
      await dataProducer.send('unheard');
      const resumed = nextEvent(dataConsumer, 'dataproducerresume');
      await dataProducer.resume();
      await resumed;
      const told = nextEvent(dataConsumer, 'message');
      await dataProducer.send('heard');
      assert.deepEqual(await told, [Buffer.from('heard'), 51]);
      const closed = nextEvent(dataConsumer, 'dataproducerclose');
      dataProducer.close();
      await closed;
      assert.ok(pipeDataProducer.closed);
    });
  });

  test('gives a stream to the next one when both ends have reset it', async () => {
    await withWorkers(2, async (routers) => {
      const [near, far] = routers as [Router, Router];
      // One for each direction.
      const options = { numSctpStreams: { OS: 2, MIS: 2 } };
      for (const which of ['pipeDataConsumer', 'pipeDataProducer', 'dataProducer'] as const) {
        const carried = await carryData(near, far, options);
        const told = nextEvent(carried.dataConsumer, 'message');
        await carried.dataProducer.send(which);
        assert.deepEqual(await told, [Buffer.from(which), 51]);
        const reset = resetAt(near, far);
        carried[which].close();
        await reset;
      }
    });
  });

  test('loses no stream if the data producer is closed while it is carried', async () => {
    await withWorkers(2, async (routers) => {
      const [near, far] = routers as [Router, Router];
      const first = await carryData(near, far, { numSctpStreams: { OS: 2, MIS: 2 } });
      const reset = resetAt(near, far);
      first.pipeDataConsumer.close();
      await reset;
      const resetAgain = resetAt(near, far);
      const [farEnd] = pipes.get(far) as [PipeTransport];
      farEnd.observer.once('newdataproducer', () => first.dataProducer.close());
      const { id: dataProducerId } = first.dataProducer;
      await assert.rejects(near.pipeToRouter({ dataProducerId, router: far }), NotFoundError);
      await resetAgain;
      const second = await carryData(near, far);
      const told = nextEvent(second.dataConsumer, 'message');
      await second.dataProducer.send('hello');
      await told;
    });
  });
});
