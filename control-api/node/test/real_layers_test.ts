// Layers, bounds of the rate, traces and observers against the worker itself, without media.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  createWorker,
  ortc,
  workerBin,
  type Consumer,
  type Producer,
  type Router,
  type types,
  type WebRtcTransport,
} from '../src/index.js';
import {
  audioParameters,
  browserCapabilities,
  end,
  listenInfos,
  mediaCodecs,
  nextEvent,
  simulcastParameters,
  videoParameters,
} from './fixtures.js';
import { skip } from './real_worker.js';

interface Room {
  router: Router;
  sending: WebRtcTransport;
  receiving: WebRtcTransport;
  produce(kind: types.MediaKind, rtpParameters: types.RtpParameters): Promise<Producer>;
  consume(producer: Producer, options?: Partial<types.ConsumeOptions>): Promise<Consumer>;
}

const codecs: types.RtpCodecCapability[] = [
  ...mediaCodecs,
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000 },
];

async function withRoom(
  body: (room: Room) => Promise<void>,
  options: types.RouterOptions = {},
): Promise<void> {
  const worker = await createWorker({ workerBin });
  try {
    const router = await worker.createRouter({ mediaCodecs: codecs, ...options });
    const sending = await router.createWebRtcTransport({ listenInfos });
    const receiving = await router.createWebRtcTransport({ listenInfos });
    await body({
      router,
      sending,
      receiving,
      produce: (kind, rtpParameters) => sending.produce({ kind, rtpParameters }),
      consume: (producer, more = {}) =>
        receiving.consume({
          producerId: producer.id,
          rtpCapabilities: browserCapabilities(router),
          ...more,
        }),
    });
  } finally {
    await end(worker);
  }
}

function svcParameters(): types.RtpParameters {
  const parameters = videoParameters();
  const [media, rtx] = parameters.codecs;
  return {
    ...parameters,
    mid: '2',
    codecs: [{ ...media!, mimeType: 'video/VP9' }, rtx!],
    encodings: [{ ssrc: 3333, rtx: { ssrc: 3334 }, scalabilityMode: 'L3T3_KEY' }],
  };
}

describe('the real worker', { skip }, () => {
  test('calls producers and consumers as the SDK does', async () => {
    await withRoom(async ({ produce, consume }) => {
      for (const [kind, rtpParameters, type] of [
        ['audio', audioParameters(), 'simple'],
        ['video', simulcastParameters(), 'simulcast'],
        ['video', svcParameters(), 'svc'],
      ] as const) {
        const producer = await produce(kind, rtpParameters);
        assert.equal(producer.type, type);
        assert.equal(ortc.getProducerType(rtpParameters), type);
        assert.equal((await consume(producer)).type, type);
      }
    });
  });

  test('grants the layers that there are', async () => {
    await withRoom(async ({ produce, consume }) => {
      const consumer = await consume(await produce('video', simulcastParameters()), {
        preferredLayers: { spatialLayer: 1, temporalLayer: 1 },
        priority: 7,
      });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 1, temporalLayer: 1 });
      await consumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: 0 });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 0, temporalLayer: 0 });
      await consumer.setPreferredLayers({ spatialLayer: 200 });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 2 }, 'of time all, as asked');
      const [outbound] = await consumer.getStats();
      assert.equal(outbound?.preferredLayers?.spatialLayer, 2);
      assert.equal(outbound?.currentLayers, undefined);
    });
  });

  test('takes priorities, and DTX as something to leave out', async () => {
    await withRoom(async ({ produce, consume }) => {
      const video = await consume(await produce('video', simulcastParameters()));
      await video.setPriority(255);
      await video.unsetPriority();
      assert.equal(video.priority, 1);
      const audio = await produce('audio', audioParameters());
      assert.ok(await consume(audio, { ignoreDtx: true }));
    });
  });

  test('tells a producer what is wanted of it', async () => {
    await withRoom(async ({ produce, consume }) => {
      const producer = await produce('video', simulcastParameters());
      const narrowed = untilEncodings(producer, [true, false, false]);
      await consume(producer, { preferredLayers: { spatialLayer: 0 } });
      await narrowed;
      assert.equal(producer.wantedLayers?.spatialLayer, 0);
      const widened = untilEncodings(producer, [true, true, true]);
      const second = await consume(producer);
      await widened;
      const alone = untilEncodings(producer, [true, false, false]);
      second.close();
      await alone;
    });
  });

  test('is bounded in what it sends', async () => {
    await withRoom(async ({ receiving }) => {
      await receiving.setMaxOutgoingBitrate(2_000_000);
      await receiving.setMinOutgoingBitrate(100_000);
      const [bounded] = await receiving.getStats();
      assert.equal(bounded?.maxOutgoingBitrate, 2_000_000);
      assert.equal(bounded?.minOutgoingBitrate, 100_000);
      await receiving.setMaxOutgoingBitrate(0);
      await receiving.setMinOutgoingBitrate(0);
      const [free] = await receiving.getStats();
      assert.equal(free?.maxOutgoingBitrate, undefined);
      assert.equal(free?.minOutgoingBitrate, undefined);
      assert.equal(free?.probationBytesSent, 0);
    });
  });

  test('traces what it is asked to', async () => {
    await withRoom(async ({ receiving, produce, consume }) => {
      const producer = await produce('video', simulcastParameters());
      await producer.enableTraceEvent(['rtp', 'keyframe', 'nack', 'pli', 'fir', 'sr']);
      const consumer = await consume(producer);
      await consumer.enableTraceEvent(['rtp', 'keyframe', 'nack', 'pli', 'fir', 'layers']);
      await receiving.enableTraceEvent(['bwe', 'probation']);
      for (const object of [producer, consumer, receiving]) await object.enableTraceEvent();
    });
  });

  test('observes audio until its router is closed', async () => {
    await withRoom(
      async ({ router, produce }) => {
        const { id: producerId } = await produce('audio', audioParameters());
        const observers = [
          await router.createAudioLevelObserver({ maxEntries: 3, threshold: -60, interval: 250 }),
          await router.createActiveSpeakerObserver({ interval: 100 }),
        ];
        for (const observer of observers) {
          await observer.addProducer({ producerId });
          await observer.pause();
          await observer.resume();
          await observer.removeProducer({ producerId });
        }
        const [levels, speaker] = observers;
        levels!.close();
        const ended = nextEvent(speaker as never, 'routerclose');
        router.close();
        await ended;
      },
      { loudestSpeakers: 3 },
    );
  });
});

/** Resolves when exactly these encodings of `producer` are wanted. */
async function untilEncodings(producer: Producer, wanted: boolean[]): Promise<void> {
  while (producer.wantedEncodings.join() !== wanted.join())
    await nextEvent(producer, 'wantedlayers');
}
