// The classes against a worker that does as it is told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  createWorker,
  observer,
  type Consumer,
  type Producer,
  type Router,
  type types,
  EnhancedEventEmitter,
  extras,
  type WebRtcTransport,
  type Worker,
} from '../src/index.js';
import { describeDeath } from '../src/worker_process.js';
import type { Script } from './fake_worker.js';
import {
  audioParameters,
  browserCapabilities,
  dtlsParameters,
  end,
  fakeWorkerBin,
  listenInfos,
  logOf,
  mediaCodecs,
  nextEvent,
  shortTimeout,
  videoParameters,
  withFakeWorker,
} from './fixtures.js';

// Nothing the SDK does may end the application.
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

interface Call {
  router: Router;
  transport: WebRtcTransport;
  producer: Producer;
  consumer: Consumer;
}

/** One producer and its consumer on a transport. */
async function startCall(worker: Worker): Promise<Call> {
  const router = await worker.createRouter({ mediaCodecs });
  const transport = await router.createWebRtcTransport({ listenInfos });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: audioParameters() });
  const consumer = await transport.consume({
    producerId: producer.id,
    rtpCapabilities: browserCapabilities(router),
  });
  return { router, transport, producer, consumer };
}

function recordEvents(
  named: Record<string, { on(name: never, listener: () => void): unknown }>,
): string[] {
  const events: string[] = [];
  const names = [
    'close',
    'workerclose',
    'routerclose',
    'transportclose',
    'producerclose',
    'listenserverclose',
    'died',
  ];
  for (const [who, emitter] of Object.entries(named)) {
    for (const name of names) emitter.on(name as never, () => void events.push(`${who} ${name}`));
  }
  return events;
}

describe('start', () => {
  test('options reach the worker', async () => {
    const lines = await logOf(async () => {
      const settings: types.WorkerSettings = {
        logLevel: 'warn',
        logTags: ['ice', 'bwe', 'ice'],
        libwebrtcFieldTrials: 'WebRTC-Bwe-AlrLimitedBackoff/Enabled/',
        dtlsCertificateFile: '/c.pem',
        dtlsPrivateKeyFile: '/k.pem',
        rtcMinPort: 40000,
        rtcMaxPort: 40100,
        bandwidth: 'observe',
        maxHoldUs: 500,
        segmentTrains: false,
        maxTcpConnections: 100,
        stunServer: true,
        bweTraceDirectory: '/traces',
      };
      await withFakeWorker({}, async (worker) => assert.ok(worker.pid > 0), settings);
    });
    const certificate = ['--dtls-certificate', '/c.pem', '--dtls-private-key', '/k.pem'];
    const ports = ['--rtc-min-port', '40000', '--rtc-max-port', '40100'];
    const bandwidth = ['--bandwidth', 'observe'];
    const sending = ['--max-hold-us', '500', '--segment-trains', 'off'];
    const others = ['--max-tcp-connections', '100', '--stun-server', 'on'];
    const rest = [...sending, ...others, '--bwe-trace', '/traces'];
    const log = ['--log-level=warn', '--log-tags=ice,bwe'];
    const all = [...log, ...certificate, ...ports, ...bandwidth, ...rest];
    const given = JSON.stringify(all);
    assert.ok(lines.includes(`arguments ${given}`));
  });

  test('the observer sees every worker', async () => {
    const seen = nextEvent(observer, 'newworker');
    await withFakeWorker({}, async (worker) => assert.equal((await seen)[0], worker), {
      appData: { a: 1 },
    });
  });

  test('a missing binary is named', async () => {
    await assert.rejects(
      createWorker({ workerBin: '/no/such/worker' }),
      /there is no worker at \/no\/such\/worker/,
    );
  });

  test('a file that is no program is named', async () => {
    await assert.rejects(
      createWorker({ workerBin: '/etc/passwd' }),
      /the worker at \/etc\/passwd is not executable/,
    );
  });

  test('a directory for traces that is not there is named', async () => {
    await assert.rejects(createWorker({ bweTraceDirectory: '/no/such/folder' }), {
      name: 'WorkerError',
      message: /'\/no\/such\/folder' is no directory/,
    });
  });

  test('a worker that ends at once is quoted', async () => {
    const workerBin = fakeWorkerBin({ exitCode: 1, stderr: 'no entropy today' });
    await assert.rejects(createWorker({ workerBin }), {
      name: 'WorkerError',
      message: /exit code 1: no entropy today/,
    });
  });

  test('wrong options are a TypeError', async () => {
    const workerBin = fakeWorkerBin({ exitCode: 2, stderr: 'unknown option' });
    await assert.rejects(createWorker({ workerBin }), {
      name: 'TypeError',
      message: /unknown option/,
    });
  });

  test('a worker of another schema is refused', async () => {
    const workerBin = fakeWorkerBin({ schemaVersion: 99 });
    await assert.rejects(createWorker({ workerBin }), /it speaks schema 99, this SDK 1/);
  });

  test('a worker that begins with nonsense is refused', async () => {
    const workerBin = fakeWorkerBin({ garbage: [0xff, 0xff, 0xff, 0xff] });
    await assert.rejects(createWorker({ workerBin }), /the worker sent nonsense/);
  });

  for (const settings of [
    { logLevel: 'loud' },
    { rtcMinPort: 0 },
    { bandwidth: 'guess' as never },
    { bweTraceDirectory: '' },
    { maxHoldUs: -1 },
    { maxHoldUs: 20_001 },
    { segmentTrains: 'off' as never },
    { maxTcpConnections: 20_001 },
    { stunServer: 'on' as never },
    { requestTimeout: -1 },
    { dtlsPrivateKeyFile: 'k' },
  ]) {
    test(`${JSON.stringify(settings)} is refused`, async () => {
      await assert.rejects(createWorker(settings as types.WorkerSettings), TypeError);
    });
  }
});

describe('a call', () => {
  test('has everything that mediasoup-client asks for', async () => {
    await withFakeWorker({}, async (worker) => {
      const { router, transport, producer, consumer } = await startCall(worker);
      assert.equal(router.rtpCapabilities.codecs?.length, 3);
      assert.deepEqual(transport.iceParameters, {
        usernameFragment: 'ufrag',
        password: 'passwordOfThePeerThatIsFake',
        iceLite: true,
      });
      assert.deepEqual(transport.iceCandidates, [
        {
          foundation: 'udp',
          priority: 1076302079,
          address: '127.0.0.1',
          ip: '127.0.0.1',
          protocol: 'udp',
          port: 40000,
          type: 'host',
        },
        {
          foundation: 'tcp',
          priority: 4000000000,
          address: '127.0.0.1',
          ip: '127.0.0.1',
          protocol: 'tcp',
          port: 40001,
          type: 'host',
          tcpType: 'passive',
        },
      ]);
      assert.deepEqual(transport.dtlsParameters, {
        role: 'auto',
        fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AA').join(':') }],
      });
      assert.equal(producer.type, 'simple');
      assert.equal(consumer.kind, 'audio');
      assert.equal(consumer.producerId, producer.id);
      assert.equal(consumer.rtpParameters.mid, '0');
      assert.equal(consumer.rtpParameters.encodings?.length, 1);
      assert.ok(
        router.canConsume({
          producerId: producer.id,
          rtpCapabilities: browserCapabilities(router),
        }),
      );
      assert.equal(router.canConsume({ producerId: 'nobody', rtpCapabilities: {} }), false);
      assert.equal(
        router.canConsume({ producerId: producer.id, rtpCapabilities: 5 as never }),
        false,
      );
      const ids = [router, transport, producer, consumer].map(({ id }) => id);
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });
  });

  test('connects', async () => {
    await withFakeWorker({}, async (worker) => {
      const { transport } = await startCall(worker);
      const connected = nextEvent(transport, 'dtlsstatechange');
      const tuple = nextEvent(transport.observer, 'iceselectedtuplechange');
      await transport.connect({ dtlsParameters });
      assert.equal(transport.dtlsParameters.role, 'server');
      assert.deepEqual(await connected, ['connected', 'PEM']);
      assert.equal(transport.iceState, 'completed');
      assert.equal(transport.dtlsRemoteCert, 'PEM');
      const expected = {
        localAddress: '127.0.0.1',
        localPort: 40000,
        remoteIp: '127.0.0.1',
        remotePort: 50000,
      };
      assert.deepEqual(await tuple, [{ ...expected, protocol: 'udp' }]);
      assert.deepEqual(await transport.restartIce(), {
        usernameFragment: 'fresh',
        password: 'secretOfThePeerThatIsFake',
        iceLite: true,
      });
      assert.equal(transport.iceParameters.usernameFragment, 'fresh');
    });
  });

  test('pauses and resumes on both ends', async () => {
    await withFakeWorker({}, async (worker) => {
      const { transport, producer, consumer, router } = await startCall(worker);
      const paused = nextEvent(consumer, 'producerpause');
      await producer.pause();
      assert.equal(producer.paused, true);
      await paused;
      assert.equal(consumer.producerPaused, true);
      const late = await transport.consume({
        producerId: producer.id,
        rtpCapabilities: browserCapabilities(router),
      });
      assert.equal(late.producerPaused, true);

      const [resumed, scored, heard] = [
        nextEvent(consumer, 'producerresume'),
        nextEvent(producer, 'score'),
        nextEvent(consumer, 'score'),
      ];
      await producer.resume();
      await resumed;
      assert.deepEqual(await scored, [[{ encodingIdx: 0, ssrc: 1111, score: 7 }]]);
      assert.deepEqual(await heard, [{ score: 9, producerScore: 7, producerScores: [7] }]);

      const events: string[] = [];
      for (const name of ['pause', 'resume'] as const)
        consumer.observer.on(name, () => void events.push(name));
      await consumer.pause();
      assert.equal(consumer.paused, true);
      await consumer.pause();
      await consumer.resume();
      assert.deepEqual(events, ['pause', 'resume']);
    });
  });

  test('numbers consumers of a transport by MID and gives each its own SSRC', async () => {
    await withFakeWorker({}, async (worker) => {
      const { router, transport } = await startCall(worker);
      const producer = await transport.produce({ kind: 'video', rtpParameters: videoParameters() });
      const options = { producerId: producer.id, rtpCapabilities: browserCapabilities(router) };
      const consumers = await Promise.all([1, 2, 3].map(() => transport.consume(options)));
      assert.deepEqual(
        consumers.map((consumer) => consumer.rtpParameters.mid),
        ['1', '2', '3'],
      );
      const ssrcs = consumers.flatMap(({ rtpParameters: { encodings = [] } }) =>
        encodings.flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc]),
      );
      assert.equal(new Set(ssrcs).size, 6);
      assert.equal(
        (await transport.consume({ ...options, mid: 'mine' })).rtpParameters.mid,
        'mine',
      );
      assert.equal(
        (await transport.consume({ ...options, enableRtx: false })).rtpParameters.codecs.length,
        1,
      );
    });
  });

  test('has one CNAME for all producers of a transport', async () => {
    await withFakeWorker({}, async (worker) => {
      const { transport } = await startCall(worker);
      const rtpParameters = { ...videoParameters(), rtcp: { cname: 'another' } };
      const video = await transport.produce({ kind: 'video', rtpParameters });
      assert.equal(video.rtpParameters.rtcp?.cname, 'browser');
      assert.equal(rtpParameters.rtcp.cname, 'another');
    });
  });

  test('can be measured', async () => {
    await withFakeWorker({}, async (worker) => {
      const { router, transport, producer, consumer } = await startCall(worker);
      const [stats] = await transport.getStats();
      assert.equal(stats?.bytesReceived, 5_000_000_000);
      assert.equal(stats?.timestamp, 12345678901);
      assert.deepEqual(stats?.drops, { srtpReplay: 3 });
      const [inbound] = await producer.getStats();
      assert.equal(inbound?.type, 'inbound-rtp');
      assert.equal(inbound?.packetsLost, -2);
      assert.equal(inbound?.ssrc, 4000000000);
      assert.deepEqual(
        (await consumer.getStats()).map(({ type }) => type),
        ['outbound-rtp', 'inbound-rtp'],
      );
      const usage = await worker.getResourceUsage();
      assert.deepEqual([usage.ru_utime, usage.ru_stime, usage.ru_maxrss], [1500, 250, 8192]);
      const total = await worker.getStats();
      assert.deepEqual([total.type, total.timestamp], ['worker', 12345678902]);
      assert.deepEqual([total.datagramsSent, total.sends, total.paddingBytesSent], [90, 30, 7]);
      assert.deepEqual([total.trainsRefused, total.holds, total.heldUs], [1, 4, 5_000_000_000]);
      assert.deepEqual(total.drops, { unknownRemote: 2 });
      assert.equal(total.traffic.bytesReceived, 6_000_000_000);
      assert.equal(total.traffic.sendBitrate, 5_000_000_000);
      assert.deepEqual(total.traffic.iceStates, { connected: 3 });
      assert.deepEqual(
        [total.traffic.received.packetsLost, total.traffic.sent.packetCount],
        [-2, 8],
      );
      assert.deepEqual(total.turnTime, {
        boundsUs: [32, 64],
        counts: [5, 2, 1],
        sumUs: 5_000_000_000,
        maxUs: 70,
      });
      assert.deepEqual([total.userTimeUs, total.systemTimeUs, total.rssBytes], [3, 4, 5120]);
      const room = await router.getStats();
      assert.deepEqual([room.type, room.routerId, room.timestamp], ['router', router.id, 6]);
      assert.deepEqual(room.traffic, total.traffic);
      assert.deepEqual(await worker.dump(), { fake: true });
      for (const object of [transport, producer, consumer])
        assert.equal((await object.dump()).fake, true);
      JSON.stringify([stats, inbound, usage, total]);
    });
  });

  test('refuses nonsense before it reaches the worker', async () => {
    await withFakeWorker({}, async (worker) => {
      const { router, transport, producer } = await startCall(worker);
      const rtpCapabilities = browserCapabilities(router);
      const producerId = producer.id;
      await assert.rejects(router.createWebRtcTransport({}), /either webRtcServer or listenInfos/);
      await assert.rejects(
        router.createWebRtcTransport({ webRtcServer: {} as never }),
        /webRtcServer is not/,
      );
      await assert.rejects(
        router.createWebRtcTransport({ listenInfos, appData: 'x' as never }),
        /appData/,
      );
      await assert.rejects(
        transport.connect({ dtlsParameters: {} as never }),
        /dtlsParameters\.fingerprints/,
      );
      await assert.rejects(transport.connect(undefined as never), /^TypeError: options is not/);
      assert.equal(router.canConsume(undefined as never), false);
      await assert.rejects(
        transport.produce({ kind: 'text' as never, rtpParameters: audioParameters() }),
        /kind/,
      );
      await assert.rejects(transport.consume({ producerId: 'x', rtpCapabilities }), {
        name: 'NotFoundError',
      });
      await assert.rejects(
        transport.consume({ producerId, rtpCapabilities: {} }),
        /no compatible media codecs/,
      );
      await assert.rejects(
        transport.consume({ producerId } as never),
        /rtpCapabilities is not an object/,
      );
      await assert.rejects(transport.setMaxIncomingBitrate(-1), /bitrate/);
      await assert.rejects(worker.createWebRtcServer({ listenInfos: [] }), /listenInfos/);
      await assert.rejects(
        worker.createRouter({ mediaCodecs: [{ kind: 'audio', mimeType: 'x', clockRate: 1 }] }),
        /mediaCodecs\[0\]/,
      );
    });
  });
});

describe('options', () => {
  test('settings that are not given stay as they are', async () => {
    const lines = await logOf(async () => {
      await withFakeWorker({}, async (worker) => {
        await worker.updateSettings();
        await worker.updateSettings({ logTags: ['ice'] });
        await assert.rejects(worker.updateSettings({ logTags: ['x'] as never }), /logTags\[0\]/);
        assert.equal(await worker.updateSettings({ logLevel: undefined }), undefined);
        await worker.updateSettings({ logLevel: 'debug' });
        await assert.rejects(worker.updateSettings({ logLevel: 'loud' as never }), TypeError);
      });
    });
    const bodies = lines.filter((line) => line.startsWith('body UpdateSettings'));
    assert.deepEqual(
      bodies.map((line) => JSON.parse(line.slice('body UpdateSettings '.length)) as unknown),
      [
        { logLevel: 1, logTags: [1] },
        { logLevel: 3, logTags: [1] },
      ],
    );
  });

  test('a producer has the id that it was given', async () => {
    const lines = await logOf(async () => {
      await withFakeWorker({}, async (worker) => {
        const { transport, router } = await startCall(worker);
        const named = { kind: 'audio', rtpParameters: audioParameters() } as const;
        const id = '!'.repeat(63) + '~';
        const producer = await transport.produce({ ...named, id });
        assert.equal(producer.id, id);
        await producer.pause();
        const rtpCapabilities = browserCapabilities(router);
        const consumer = await transport.consume({ producerId: id, rtpCapabilities });
        assert.ok(consumer.producerPaused);
        for (const wrong of ['', 'a b', 'é', 'a\n', 'x'.repeat(65), 5]) {
          const options = { ...named, id: wrong as string };
          await assert.rejects(transport.produce(options), { name: 'TypeError', message: /^id / });
        }
      });
    });
    assert.ok(lines.includes(`request Pause ${'!'.repeat(63)}~`));
  });

  test('old options stand for listen infos', async () => {
    const lines = await logOf(async () => {
      await withFakeWorker({}, async (worker) => {
        const router = await worker.createRouter({ mediaCodecs });
        const listenIps = ['127.0.0.1', { ip: '::1', announcedIp: 'sfu.example.org' }];
        await router.createWebRtcTransport({ listenIps, enableTcp: true, port: 4000 });
        const both = router.createWebRtcTransport({ listenIps, listenInfos });
        await assert.rejects(both, /either webRtcServer or listenInfos/);
        const many = Array.from({ length: 5 }, () => '127.0.0.1');
        const tooMany = router.createWebRtcTransport({ listenIps: many, enableTcp: true });
        await assert.rejects(tooMany, /listenIps stand for more than 8/);
      });
    });
    const [line] = lines.filter((each) => each.startsWith('body CreateWebRtcTransport'));
    const { listenInfos: infos } = JSON.parse(line?.slice(27) ?? '{}') as {
      listenInfos: Record<string, unknown>[];
    };
    assert.deepEqual(
      infos.map(({ protocol, ip, announcedAddress, port }) => [
        protocol,
        ip,
        announcedAddress,
        port,
      ]),
      [
        [0, '127.0.0.1', null, 4000],
        [1, '127.0.0.1', null, 4000],
        [0, '::1', 'sfu.example.org', 4000],
        [1, '::1', 'sfu.example.org', 4000],
      ],
    );
  });

  test('new codecs are for producers to come, on transports that exist', async () => {
    await withFakeWorker({}, async (worker) => {
      const { router, transport, producer } = await startCall(worker);
      const video = { kind: 'video', rtpParameters: videoParameters() } as const;
      const before = browserCapabilities(router);
      router.updateMediaCodecs(mediaCodecs.filter(({ kind }) => kind === 'audio'));
      assert.deepEqual(
        router.rtpCapabilities.codecs?.map(({ mimeType }) => mimeType),
        ['audio/opus'],
      );
      await assert.rejects(transport.produce(video));
      assert.ok(router.canConsume({ producerId: producer.id, rtpCapabilities: before }));
      router.updateMediaCodecs(mediaCodecs);
      await transport.produce(video);
      assert.throws(() => router.updateMediaCodecs('opus' as never), TypeError);
      assert.equal(router.rtpCapabilities.codecs?.length, 3);
      router.close();
      assert.throws(() => router.updateMediaCodecs([]), { name: 'InvalidStateError' });
    });
  });

  test('applications can have emitters of their own', () => {
    assert.equal(extras.EnhancedEventEmitter, EnhancedEventEmitter);
  });
});

describe('closing', () => {
  test('a worker closes everything in it, and its process ends', async () => {
    const worker = await createWorker({ workerBin: fakeWorkerBin() });
    const webRtcServer = await worker.createWebRtcServer({ listenInfos });
    const { router, transport, producer, consumer } = await startCall(worker);
    const events = recordEvents({ worker, webRtcServer, router, transport, producer, consumer });
    await end(worker);
    assert.deepEqual(events.sort(), [
      'consumer transportclose',
      'producer transportclose',
      'router workerclose',
      'transport routerclose',
      'webRtcServer workerclose',
    ]);
    for (const object of [worker, webRtcServer, router, transport, producer, consumer])
      assert.ok(object.closed);
    assert.equal(worker.died, false);
    await assert.rejects(worker.createRouter(), { name: 'InvalidStateError' });
    await assert.rejects(producer.pause(), { name: 'InvalidStateError' });
    worker.close();
    consumer.close();
  });

  test('each object closes what is below it and tells the observers', async () => {
    await withFakeWorker({}, async (worker) => {
      for (const which of ['router', 'transport', 'producer', 'consumer'] as const) {
        const call = await startCall(worker);
        const observers = Object.fromEntries(
          Object.entries(call).map(([name, it]) => [name, it.observer]),
        );
        const closed = recordEvents(observers);
        const gone = call.consumer.closed ? undefined : nextEvent(call.consumer.observer, 'close');
        call[which].close();
        await gone;
        const order = ['router', 'transport', 'producer', 'consumer'];
        assert.deepEqual(
          closed.sort(),
          order
            .slice(order.indexOf(which))
            .map((name) => `${name} close`)
            .sort(),
        );
      }
    });
  });

  test('a producer takes its consumers along', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer, consumer, router } = await startCall(worker);
      const gone = nextEvent(consumer, 'producerclose');
      producer.close();
      assert.equal(router.canConsume({ producerId: producer.id, rtpCapabilities: {} }), false);
      await gone;
      assert.ok(consumer.closed);
    });
  });

  test('a WebRtcServer takes its transports along', async () => {
    await withFakeWorker({}, async (worker) => {
      const webRtcServer = await worker.createWebRtcServer({ listenInfos });
      assert.deepEqual(webRtcServer.ports, [40000]);
      const handled = nextEvent(webRtcServer.observer, 'webrtctransporthandled');
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ webRtcServer });
      assert.equal((await handled)[0], transport);
      const events = recordEvents({ transport });
      const unhandledTransport = nextEvent(webRtcServer.observer, 'webrtctransportunhandled');
      webRtcServer.close();
      assert.equal((await unhandledTransport)[0], transport);
      assert.deepEqual(events, ['transport listenserverclose']);
      await assert.rejects(router.createWebRtcTransport({ webRtcServer }), {
        name: 'InvalidStateError',
      });
    });
  });

  test('a worker that does not want to end is killed', async () => {
    const worker = await createWorker({ workerBin: fakeWorkerBin({ stubborn: true }) });
    const started = Date.now();
    await end(worker);
    assert.ok(Date.now() - started >= 1900);
  });

  test('what is asked in the meantime is refused, not left hanging', async () => {
    const worker = await createWorker({ workerBin: fakeWorkerBin({ mute: ['CreateRouter'] }) });
    const refused = assert.rejects(worker.createRouter(), { name: 'InvalidStateError' });
    await end(worker);
    await refused;
  });
});

describe('trouble', () => {
  for (const [how, [script, cause]] of Object.entries({
    'is killed': [{ dieAt: 'Pause' }, 'signal SIGKILL'],
    'closes its channel': [{ closeAt: 'Pause', mute: ['Pause'] }, 'the worker closed its channel'],
    'sends an impossible length': [
      { nonsenseAt: 'Pause', mute: ['Pause'] },
      'the worker sent nonsense',
    ],
  } as const)) {
    test(`a worker that ${how} has died, and everything in it is closed`, async () => {
      const worker = await createWorker({ workerBin: fakeWorkerBin(script as Script) });
      const { router, transport, producer, consumer } = await startCall(worker);
      const events = recordEvents({ router, transport, producer, consumer });
      const died = nextEvent(worker, 'died');
      await assert.rejects(producer.pause());
      const [error] = await died;
      const { message } = error as Error;
      assert.match(message, /^the worker died \[pid: \d+\]: /);
      assert.ok(message.includes(`]: ${cause}`), message);
      assert.ok(worker.died && worker.closed);
      assert.equal(events.length, 4);
      await assert.rejects(worker.createRouter(), { name: 'InvalidStateError' });
    });
  }

  test('a death is told by its cause first', () => {
    const broken = new Error('read ECONNRESET');
    const killed = { code: null, signal: 'SIGKILL', signalIsOurs: false, stderr: '' } as const;
    assert.equal(describeDeath(killed, undefined), 'signal SIGKILL');
    assert.equal(describeDeath(killed, broken), 'signal SIGKILL (read ECONNRESET)');
    const ended = { ...killed, signal: 'SIGTERM', signalIsOurs: true } as const;
    assert.equal(describeDeath(ended, broken), 'read ECONNRESET (signal SIGTERM)');
    const left = { ...killed, code: 0, signal: null };
    assert.equal(describeDeath(left, broken), 'read ECONNRESET (exit code 0)');
  });

  test('a refusal has the class of its code', async () => {
    const names: [number, string][] = [
      [3, 'TypeError'],
      [5, 'NotFoundError'],
      [6, 'InvalidStateError'],
      [8, 'ResourceExhaustedError'],
      [9, 'InvalidStateError'],
      [12, 'UnsupportedError'],
      [13, 'WorkerError'],
    ];
    for (const [code, name] of names) {
      await withFakeWorker(
        { refuse: { CreateRouter: { code, message: 'router_id is odd' } } },
        async (worker) => {
          await assert.rejects(worker.createRouter(), { name, message: 'router_id is odd' });
        },
      );
    }
  });

  test('an answer of the wrong kind is an error, and the worker stays usable', async () => {
    await withFakeWorker({ confuseAt: 'GetResourceUsage' }, async (worker) => {
      await assert.rejects(worker.getResourceUsage(), /another type than ResourceUsageT/);
      await worker.createRouter();
    });
  });

  test('a request that is never answered ends with a timeout', async () => {
    await withFakeWorker(
      { mute: ['CreateRouter'] },
      async (worker) => {
        await assert.rejects(worker.createRouter(), {
          name: 'TimeoutError',
          message: /CreateRouter within 1000 ms/,
        });
        await worker.getResourceUsage();
      },
      { requestTimeout: shortTimeout },
    );
  });

  test('what is created after its timeout is closed again', async () => {
    const lines = await logOf(async () => {
      await withFakeWorker(
        { heldUntil: { CreateRouter: 'GetResourceUsage' } },
        async (worker) => {
          await assert.rejects(worker.createRouter(), { name: 'TimeoutError' });
          await worker.getResourceUsage();
          await worker.getResourceUsage();
        },
        { requestTimeout: shortTimeout },
      );
    });
    assert.ok(lines.some((line) => /^request Close [0-9a-f-]{36}$/.test(line)));
  });

  test('a pause that is granted after its timeout is a pause', async () => {
    await withFakeWorker(
      { heldUntil: { Pause: 'GetResourceUsage' } },
      async (worker) => {
        const { producer } = await startCall(worker);
        const paused = nextEvent(producer.observer, 'pause');
        await assert.rejects(producer.pause(), { name: 'TimeoutError' });
        assert.equal(producer.paused, false);
        await worker.getResourceUsage();
        await paused;
        assert.equal(producer.paused, true);
      },
      { requestTimeout: shortTimeout },
    );
  });

  test('a transport closed while it produces gives no producer', async () => {
    await withFakeWorker({ late: { Produce: 100 } }, async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ listenInfos });
      const produced = transport.produce({ kind: 'audio', rtpParameters: audioParameters() });
      transport.close();
      await assert.rejects(produced, { name: 'InvalidStateError' });
    });
  });

  test('a listener that throws or rejects hurts nobody', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer } = await startCall(worker);
      const failures: string[] = [];
      producer.observer.on('pause', () => {
        throw new Error('sync');
      });
      producer.observer.on('pause', async () => {
        throw new Error('async');
      });
      producer.observer.on('pause', () => void failures.push('third was called'));
      await producer.pause();
      assert.equal(producer.paused, true);
      assert.deepEqual(failures, ['third was called']);
    });
  });
});

test('nothing was left unhandled', async () => {
  // What is unhandled is told once the turn in which it happened is over.
  for (let turns = 0; turns < 2; ++turns) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});
