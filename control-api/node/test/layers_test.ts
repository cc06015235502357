// Layers, priorities, bounds of the rate and traces against a worker that does as it is told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Consumer, Producer, types, WebRtcTransport, Worker } from '../src/index.js';
import {
  audioParameters,
  browserCapabilities,
  listenInfos,
  logOf,
  mediaCodecs,
  nextEvent,
  shortTimeout,
  simulcastParameters,
  videoParameters,
  withFakeWorker,
} from './fixtures.js';

interface Show {
  transport: WebRtcTransport;
  producer: Producer;
  consumer: Consumer;
  consume(options?: Partial<types.ConsumeOptions>): Promise<Consumer>;
}

/** One producer of video and its consumer on a transport. */
async function startShow(
  worker: Worker,
  rtpParameters: types.RtpParameters = simulcastParameters(),
  kind: types.MediaKind = 'video',
): Promise<Show> {
  const router = await worker.createRouter({ mediaCodecs });
  const transport = await router.createWebRtcTransport({ listenInfos });
  const producer = await transport.produce({ kind, rtpParameters });
  const consume = (options: Partial<types.ConsumeOptions> = {}): Promise<Consumer> => {
    const rtpCapabilities = browserCapabilities(router);
    return transport.consume({ producerId: producer.id, rtpCapabilities, ...options });
  };
  return { transport, producer, consumer: await consume(), consume };
}

/** The bodies of all requests of `method` that `body` made, as the worker read them. */
async function requestsOf(
  method: string,
  body: (worker: Worker) => Promise<unknown>,
): Promise<unknown[]> {
  const lines = await logOf(() => withFakeWorker({}, async (worker) => void (await body(worker))));
  const prefix = `body ${method} `;
  return lines
    .filter((line) => line.startsWith(prefix))
    .map((line): unknown => JSON.parse(line.slice(prefix.length)));
}

/** Every `name` of `emitter` from now on. */
function collect(
  emitter: { on(name: never, listener: unknown): unknown },
  name: string,
): unknown[] {
  const seen: unknown[] = [];
  emitter.on(name as never, (...args: unknown[]) => void seen.push(args));
  return seen;
}

describe('layers of a consumer', () => {
  test('are all that the producer declares unless something is asked for', async () => {
    await withFakeWorker({}, async (worker) => {
      const { consumer, producer, consume } = await startShow(worker);
      assert.equal(producer.type, 'simulcast');
      assert.equal(consumer.type, 'simulcast');
      assert.equal(consumer.rtpParameters.encodings?.[0]?.scalabilityMode, 'L3T3');
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 2, temporalLayer: 2 });
      assert.equal(consumer.currentLayers, undefined);
      assert.equal(consumer.layersReason, undefined);
      const small = await consume({ preferredLayers: { spatialLayer: 0, temporalLayer: 1 } });
      assert.deepEqual(small.preferredLayers, { spatialLayer: 0, temporalLayer: 1 });
    });
  });

  const withoutLayers: [string, types.MediaKind, types.RtpParameters][] = [
    ['audio', 'audio', audioParameters()],
    ['video without layers', 'video', { ...videoParameters(), encodings: [{ ssrc: 1 }] }],
  ];
  for (const [name, kind, rtpParameters] of withoutLayers) {
    test(`do not exist for ${name}`, async () => {
      await withFakeWorker({}, async (worker) => {
        const { consumer } = await startShow(worker, rtpParameters, kind);
        assert.equal(consumer.type, 'simple');
        assert.equal(consumer.preferredLayers, undefined);
      });
    });
  }

  test('change when they are asked for, and the reason is told', async () => {
    await withFakeWorker({}, async (worker) => {
      const { consumer } = await startShow(worker);
      const changed = nextEvent(consumer, 'layerschange');
      const watched = nextEvent(consumer.observer, 'layerschange');
      await consumer.setPreferredLayers({ spatialLayer: 1, temporalLayer: 0 });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 1, temporalLayer: 0 });
      assert.deepEqual(await changed, [{ spatialLayer: 1, temporalLayer: 0 }]);
      assert.deepEqual(await watched, [{ spatialLayer: 1, temporalLayer: 0 }]);
      assert.deepEqual(consumer.currentLayers, { spatialLayer: 1, temporalLayer: 0 });
      assert.equal(consumer.layersReason, 'preferredLayers');
    });
  });

  test('are undefined when nothing flows', async () => {
    await withFakeWorker({}, async (worker) => {
      const { consumer } = await startShow(worker);
      const flows = nextEvent(consumer, 'layerschange');
      await consumer.setPreferredLayers({ spatialLayer: 1 });
      await flows;
      assert.notEqual(consumer.currentLayers, undefined);
      const stopped = nextEvent(consumer, 'layerschange');
      await consumer.pause();
      assert.deepEqual(await stopped, [undefined]);
      assert.equal(consumer.currentLayers, undefined);
      assert.equal(consumer.layersReason, 'paused');
    });
  });

  test('are those that the worker grants', async () => {
    await withFakeWorker({}, async (worker) => {
      const { consumer } = await startShow(worker);
      await consumer.setPreferredLayers({ spatialLayer: 200, temporalLayer: 1 });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 2, temporalLayer: 1 });
    });
  });

  test('of time are all if none is named', async () => {
    const bodies = await requestsOf('SetPreferredLayers', async (worker) => {
      const { consumer } = await startShow(worker);
      await consumer.setPreferredLayers({ spatialLayer: 1 });
      assert.deepEqual(consumer.preferredLayers, { spatialLayer: 1 });
    });
    assert.deepEqual(bodies, [{ layers: { spatialLayer: 1, temporalLayer: 255 } }]);
  });

  test('are nothing to ask for with audio', async () => {
    const bodies = await requestsOf('SetPreferredLayers', async (worker) => {
      const { consumer } = await startShow(worker, audioParameters(), 'audio');
      await consumer.setPreferredLayers({ spatialLayer: 0 });
      assert.equal(consumer.preferredLayers, undefined);
    });
    assert.deepEqual(bodies, []);
  });

  test('that are granted after the timeout are granted', async () => {
    await withFakeWorker(
      { heldUntil: { SetPreferredLayers: 'GetResourceUsage' } },
      async (worker) => {
        const { consumer } = await startShow(worker);
        const asked = consumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: 0 });
        await assert.rejects(asked, { name: 'TimeoutError' });
        assert.deepEqual(consumer.preferredLayers, { spatialLayer: 2, temporalLayer: 2 });
        await worker.getResourceUsage();
        assert.deepEqual(consumer.preferredLayers, { spatialLayer: 0, temporalLayer: 0 });
      },
      { requestTimeout: shortTimeout },
    );
  });
});

describe('a priority', () => {
  test('is 1 until it is set and after it is unset', async () => {
    const bodies = await requestsOf('SetPriority', async (worker) => {
      const { consumer } = await startShow(worker);
      assert.equal(consumer.priority, 1);
      await consumer.setPriority(255);
      assert.equal(consumer.priority, 255);
      await consumer.unsetPriority();
      assert.equal(consumer.priority, 1);
    });
    assert.deepEqual(bodies, [{ priority: 255 }, { priority: 1 }]);
  });

  test('that is refused changes nothing', async () => {
    const refusal = { code: 3, message: 'priority is odd' };
    await withFakeWorker({ refuse: { SetPriority: refusal } }, async (worker) => {
      const { consumer } = await startShow(worker);
      await assert.rejects(consumer.setPriority(7), { name: 'TypeError' });
      assert.equal(consumer.priority, 1);
    });
  });
});

test('every option of consume() reaches the worker', async () => {
  const [plain, special] = (await requestsOf('Consume', async (worker) => {
    const { consume } = await startShow(worker);
    const consumer = await consume({
      paused: true,
      preferredLayers: { spatialLayer: 1 },
      priority: 9,
      ignoreDtx: true,
    });
    assert.equal(consumer.priority, 9);
  })) as Record<string, unknown>[];
  const pick = ({ paused, preferredLayers, priority, ignoreDtx }: typeof plain): unknown[] => [
    paused,
    preferredLayers,
    priority,
    ignoreDtx,
  ];
  assert.deepEqual(pick(plain!), [false, null, 1, false]);
  assert.deepEqual(pick(special!), [true, { spatialLayer: 1, temporalLayer: 255 }, 9, true]);
});

test('what a producer declares of its encodings reaches the worker', async () => {
  const [body] = (await requestsOf('Produce', (worker) => startShow(worker))) as {
    rtpParameters: Record<string, unknown>[];
  }[];
  const declared = body?.rtpParameters.map((encoding) => [
    encoding.rid,
    encoding.scalabilityMode,
    encoding.maxBitrate,
    encoding.scaleResolutionDownBy,
  ]);
  assert.deepEqual(declared, [
    ['r0', 'L1T3', 150_000, 4],
    ['r1', 'L1T3', 450_000, 2],
    ['r2', 'L1T3', 1_350_000, 1],
  ]);
});

test('the number of loudest speakers reaches the worker', async () => {
  const bodies = await requestsOf('CreateRouter', async (worker) => {
    await worker.createRouter();
    await worker.createRouter({ loudestSpeakers: 64 });
  });
  const numbers = (bodies as { loudestSpeakers: number }[]).map((body) => body.loudestSpeakers);
  assert.deepEqual(numbers, [0, 64]);
});

describe('wanted layers of a producer', () => {
  test('are all until the worker tells who watches', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer } = await startShow(worker);
      assert.deepEqual(producer.wantedLayers, { spatialLayer: 2, temporalLayer: 2 });
      assert.deepEqual(producer.wantedEncodings, [true, true, true]);
    });
  });

  test('are told with the encodings that nobody needs', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer, consumer } = await startShow(worker);
      const wanted = nextEvent(producer, 'wantedlayers');
      const watched = nextEvent(producer.observer, 'wantedlayers');
      await consumer.setPreferredLayers({ spatialLayer: 0, temporalLayer: 1 });
      const expected = [{ spatialLayer: 0, temporalLayer: 1 }, [true, false, false]];
      assert.deepEqual(await wanted, expected);
      assert.deepEqual(await watched, expected);
      assert.deepEqual([producer.wantedLayers, producer.wantedEncodings], expected);
    });
  });

  test('are none if nobody watches', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer, consumer } = await startShow(worker);
      const wanted = nextEvent(producer, 'wantedlayers');
      await consumer.pause();
      assert.deepEqual(await wanted, [undefined, [false, false, false]]);
      assert.equal(producer.wantedLayers, undefined);
    });
  });
});

test('scores are told for every encoding, by its place in the list', async () => {
  await withFakeWorker({}, async (worker) => {
    const { producer, consumer } = await startShow(worker);
    const scored = nextEvent(producer, 'score');
    const heard = nextEvent(consumer.observer, 'score');
    await producer.resume();
    const expected = [
      { encodingIdx: 2, ssrc: 1113, rid: 'r2', score: 5 },
      { encodingIdx: 1, ssrc: 1112, rid: 'r1', score: 6 },
      { encodingIdx: 0, ssrc: 1111, rid: 'r0', score: 7 },
    ];
    assert.deepEqual(await scored, [expected]);
    assert.deepEqual(producer.score, expected);
    assert.deepEqual(await heard, [{ score: 9, producerScore: 7, producerScores: [7, 6, 5] }]);
  });
});

describe('bounds of the outgoing rate', () => {
  test('reach the worker', async () => {
    const both = async (worker: Worker): Promise<void> => {
      const { transport } = await startShow(worker);
      await transport.setMaxOutgoingBitrate(2_000_000);
      await transport.setMinOutgoingBitrate(30_000);
      await transport.setMaxOutgoingBitrate(0);
      await transport.setMinOutgoingBitrate(0);
    };
    const bitrate = (value: number): object => ({ bitrate: value });
    assert.deepEqual(await requestsOf('SetMaxOutgoingBitrate', both), [2_000_000, 0].map(bitrate));
    assert.deepEqual(await requestsOf('SetMinOutgoingBitrate', both), [30_000, 0].map(bitrate));
  });

  test('may meet but not cross', async () => {
    await withFakeWorker({}, async (worker) => {
      const { transport } = await startShow(worker);
      await transport.setMaxOutgoingBitrate(100_000);
      await transport.setMinOutgoingBitrate(100_000);
      await assert.rejects(transport.setMinOutgoingBitrate(100_001), {
        name: 'TypeError',
        message: 'bitrate is above the maximum of 100000',
      });
      await assert.rejects(transport.setMaxOutgoingBitrate(99_999), {
        name: 'TypeError',
        message: 'bitrate is below the minimum of 100000',
      });
      await transport.setMaxOutgoingBitrate(0);
      await transport.setMinOutgoingBitrate(100_001);
    });
  });

  test('that the worker refuses do not stand in the way of others', async () => {
    const refusal = { code: 3, message: 'bitrate is odd' };
    await withFakeWorker({ refuse: { SetMaxOutgoingBitrate: refusal } }, async (worker) => {
      const { transport } = await startShow(worker);
      await assert.rejects(transport.setMaxOutgoingBitrate(50_000), { message: 'bitrate is odd' });
      await transport.setMinOutgoingBitrate(60_000);
    });
  });
});

describe('traces', () => {
  const rtpPacket = {
    payloadType: 101,
    sequenceNumber: 65535,
    timestamp: 4294967295,
    marker: true,
    ssrc: 7,
    isKeyFrame: true,
    size: 1200,
    payloadSize: 1160,
    spatialLayer: 2,
    temporalLayer: 1,
    mid: 'v',
    rrid: 'r0',
    wideSequenceNumber: 65534,
  };
  const rtp = { direction: 'in', info: { rtpPacket, isRtx: true } };
  const request = { direction: 'out', info: { ssrc: 4000000000, packets: 0 } };
  const stream = [
    { type: 'rtp', ...rtp },
    { type: 'keyframe', ...rtp },
    { type: 'nack', direction: 'out', info: { ssrc: 4000000000, packets: 3 } },
    { type: 'pli', ...request },
    { type: 'fir', ...request },
  ];
  const sr = {
    ssrc: 7,
    ntpSec: 3900000000,
    ntpFrac: 2147483648,
    rtpTs: 4294967295,
    packetCount: 4294967294,
    octetCount: 4000000001,
  };
  const layers = {
    layers: { spatialLayer: 1, temporalLayer: 2 },
    reason: 'bandwidthUp',
    availableBitrate: 900_000,
  };
  const bwe = {
    availableBitrate: 400_000,
    startBitrate: 800_000,
    desiredBitrate: 3_000_000,
    effectiveDesiredBitrate: 2_000_000,
    minBitrate: 50_000,
    maxBitrate: 2_000_000,
    maxPaddingBitrate: 1_900_000,
    type: 'transport-cc',
    reason: 'overuse',
  };
  const expected = {
    producer: [...stream, { type: 'sr', direction: 'in', info: sr }],
    consumer: [...stream, { type: 'layers', direction: 'in', info: layers }],
    transport: [
      { type: 'probation', ...rtp },
      { type: 'bwe', direction: 'in', info: bwe },
    ],
  };

  for (const who of ['producer', 'consumer', 'transport'] as const) {
    test(`of a ${who} have their details, and unknown ones are left out`, async () => {
      await withFakeWorker({}, async (worker) => {
        const traced = (await startShow(worker))[who];
        const [seen, watched] = [traced, traced.observer].map((it) => collect(it, 'trace'));
        const types = expected[who].map(({ type }) => type);
        await traced.enableTraceEvent(types as never);
        // The worker reads and answers in order, so the traces are here before this answer.
        await traced.enableTraceEvent();
        const told = expected[who].map((trace) => [{ timestamp: 12345678901, ...trace }]);
        assert.deepEqual(seen, told);
        assert.deepEqual(watched, told);
      });
    });
  }

  test('have the details of their type, for compilers as well', async () => {
    await withFakeWorker({}, async (worker) => {
      const { producer, consumer, transport } = await startShow(worker);
      const told: (string | number | undefined)[] = [];
      transport.on('trace', ({ type, info }) => {
        if (type === 'bwe') told.push(info.reason);
      });
      consumer.on('trace', ({ type, info }) => {
        if (type === 'layers') told.push(info.layers?.spatialLayer);
        else if (type === 'keyframe') told.push(info.rtpPacket.size);
      });
      producer.on('trace', ({ type, info }) => {
        if (type === 'sr') told.push(info.ntpSec);
      });
      await transport.enableTraceEvent(['bwe']);
      await consumer.enableTraceEvent(['layers', 'keyframe']);
      await producer.enableTraceEvent(['sr']);
      await producer.enableTraceEvent();
      assert.deepEqual(told, ['overuse', 1, 1200, 3900000000]);
    });
  });

  test('are asked for once each, and all are given up with none', async () => {
    const bodies = await requestsOf('EnableTraceEvents', async (worker) => {
      const { producer, consumer, transport } = await startShow(worker);
      await producer.enableTraceEvent(['rtp', 'sr', 'rtp']);
      await consumer.enableTraceEvent(['layers', 'fir']);
      await transport.enableTraceEvent(['bwe', 'probation']);
      await transport.enableTraceEvent();
    });
    assert.deepEqual(bodies, [
      { types: [0, 5] },
      { types: [6, 4] },
      { types: [7, 8] },
      { types: [] },
    ]);
  });

  for (const [who, type] of [
    ['producer', 'layers'],
    ['consumer', 'sr'],
    ['transport', 'rtp'],
  ] as const) {
    test(`of type ${type} are refused to a ${who}`, async () => {
      await withFakeWorker({}, async (worker) => {
        const traced = (await startShow(worker))[who];
        await assert.rejects(traced.enableTraceEvent([type] as never), {
          name: 'TypeError',
          message: /^types\[0\] is none of /,
        });
      });
    });
  }
});

test('statistics tell of layers and of bandwidth', async () => {
  await withFakeWorker({}, async (worker) => {
    const { transport, producer, consumer } = await startShow(worker);
    const [path] = await transport.getStats();
    const { availableOutgoingBitrate, maxOutgoingBitrate, minOutgoingBitrate } = path!;
    const bounds = [availableOutgoingBitrate, maxOutgoingBitrate, minOutgoingBitrate];
    assert.deepEqual(bounds, [700_000, 2_000_000, 50_000]);
    const { probationBytesSent, probationSendBitrate, desiredOutgoingBitrate } = path!;
    assert.deepEqual([probationBytesSent, probationSendBitrate], [6_000_000_000, 40_000]);
    const { bandwidthReason, sendQueueMs } = path!;
    assert.deepEqual([desiredOutgoingBitrate, bandwidthReason], [3_000_000, 'overuse']);
    assert.equal(sendQueueMs, 12.5);

    const [inbound] = await producer.getStats();
    assert.deepEqual(inbound?.bitrateByLayer, { '0.0': 9, '1.2': 5 });
    assert.deepEqual([inbound?.frameWidth, inbound?.frameHeight], [1280, 720]);
    assert.equal(inbound && 'currentLayers' in inbound, false);
    const [outbound] = await consumer.getStats();
    assert.deepEqual(outbound?.preferredLayers, { spatialLayer: 1 });
    assert.deepEqual(outbound?.currentLayers, { spatialLayer: 0, temporalLayer: 2 });
    assert.equal(outbound?.layersReason, 'bandwidthDown');
    assert.equal(outbound && 'bitrateByLayer' in outbound, false);
  });
});

describe('nonsense is refused before it reaches the worker', () => {
  type Attempt = (show: Show, value: never) => Promise<unknown>;
  const cases: [string, Attempt, [unknown, RegExp][]][] = [
    [
      'setPreferredLayers',
      ({ consumer }, value) => consumer.setPreferredLayers(value),
      [
        [undefined, /^layers is not an object/],
        [{}, /^layers\.spatialLayer is not an integer from 0 to 254/],
        [{ spatialLayer: -1 }, /^layers\.spatialLayer /],
        [{ spatialLayer: 0, temporalLayer: 255 }, /^layers\.temporalLayer /],
        [{ spatialLayer: 0, temporalLayer: '1' }, /^layers\.temporalLayer /],
      ],
    ],
    [
      'setPriority',
      ({ consumer }, value) => consumer.setPriority(value),
      [0, 256, 1.5, '1', NaN].map((value) => [value, /^priority is not an integer from 1 to 255/]),
    ],
    [
      'setMaxOutgoingBitrate',
      ({ transport }, value) => transport.setMaxOutgoingBitrate(value),
      [29_999, -1, 2 ** 32, '0', NaN].map((value) => [
        value,
        /^bitrate is not an integer from 30000 to 4294967295/,
      ]),
    ],
    [
      'setMinOutgoingBitrate',
      ({ transport }, value) => transport.setMinOutgoingBitrate(value),
      [29_999, undefined, 30_000.5].map((value) => [value, /^bitrate is not an integer/]),
    ],
    [
      'enableTraceEvent',
      ({ consumer }, value) => consumer.enableTraceEvent(value),
      [
        ['rtp', /^types is not an array/],
        [['rtp', 7], /^types\[1\] is none of rtp, keyframe, nack, pli, fir, layers/],
        [Array(33).fill('rtp'), /^types has more than 32 entries/],
      ],
    ],
    [
      'consume',
      ({ consume }, value) => consume(value),
      [
        [{ preferredLayers: 3 }, /^preferredLayers is not an object/],
        [{ preferredLayers: { temporalLayer: 0 } }, /^preferredLayers\.spatialLayer /],
        [{ priority: 0 }, /^priority is not an integer from 1 to 255/],
        [{ ignoreDtx: 'yes' }, /^ignoreDtx is not a boolean/],
      ],
    ],
  ];
  for (const [name, attempt, values] of cases) {
    test(name, async () => {
      await withFakeWorker({}, async (worker) => {
        const show = await startShow(worker);
        for (const [value, message] of values)
          await assert.rejects(attempt(show, value as never), { name: 'TypeError', message });
      });
    });
  }

  for (const loudestSpeakers of [-1, 65, '3', 1.5]) {
    test(`createRouter with loudestSpeakers ${JSON.stringify(loudestSpeakers)}`, async () => {
      await withFakeWorker({}, async (worker) => {
        const options = { loudestSpeakers: loudestSpeakers as number };
        await assert.rejects(worker.createRouter(options), {
          name: 'TypeError',
          message: 'loudestSpeakers is not an integer from 0 to 64',
        });
      });
    });
  }

  test('anything of an object that is closed', async () => {
    await withFakeWorker({}, async (worker) => {
      const { transport, producer, consumer } = await startShow(worker);
      transport.close();
      for (const attempt of [
        () => consumer.setPreferredLayers({ spatialLayer: 0 }),
        () => consumer.setPriority(2),
        () => consumer.enableTraceEvent([]),
        () => producer.enableTraceEvent([]),
        () => transport.enableTraceEvent([]),
        () => transport.setMaxOutgoingBitrate(0),
        () => transport.setMinOutgoingBitrate(0),
      ])
        await assert.rejects(attempt(), { name: 'InvalidStateError' });
    });
  });
});
