// The SDK against the worker itself: both ends of the contract, without media.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createWorker, workerBin } from '../src/index.js';
import {
  audioParameters,
  browserCapabilities,
  dtlsParameters,
  end,
  listenInfos,
  mediaCodecs,
  nextEvent,
  videoParameters,
} from './fixtures.js';
import { skip, withRealWorker as withWorker } from './real_worker.js';

describe('the real worker', { skip }, () => {
  test('takes a whole call through its life', async () => {
    await withWorker(async (worker) => {
      const webRtcServer = await worker.createWebRtcServer({ listenInfos });
      assert.equal(webRtcServer.ports.length, 1);
      const router = await worker.createRouter({ mediaCodecs });
      const sending = await router.createWebRtcTransport({ webRtcServer });
      const receiving = await router.createWebRtcTransport({ webRtcServer });
      assert.equal(sending.iceCandidates[0]?.port, webRtcServer.ports[0]);
      assert.match(sending.dtlsParameters.fingerprints.at(-1)?.algorithm ?? '', /^sha-256$/);
      await sending.connect({ dtlsParameters });

      const rtpCapabilities = browserCapabilities(router);
      for (const [kind, rtpParameters] of [
        ['audio', audioParameters()],
        ['video', videoParameters()],
      ] as const) {
        const producer = await sending.produce({ kind, rtpParameters });
        assert.equal(producer.type, 'simple');
        const options = { producerId: producer.id, rtpCapabilities, paused: true };
        const consumer = await receiving.consume(options);
        assert.equal(consumer.producerPaused, false);
        await consumer.resume();
        await consumer.requestKeyFrame();

        const paused = nextEvent(consumer, 'producerpause');
        await producer.pause();
        await paused;
        const resumed = nextEvent(consumer, 'producerresume');
        await producer.resume();
        await resumed;

        assert.ok(Array.isArray(await producer.getStats()));
        const [outbound] = await consumer.getStats();
        assert.equal(outbound?.ssrc, consumer.rtpParameters.encodings?.[0]?.ssrc);

        const gone = nextEvent(consumer, 'producerclose');
        producer.close();
        await gone;
      }
    });
  });

  test('gives new credentials at an ICE restart', async () => {
    await withWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ listenInfos });
      const before = transport.iceParameters;
      const after = await transport.restartIce();
      assert.notEqual(after.usernameFragment, before.usernameFragment);
      assert.notEqual(after.password, before.password);
    });
  });

  test('is measured', async () => {
    await withWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ listenInfos });
      await transport.setMaxIncomingBitrate(2_000_000);
      const [stats] = await transport.getStats();
      assert.equal(stats?.transportId, transport.id);
      assert.equal(stats?.iceState, 'new');
      assert.equal(stats?.maxIncomingBitrate, 2_000_000);
      assert.ok((await worker.getResourceUsage()).ru_maxrss > 0);
      const { routers, transports, datagramsSent } = await worker.getStats();
      assert.deepEqual([routers, transports, datagramsSent], [1, 1, 0]);
      for (const object of [worker, router, transport]) {
        assert.equal(typeof (await object.dump()), 'object');
      }
      await worker.updateSettings({ logLevel: 'debug' });
    });
  });

  test('refuses what it should, by name of the field, and goes on', async () => {
    await withWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const nowhere = [{ protocol: 'udp', ip: 'not-an-address' }] as const;
      await assert.rejects(router.createWebRtcTransport({ listenInfos: [...nowhere] }), TypeError);
      const transport = await router.createWebRtcTransport({ listenInfos });
      await assert.rejects(
        transport.connect({
          dtlsParameters: { fingerprints: [{ algorithm: 'md5', value: 'AA' }] },
        }),
        TypeError,
      );
      const rtpParameters = audioParameters();
      await transport.produce({ kind: 'audio', rtpParameters });
      // The same SSRC twice cannot be told apart.
      await assert.rejects(transport.produce({ kind: 'audio', rtpParameters }));
      await worker.getResourceUsage();
    });
  });

  test('dies, and the SDK says so', async () => {
    const worker = await createWorker({ workerBin });
    const router = await worker.createRouter({ mediaCodecs });
    const died = nextEvent(worker, 'died');
    process.kill(worker.pid, 'SIGKILL');
    assert.match(((await died)[0] as Error).message, /SIGKILL/);
    assert.ok(router.closed);
  });

  test('ends by itself when it is closed', async () => {
    const worker = await createWorker({ workerBin });
    const started = Date.now();
    await end(worker);
    assert.ok(Date.now() - started < 1900, 'it had to be killed');
  });
});
