// Observers of a router against a worker that does as it is told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  RtpObserver,
  type Producer,
  type Router,
  type types,
  type WebRtcTransport,
  type Worker,
} from '../src/index.js';
import {
  audioParameters,
  listenInfos,
  logOf,
  mediaCodecs,
  nextEvent,
  shortTimeout,
  videoParameters,
  withFakeWorker,
} from './fixtures.js';

interface Talk {
  router: Router;
  transport: WebRtcTransport;
  producer: Producer;
}

async function startTalk(worker: Worker): Promise<Talk> {
  const router = await worker.createRouter({ mediaCodecs });
  const transport = await router.createWebRtcTransport({ listenInfos });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: audioParameters() });
  return { router, transport, producer };
}

const kinds: Record<types.RtpObserverType, (router: Router) => Promise<RtpObserver>> = {
  audiolevel: (router) => router.createAudioLevelObserver(),
  activespeaker: (router) => router.createActiveSpeakerObserver(),
};

test('the loudest are told, without those that are gone', async () => {
  await withFakeWorker({}, async (worker) => {
    const { router, producer } = await startTalk(worker);
    const observer = await router.createAudioLevelObserver({ maxEntries: 2 });
    const told = nextEvent(observer, 'volumes');
    const watched = nextEvent(observer.observer, 'volumes');
    await observer.addProducer({ producerId: producer.id });
    const expected = [[{ producer, volume: -33 }]];
    assert.deepEqual(await told, expected);
    assert.deepEqual(await watched, expected);
  });
});

test('silence is told', async () => {
  await withFakeWorker({}, async (worker) => {
    const { router, producer } = await startTalk(worker);
    const observer = await router.createAudioLevelObserver();
    await observer.addProducer({ producerId: producer.id });
    const told = nextEvent(observer, 'silence');
    const watched = nextEvent(observer.observer, 'silence');
    await observer.removeProducer({ producerId: producer.id });
    assert.deepEqual(await told, []);
    assert.deepEqual(await watched, []);
  });
});

test('the dominant speaker is told, unless gone', async () => {
  await withFakeWorker({}, async (worker) => {
    const { router, producer } = await startTalk(worker);
    const observer = await router.createActiveSpeakerObserver();
    const told = nextEvent(observer, 'dominantspeaker');
    const watched = nextEvent(observer.observer, 'dominantspeaker');
    await observer.addProducer({ producerId: producer.id });
    assert.deepEqual(await told, [{ producer }]);
    assert.deepEqual(await watched, [{ producer }]);
  });
});

for (const [type, create] of Object.entries(kinds)) {
  describe(`an observer of type ${type}`, () => {
    test('is announced and says what it is', async () => {
      await withFakeWorker({}, async (worker) => {
        const { router } = await startTalk(worker);
        const announced = nextEvent(router.observer, 'newrtpobserver');
        const observer = await create(router);
        assert.equal((await announced)[0], observer);
        assert.ok(observer instanceof RtpObserver);
        assert.equal(observer.type, type);
        assert.match(observer.id, /^[0-9a-f-]{36}$/);
        assert.deepEqual(observer.appData, {});
      });
    });

    test('pauses and resumes, and its watchers learn of all that is done', async () => {
      await withFakeWorker({}, async (worker) => {
        const { router, producer } = await startTalk(worker);
        const observer = await create(router);
        const events: unknown[] = [];
        for (const name of ['addproducer', 'removeproducer', 'pause', 'resume', 'close'] as const)
          observer.observer.on(name, (...args: unknown[]) => void events.push([name, ...args]));
        await observer.addProducer({ producerId: producer.id });
        await observer.pause();
        assert.ok(observer.paused);
        await observer.pause();
        await observer.resume();
        assert.ok(!observer.paused);
        await observer.removeProducer({ producerId: producer.id });
        observer.close();
        observer.close();
        const expected = [['addproducer', producer], ['pause'], ['resume']];
        assert.deepEqual(events, [...expected, ['removeproducer', producer], ['close']]);
      });
    });

    test('watches audio of its router only', async () => {
      await withFakeWorker({}, async (worker) => {
        const { router, transport } = await startTalk(worker);
        const { producer: stranger } = await startTalk(worker);
        const video = await transport.produce({ kind: 'video', rtpParameters: videoParameters() });
        const observer = await create(router);
        for (const [producerId, name, message] of [
          [stranger.id, 'NotFoundError', /^producerId: the router has no producer /],
          [video.id, 'TypeError', /^producerId: .* is no audio producer/],
          ['', 'TypeError', /^producerId is empty/],
        ] as const) {
          await assert.rejects(observer.addProducer({ producerId }), { name, message });
          await assert.rejects(observer.removeProducer({ producerId }), { name, message });
        }
        await assert.rejects(
          observer.addProducer(undefined as never),
          /^TypeError: options is not/,
        );
      });
    });

    test('ends with its router', async () => {
      await withFakeWorker({}, async (worker) => {
        const { router } = await startTalk(worker);
        const observer = await create(router);
        const events: string[] = [];
        observer.on('routerclose', () => void events.push('routerclose'));
        observer.observer.on('close', () => void events.push('close'));
        router.close();
        assert.deepEqual(events, ['routerclose', 'close']);
        assert.ok(observer.closed);
        await assert.rejects(observer.pause(), { name: 'InvalidStateError' });
        await assert.rejects(create(router), { name: 'InvalidStateError' });
      });
    });

    test('is closed in the worker, and its producers are not', async () => {
      let id = '';
      const lines = await logOf(async () => {
        await withFakeWorker({}, async (worker) => {
          const { router, producer } = await startTalk(worker);
          const observer = await create(router);
          id = observer.id;
          observer.close();
          await producer.pause();
          assert.ok(!producer.closed);
        });
      });
      assert.ok(lines.includes(`request Close ${id}`));
    });

    test('that comes after its timeout is closed again', async () => {
      const method = `Create${type === 'audiolevel' ? 'AudioLevel' : 'ActiveSpeaker'}Observer`;
      const lines = await logOf(async () => {
        await withFakeWorker(
          { heldUntil: { [method]: 'GetResourceUsage' } },
          async (worker) => {
            const { router } = await startTalk(worker);
            await assert.rejects(create(router), { name: 'TimeoutError' });
            // Both sides take messages in order: the worker has read the end of the observer.
            await worker.getResourceUsage();
            await worker.getResourceUsage();
          },
          { requestTimeout: shortTimeout },
        );
      });
      assert.ok(lines.some((line) => /^request Close [0-9a-f-]{36}$/.test(line)));
    });
  });
}

test('options reach the worker, and have the defaults of mediasoup', async () => {
  const lines = await logOf(async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter();
      await router.createAudioLevelObserver();
      const all = { maxEntries: 64, threshold: -127, interval: 5000, appData: { a: 1 } };
      const observer = await router.createAudioLevelObserver(all);
      assert.deepEqual(observer.appData, { a: 1 });
      await router.createActiveSpeakerObserver();
      await router.createActiveSpeakerObserver({ interval: 100 });
    });
  });
  const bodies = lines.flatMap((line) => {
    const [, json] = /^body Create\w+Observer (.*)$/.exec(line) ?? [];
    if (json === undefined) return [];
    const { observerId, ...options } = JSON.parse(json) as Record<string, unknown>;
    return [options];
  });
  assert.deepEqual(bodies, [
    { maxEntries: 1, threshold: -80, intervalMs: 1000 },
    { maxEntries: 64, threshold: -127, intervalMs: 5000 },
    { intervalMs: 300 },
    { intervalMs: 100 },
  ]);
});

describe('options that make no sense are refused', () => {
  const levels: [types.AudioLevelObserverOptions, RegExp][] = [
    [{ maxEntries: 0 }, /^maxEntries is not an integer from 1 to 64/],
    [{ maxEntries: 65 }, /^maxEntries /],
    [{ threshold: 1 }, /^threshold is not an integer from -127 to 0/],
    [{ threshold: -128 }, /^threshold /],
    [{ interval: 249 }, /^interval is not an integer from 250 to 5000/],
    [{ interval: 5001 }, /^interval /],
    [{ appData: 1 as never }, /^appData is not an object/],
    [7 as never, /^options is not an object/],
  ];
  const speakers: [types.ActiveSpeakerObserverOptions, RegExp][] = [
    [{ interval: 99 }, /^interval is not an integer from 100 to 5000/],
    [{ interval: 5001 }, /^interval /],
    [{ appData: 1 as never }, /^appData is not an object/],
    [null as never, /^options is not an object/],
  ];
  test('of a level observer', async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter();
      for (const [options, message] of levels) {
        const created = router.createAudioLevelObserver(options);
        await assert.rejects(created, { name: 'TypeError', message });
      }
    });
  });
  test('of a speaker observer', async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter();
      for (const [options, message] of speakers) {
        const created = router.createActiveSpeakerObserver(options);
        await assert.rejects(created, { name: 'TypeError', message });
      }
    });
  });
});
