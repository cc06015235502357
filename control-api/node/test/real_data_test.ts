// Data channels through the real worker, as far as they go without a browser: the application on
// both ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  DataConsumer,
  InvalidStateError,
  UnsupportedError,
  type Router,
  type types,
  type WebRtcTransport,
} from '../src/index.js';
import { listenInfos, nextEvent } from './fixtures.js';
import { skip, withRealWorker } from './real_worker.js';

const [listenInfo] = listenInfos as [types.TransportListenInfo];

interface Room {
  router: Router;
  transport: WebRtcTransport;
}

async function inRoom(body: (room: Room) => Promise<void>): Promise<void> {
  await withRealWorker(async (worker) => {
    const router = await worker.createRouter();
    const transport = await router.createWebRtcTransport({ listenInfos, enableSctp: true });
    await body({ router, transport });
  });
}

describe('data channels of the real worker', { skip }, () => {
  test('a transport says what it allows', async () => {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter();
      const transport = await router.createWebRtcTransport({
        listenInfos,
        enableSctp: true,
        numSctpStreams: { OS: 16, MIS: 32 },
        maxSctpMessageSize: 65_536,
      });
      const { port, OS, MIS, maxMessageSize, isDataChannel } = transport.sctpParameters ?? {};
      const told = [port, OS, MIS, maxMessageSize, isDataChannel];
      assert.deepEqual(told, [5000, 16, 32, 65_536, true]);
      assert.equal(transport.sctpState, 'new');
      const [stats] = await transport.getStats();
      assert.equal(stats?.sctpState, 'new');

      const without = await router.createWebRtcTransport({ listenInfos });
      assert.equal(without.sctpParameters, undefined);
      assert.equal(without.sctpState, undefined);
      const sctpStreamParameters = { streamId: 0 };
      await assert.rejects(without.produceData({ sctpStreamParameters }), InvalidStateError);
    });
  });

  test('the application hears what it says, as text and as bytes', async () => {
    await inRoom(async ({ transport }) => {
      const producer = await transport.produceData({ label: 'news', protocol: 'v1' });
      assert.equal(producer.type, 'direct');
      const consumer = await transport.consumeData({ dataProducerId: producer.id, direct: true });
      assert.ok(consumer instanceof DataConsumer);
      const { label, protocol, type } = consumer;
      assert.deepEqual([label, protocol, type], ['news', 'v1', 'direct']);
      for (const [message, ppid] of [
        ['hello', 51],
        [Buffer.from([0, 1, 255]), 53],
      ] as const) {
        const told = nextEvent(consumer, 'message');
        await producer.send(message);
        assert.deepEqual(await told, [Buffer.from(message as string), ppid]);
      }
      const [stats] = await producer.getStats();
      assert.equal(stats?.type, 'data-producer');
      assert.deepEqual([stats?.messagesReceived, stats?.bytesReceived], [2, 8]);
      const [sent] = await consumer.getStats();
      assert.deepEqual([sent?.type, sent?.messagesSent, sent?.bytesSent], ['data-consumer', 2, 8]);
    });
  });

  test('messages need no transport of WebRTC', async () => {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter();
      const direct = await router.createDirectTransport();
      const speakers = [
        direct,
        await router.createPlainTransport({ listenInfo }),
        await router.createPipeTransport({ listenInfo }),
      ];
      for (const speaker of speakers) {
        const producer = await speaker.produceData({ label: speaker.type });
        const consumer = await direct.consumeData({ dataProducerId: producer.id });
        assert.equal(consumer.label, speaker.type);
        const told = nextEvent(consumer, 'message');
        await producer.send('hello');
        assert.deepEqual(await told, [Buffer.from('hello'), 51]);
      }
    });
  });

  test('messages of a direct transport are for streams as well', async () => {
    await inRoom(async ({ router, transport }) => {
      const direct = await router.createDirectTransport();
      const producer = await direct.produceData({ label: 'news' });
      const consumer = await transport.consumeData({ dataProducerId: producer.id });
      const { type, sctpStreamParameters, label } = consumer;
      const expected = ['sctp', { streamId: 0, ordered: true }, 'news'];
      assert.deepEqual([type, sctpStreamParameters, label], expected);
    });
  });

  test('sub-channels choose who hears', async () => {
    await inRoom(async ({ transport }) => {
      const producer = await transport.produceData();
      const options = { dataProducerId: producer.id, direct: true, subchannels: [3, 1, 3] };
      const consumer = await transport.consumeData(options);
      const heard: string[] = [];
      consumer.on('message', (message) => void heard.push(message.toString()));
      await producer.send('one', undefined, [1]);
      await producer.send('two', undefined, [2]);
      await producer.send('required', undefined, undefined, 2);
      await producer.send('all');
      await consumer.addSubchannel(2);
      assert.deepEqual(consumer.subchannels, [1, 2, 3]);
      await producer.send('two again', undefined, [2]);
      await consumer.removeSubchannel(1);
      await consumer.setSubchannels([9]);
      assert.deepEqual(consumer.subchannels, [9]);
      await producer.send('one again', undefined, [1]);
      await consumer.dump();
      assert.deepEqual(heard, ['one', 'all', 'two again']);
    });
  });

  test('pausing and closing are told', async () => {
    await inRoom(async ({ transport }) => {
      const sctpStreamParameters = { streamId: 4, maxRetransmits: 1 };
      const producer = await transport.produceData({ sctpStreamParameters });
      assert.deepEqual(producer.sctpStreamParameters, { ...sctpStreamParameters, ordered: false });
      const consumer = await transport.consumeData({ dataProducerId: producer.id });
      const expected = { ...producer.sctpStreamParameters, streamId: 0 };
      assert.deepEqual(consumer.sctpStreamParameters, expected);
      const paused = nextEvent(consumer, 'dataproducerpause');
      await producer.pause();
      await paused;
      assert.ok(consumer.dataProducerPaused && producer.paused);
      const resumed = nextEvent(consumer, 'dataproducerresume');
      await producer.resume();
      await resumed;
      await consumer.setBufferedAmountLowThreshold(1000);
      assert.equal(consumer.bufferedAmountLowThreshold, 1000);
      assert.equal(await consumer.getBufferedAmount(), 0);
      await assert.rejects(consumer.send('nobody is there'), InvalidStateError);
      await assert.rejects(producer.send('not mine'), UnsupportedError);
      const gone = nextEvent(consumer, 'dataproducerclose');
      producer.close();
      await gone;
      assert.ok(consumer.closed);
    });
  });

  test('a closed transport takes its data with it', async () => {
    await inRoom(async ({ transport }) => {
      const producer = await transport.produceData();
      const consumer = await transport.consumeData({ dataProducerId: producer.id, direct: true });
      const told = [nextEvent(producer, 'transportclose'), nextEvent(consumer, 'transportclose')];
      transport.close();
      await Promise.all(told);
      assert.equal(transport.sctpState, 'closed');
    });
  });

  test('wrong options are a TypeError', async () => {
    await inRoom(async ({ router, transport }) => {
      for (const sctpStreamParameters of [
        { streamId: 65_535 },
        { streamId: -1 },
        { streamId: 0, maxRetransmits: 1, maxPacketLifeTime: 1 },
      ])
        await assert.rejects(transport.produceData({ sctpStreamParameters }), TypeError);
      for (const wrong of [
        { numSctpStreams: { OS: 0, MIS: 1 } },
        { maxSctpMessageSize: 0 },
        { maxSctpMessageSize: 1_000_000_000 },
        { sctpSendBufferSize: 1 },
      ]) {
        const options = { listenInfos, enableSctp: true, ...wrong };
        await assert.rejects(router.createWebRtcTransport(options), TypeError);
      }
      const producer = await transport.produceData();
      await assert.rejects(producer.send(1 as unknown as string), TypeError);
      const options = { dataProducerId: producer.id, negotiated: false };
      await assert.rejects(transport.consumeData(options), InvalidStateError);
    });
  });
});
