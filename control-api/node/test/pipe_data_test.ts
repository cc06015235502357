// Data producers over pipes, against fake workers: who gets which stream, and for how long.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  createWorker,
  InvalidStateError,
  NotFoundError,
  ResourceExhaustedError,
  type PipeTransport,
  type Router,
  type types,
} from '../src/index.js';
import { DataStreams } from '../src/data_streams.js';
import type { Script } from './fake_worker.js';
import { end, fakeWorkerBin, listenInfos, mediaCodecs, nextEvent } from './fixtures.js';

const [listenInfo] = listenInfos as [types.TransportListenInfo];

async function withRouters(
  body: (near: Router, far: Router) => Promise<void>,
  farScript: Script = {},
): Promise<void> {
  const workers = await Promise.all(
    [{}, farScript].map((script) => createWorker({ workerBin: fakeWorkerBin(script) })),
  );
  try {
    const [near, far] = await Promise.all(
      workers.map((worker) => worker.createRouter({ mediaCodecs })),
    );
    await body(near as Router, far as Router);
  } finally {
    await Promise.all(workers.map(end));
  }
}

/** Data producers of the application. */
async function speakers(router: Router, count: number): Promise<types.DataProducer[]> {
  const direct = await router.createDirectTransport();
  return Promise.all(Array.from({ length: count }, () => direct.produceData({ label: 'news' })));
}

function streamOf({ pipeDataConsumer }: types.PipeDataToRouterResult): number | undefined {
  return pipeDataConsumer.sctpStreamParameters?.streamId;
}

describe('streams of a transport', () => {
  test('are taken from the first claim until both sides have reset them', () => {
    const streams = new DataStreams();
    streams.claim(4);
    assert.equal(streams.isFree(4), false);
    streams.grant(4);
    streams.release(4, true);
    assert.equal(streams.isFree(4), false);
    streams.recordReset(4);
    assert.ok(streams.isFree(4));
  });

  test('are taken as long as one direction is', () => {
    const streams = new DataStreams();
    streams.claim(4);
    streams.claim(4);
    streams.release(4, false);
    assert.equal(streams.isFree(4), false);
    streams.release(4, false);
    assert.ok(streams.isFree(4));
  });

  test('that the peer has closed are free when nobody claims them any more', () => {
    const streams = new DataStreams();
    streams.claim(4);
    streams.grant(4);
    streams.recordReset(4);
    assert.equal(streams.isFree(4), false);
    streams.release(4, true);
    assert.ok(streams.isFree(4));
  });

  test('need no reset where there is no association, or the worker has refused', () => {
    const streams = new DataStreams();
    streams.claim(4);
    streams.grant(4);
    streams.release(4, false);
    assert.ok(streams.isFree(4));
    streams.claim(4);
    streams.release(4, true);
    assert.ok(streams.isFree(4));
  });
});

describe('pipeToRouter with dataProducerId', () => {
  test('keeps id, label and reliability', async () => {
    await withRouters(async (near, far) => {
      const transport = await near.createWebRtcTransport({ listenInfos, enableSctp: true });
      const dataProducer = await transport.produceData({
        sctpStreamParameters: { streamId: 7, ordered: false, maxRetransmits: 2 },
        label: 'chat',
        protocol: 'v1',
        appData: { mine: true },
      });
      const options = { dataProducerId: dataProducer.id, router: far };
      const { pipeDataConsumer, pipeDataProducer } = await near.pipeToRouter(options);
      assert.equal(pipeDataConsumer.dataProducerId, dataProducer.id);
      const { id, label, protocol, appData, sctpStreamParameters } = pipeDataProducer;
      const expected = [dataProducer.id, 'chat', 'v1', { mine: true }];
      assert.deepEqual([id, label, protocol, appData], expected);
      assert.deepEqual(sctpStreamParameters, pipeDataConsumer.sctpStreamParameters);
      const { streamId, ...reliability } = sctpStreamParameters as types.SctpStreamParameters;
      assert.deepEqual(reliability, { ordered: false, maxRetransmits: 2 });
    });
  });

  test('gives each direction streams of its own', async () => {
    await withRouters(async (near, far) => {
      const carry = async (from: Router, to: Router): Promise<number[]> => {
        const producers = await speakers(from, 3);
        const results = producers.map(({ id }) =>
          from.pipeToRouter({ dataProducerId: id, router: to }),
        );
        return (await Promise.all(results)).map((result) => streamOf(result) as number).sort();
      };
      const [there, back] = await Promise.all([carry(near, far), carry(far, near)]);
      const [even, odd] = near.id < far.id ? [there, back] : [back, there];
      assert.deepEqual(
        [even, odd],
        [
          [0, 2, 4],
          [1, 3, 5],
        ],
      );
    });
  });

  test('uses a stream again once both ends have reset it', async () => {
    await withRouters(async (near, far) => {
      const [first, second, third] = (await speakers(near, 3)) as [
        types.DataProducer,
        types.DataProducer,
        types.DataProducer,
      ];
      const ends: PipeTransport[] = [];
      for (const router of [near, far])
        router.observer.on('newtransport', (made) => void ends.push(made as PipeTransport));
      const carry = (producer: types.DataProducer) =>
        near.pipeToRouter({ dataProducerId: producer.id, router: far });
      const before = await carry(first);
      const reset = ends.map((each) => nextEvent(each, 'datachannelclose'));
      before.pipeDataConsumer.close();
      const meanwhile = await carry(second);
      assert.notEqual(streamOf(meanwhile), streamOf(before));
      await Promise.all(reset);
      assert.equal(streamOf(await carry(third)), streamOf(before));
    });
  });

  test('begins paused what is paused, and follows', async () => {
    await withRouters(async (near, far) => {
      const [dataProducer] = (await speakers(near, 1)) as [types.DataProducer];
      await dataProducer.pause();
      const options = { dataProducerId: dataProducer.id, router: far };
      const { pipeDataProducer } = await near.pipeToRouter(options);
      assert.ok(pipeDataProducer.paused);
      const resumed = nextEvent(pipeDataProducer.observer, 'resume');
      await dataProducer.resume();
      await resumed;
      const paused = nextEvent(pipeDataProducer.observer, 'pause');
      await dataProducer.pause();
      await paused;
    });
  });

  test('ends with what it carries, at either end', async () => {
    await withRouters(async (near, far) => {
      const [dataProducer] = (await speakers(near, 1)) as [types.DataProducer];
      const options = { dataProducerId: dataProducer.id, router: far };
      const first = await near.pipeToRouter(options);
      first.pipeDataProducer.close();
      assert.ok(first.pipeDataConsumer.closed);
      const second = await near.pipeToRouter(options);
      assert.notEqual(second.pipeDataProducer, first.pipeDataProducer);
      const closed = nextEvent(second.pipeDataProducer.observer, 'close');
      dataProducer.close();
      await closed;
      await assert.rejects(near.pipeToRouter(options), NotFoundError);
    });
  });

  test('resolves to the same, whoever asks when, and makes no loops', async () => {
    await withRouters(async (near, far) => {
      const [dataProducer] = (await speakers(near, 1)) as [types.DataProducer];
      const options = { dataProducerId: dataProducer.id, router: far };
      const [first, second] = await Promise.all([
        near.pipeToRouter(options),
        near.pipeToRouter(options),
      ]);
      assert.equal(first.pipeDataProducer, second.pipeDataProducer);
      assert.equal(await near.pipeToRouter(options), first);
      const back = { dataProducerId: dataProducer.id, router: near, keepId: false };
      await assert.rejects(far.pipeToRouter(back), /came from/);
    });
  });

  test('leaves nothing behind if the far worker refuses', async () => {
    const refuse = { ProduceData: { code: 6, message: 'no more' } };
    await withRouters(
      async (near, far) => {
        const [dataProducer] = (await speakers(near, 1)) as [types.DataProducer];
        const numSctpStreams = { OS: 2, MIS: 2 };
        const options = { dataProducerId: dataProducer.id, router: far, numSctpStreams };
        // More often than there are streams.
        for (let tries = 0; tries < 3; tries += 1)
          await assert.rejects(near.pipeToRouter(options), /no more/);
      },
      { refuse },
    );
  });

  test('says that all streams are taken', async () => {
    await withRouters(async (near, far) => {
      const [first, second] = (await speakers(near, 2)) as [types.DataProducer, types.DataProducer];
      const options = { router: far, numSctpStreams: { OS: 2, MIS: 2 } };
      await near.pipeToRouter({ ...options, dataProducerId: first.id });
      const asked = near.pipeToRouter({ ...options, dataProducerId: second.id });
      await assert.rejects(asked, ResourceExhaustedError);
    });
  });

  test('takes exactly one of both ids', async () => {
    await withRouters(async (near, far) => {
      for (const ids of [{}, { producerId: 'a', dataProducerId: 'b' }]) {
        const options = { ...ids, router: far } as unknown as types.PipeToRouterOptions;
        await assert.rejects(near.pipeToRouter(options), {
          name: 'TypeError',
          message: /producerId or dataProducerId/,
        });
      }
      const options = { dataProducerId: 'nobody', router: far };
      await assert.rejects(near.pipeToRouter(options), NotFoundError);
    });
  });

  test('says what is missing if the pipe was made without SCTP', async () => {
    await withRouters(async (near, far) => {
      const [dataProducer] = (await speakers(near, 1)) as [types.DataProducer];
      const options = { dataProducerId: dataProducer.id, router: far, enableSctp: false };
      await assert.rejects(
        near.pipeToRouter(options),
        (error: Error) => error instanceof InvalidStateError && /enableSctp/.test(error.message),
      );
    });
  });
});

describe('a pipe transport made by hand', () => {
  test('tells of SCTP, and takes a free stream or the one that is asked for', async () => {
    await withRouters(async (near) => {
      const transport = await near.createPipeTransport({
        listenInfo,
        enableSctp: true,
        numSctpStreams: { OS: 16, MIS: 16 },
      });
      const { OS, MIS } = transport.sctpParameters as types.SctpParameters;
      assert.deepEqual([OS, MIS, transport.sctpState], [16, 16, 'new']);
      const told = nextEvent(transport, 'sctpstatechange');
      await transport.connect({ ip: '127.0.0.1', port: 9 });
      assert.deepEqual([await told, transport.sctpState], [['connected'], 'connected']);
      const [{ id: dataProducerId }] = (await speakers(near, 1)) as [types.DataProducer];
      const consumers = [
        await transport.consumeData({ dataProducerId }),
        await transport.consumeData({ dataProducerId, streamId: 5 }),
        await transport.consumeData({ dataProducerId }),
      ];
      const streams = consumers.map(({ sctpStreamParameters }) => sctpStreamParameters?.streamId);
      assert.deepEqual(streams, [0, 5, 1]);
    });
  });

  test('opens no channels, because both ends agree', async () => {
    await withRouters(async (near) => {
      const transport = await near.createPipeTransport({ listenInfo, enableSctp: true });
      const [{ id: dataProducerId }] = (await speakers(near, 1)) as [types.DataProducer];
      const asked = transport.consumeData({ dataProducerId, negotiated: false });
      await assert.rejects(asked, /negotiated: both ends agree/);
    });
  });
});
