// The SDK against the worker itself: both ends of the contract, without media.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';

import { createWorker, workerBin, type Worker, type types } from '../src/index.js';
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

// The worker answers requests before it looks at its sockets, so what has just happened there may be
// told by the next answer only.
async function tcpWhen(
  worker: Worker,
  look: (tcp: types.TcpStat) => boolean,
): Promise<types.TcpStat> {
  let tcp = (await worker.getStats()).tcp;
  for (let i = 0; i < 100 && !look(tcp); ++i) tcp = (await worker.getStats()).tcp;
  assert.ok(look(tcp), JSON.stringify(tcp));
  return tcp;
}

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
      const { traffic, turnTime, rssBytes } = await worker.getStats();
      assert.deepEqual(traffic.iceStates, { new: 1 });
      assert.ok(turnTime.counts.reduce((sum, count) => sum + count) > 0);
      assert.equal(turnTime.counts.length, turnTime.boundsUs.length + 1);
      assert.ok(rssBytes > 1 << 20);
      assert.equal((await router.getStats()).traffic.transports, 1);
      for (const object of [worker, router, transport]) {
        assert.equal(typeof (await object.dump()), 'object');
      }
      await worker.updateSettings({ logLevel: 'debug' });
    });
  });

  test('offers TCP to those who want it, and takes their connections', async () => {
    await withWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const both = [...listenInfos, { protocol: 'tcp', ip: '127.0.0.1' } as const];
      const webRtcServer = await worker.createWebRtcServer({ listenInfos: both });
      const candidatesOf = async (options: types.WebRtcTransportOptions): Promise<string[]> => {
        const { iceCandidates } = await router.createWebRtcTransport(options);
        const best = [...iceCandidates].sort((a, b) => b.priority - a.priority);
        return best.map(({ protocol, tcpType }) => `${protocol} ${tcpType ?? ''}`);
      };
      assert.deepEqual(await candidatesOf({ webRtcServer }), ['udp ', 'tcp passive']);
      assert.deepEqual(await candidatesOf({ webRtcServer, enableTcp: false }), ['udp ']);
      assert.deepEqual(await candidatesOf({ webRtcServer, enableUdp: false }), ['tcp passive']);
      const preferTcp = { webRtcServer, preferTcp: true };
      assert.deepEqual(await candidatesOf(preferTcp), ['tcp passive', 'udp ']);
      assert.deepEqual(await candidatesOf({ listenInfos: both }), ['udp ', 'tcp passive']);
      assert.deepEqual(await candidatesOf({ listenInfos }), ['udp ']);

      const socket = connect(webRtcServer.ports[1] as number, '127.0.0.1');
      await once(socket, 'connect');
      const { stun } = await worker.getStats();
      const { connections, strangers } = await tcpWhen(worker, ({ accepted }) => accepted === 1);
      assert.deepEqual([connections, strangers, stun], [1, 1, undefined]);
      // Nobody speaks HTTP here.
      socket.write('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      await tcpWhen(worker, ({ expelled }) => expelled === 1);
    });
  });

  test('takes no more connections than it may', async () => {
    const body = async (worker: Worker): Promise<void> => {
      const tcp = [{ protocol: 'tcp', ip: '127.0.0.1' } as const];
      const { ports } = await worker.createWebRtcServer({ listenInfos: tcp });
      const socket = connect(ports[0] as number, '127.0.0.1').resume();
      await once(socket, 'close');
      await tcpWhen(worker, ({ refused }) => refused === 1);
    };
    await withWorker(body, { maxTcpConnections: 0 });
  });

  test('tells anybody his address if it is a STUN server', async () => {
    const body = async (worker: Worker): Promise<void> => {
      const { ports } = await worker.createWebRtcServer({ listenInfos });
      const socket = createSocket('udp4');
      // A Binding request with SOFTWARE, as long as its answer will be (RFC 8489 §5, §14.14).
      const request = Buffer.from(
        `0001000c2112a442${'07'.repeat(12)}80220008${'78'.repeat(8)}`,
        'hex',
      );
      socket.send(request, ports[0], '127.0.0.1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      assert.equal(answer.length, request.length);
      // XOR-MAPPED-ADDRESS.
      assert.equal(answer.readUInt16BE(26) ^ 0x2112, socket.address().port);
      socket.close();
      assert.equal((await worker.getStats()).stun?.answers, 1);
    };
    await withWorker(body, { stunServer: true });
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
