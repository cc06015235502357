import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { getSupportedRtpCapabilities, ortc, UnsupportedError, type types } from '../src/index.js';
import {
  audioParameters,
  browserCapabilities,
  mediaCodecs,
  simulcastParameters,
  videoParameters,
} from './fixtures.js';

const transportCc = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const absSendTime = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

function h264(parameters: types.CodecParameters, payloadType = 96): types.RtpParameters {
  return {
    mid: '0',
    codecs: [{ mimeType: 'video/H264', payloadType, clockRate: 90000, parameters }],
  };
}

function capabilities(
  codecs: types.RtpCodecCapability[] = mediaCodecs,
): Required<types.RtpCapabilities> {
  return ortc.generateRouterRtpCapabilities(codecs);
}

function consumableOf(
  kind: types.MediaKind,
  sent: types.RtpParameters,
  router: types.RtpCapabilities = capabilities(),
): ReturnType<typeof ortc.getConsumableRtpParameters> {
  const parameters = ortc.validateProducerRtpParameters(kind, sent);
  const mapping = ortc.getProducerRtpParametersMapping(parameters, router);
  return ortc.getConsumableRtpParameters(kind, parameters, router, mapping);
}

function consumerOf(
  consumable: ReturnType<typeof consumableOf>,
  receiver: types.RtpCapabilities,
  enableRtx = true,
): types.RtpParameters {
  return ortc.getConsumerRtpParameters(consumable, receiver, {
    enableRtx,
    ssrc: 410022001,
    mid: '0',
  });
}

describe('router capabilities', () => {
  test('number codecs from 100 and give every video codec its RTX', () => {
    const { codecs } = capabilities();
    assert.deepEqual(codecs[0], {
      kind: 'audio',
      mimeType: 'audio/opus',
      preferredPayloadType: 100,
      clockRate: 48000,
      channels: 2,
      parameters: {},
      rtcpFeedback: [
        { type: 'nack', parameter: '' },
        { type: 'transport-cc', parameter: '' },
      ],
    });
    assert.deepEqual(codecs[2], {
      kind: 'video',
      mimeType: 'video/rtx',
      preferredPayloadType: 102,
      clockRate: 90000,
      parameters: { apt: 101 },
      rtcpFeedback: [],
    });
    assert.deepEqual(
      codecs[1]?.rtcpFeedback?.map(({ type, parameter }) => `${type} ${parameter}`.trim()),
      ['nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc'],
    );
  });

  test('honour preferred payload types, also against automatic ones', () => {
    const { codecs } = capabilities([
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
      { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: 100 },
    ]);
    assert.deepEqual(
      codecs.map(({ preferredPayloadType }) => preferredPayloadType),
      [101, 100, 102],
    );
  });

  test('refuse a payload type that is wanted twice', () => {
    const codec = {
      kind: 'video',
      mimeType: 'video/VP8',
      clockRate: 90000,
      preferredPayloadType: 100,
    } as const;
    assert.throws(() => capabilities([codec, codec]), /preferredPayloadType 100 is used twice/);
  });

  test('use the static numbers of RFC 3551', () => {
    const { codecs } = capabilities([
      { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000 },
      { kind: 'audio', mimeType: 'audio/pcma', clockRate: 8000 },
      { kind: 'audio', mimeType: 'audio/G722', clockRate: 8000 },
      { kind: 'audio', mimeType: 'audio/CN', clockRate: 8000 },
    ]);
    assert.deepEqual(
      codecs.map(({ preferredPayloadType }) => preferredPayloadType),
      [0, 8, 9, 13],
    );
  });

  test('go on with 96 after 127, and end after 99', () => {
    const vp8 = { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 } as const;
    const { codecs } = capabilities(Array<types.RtpCodecCapability>(16).fill(vp8));
    assert.deepEqual(
      codecs.slice(27).map(({ preferredPayloadType }) => preferredPayloadType),
      [127, 96, 97, 98, 99],
    );
    assert.throws(
      () => capabilities(Array<types.RtpCodecCapability>(17).fill(vp8)),
      /more codecs than dynamic/,
    );
  });

  test('know every codec that is announced as supported', () => {
    for (const codec of getSupportedRtpCapabilities().codecs) {
      assert.doesNotThrow(() => capabilities([codec]), codec.mimeType);
    }
    const names = new Set(getSupportedRtpCapabilities().codecs.map(({ mimeType }) => mimeType));
    for (const name of ['opus', 'multiopus', 'PCMU', 'PCMA', 'G722', 'telephone-event', 'CN']) {
      assert.ok(names.has(`audio/${name}`), name);
    }
    for (const name of ['VP8', 'VP9', 'H264', 'H265', 'AV1'])
      assert.ok(names.has(`video/${name}`), name);
  });

  test('refuse codecs that the worker cannot forward, by name', () => {
    const flexfec = { kind: 'video', mimeType: 'video/flexfec-03', clockRate: 90000 } as const;
    assert.throws(() => capabilities([flexfec]), {
      name: 'UnsupportedError',
      message: 'media codec not supported [mimeType: video/flexfec-03, clockRate: 90000]',
    });
    const mono = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 1 } as const;
    assert.throws(() => capabilities([mono]), /audio\/opus, clockRate: 48000, channels: 1/);
  });

  test('tell surround sound by its streams', () => {
    const surround = (streams: number): types.RtpCodecCapability => ({
      kind: 'audio',
      mimeType: 'audio/multiopus',
      clockRate: 48000,
      channels: 6,
      parameters: { num_streams: streams, coupled_streams: 2 },
    });
    assert.equal(capabilities([surround(4)]).codecs[0]?.parameters?.channel_mapping, '0,4,1,2,3,5');
    assert.throws(() => capabilities([surround(3)]), UnsupportedError);
  });

  test('list header extensions with pinned ids and directions', () => {
    const found = capabilities().headerExtensions.map(
      ({ kind, preferredId, direction }) => `${kind} ${preferredId} ${direction}`,
    );
    assert.deepEqual(found, [
      'audio 1 sendrecv',
      'video 1 sendrecv',
      'video 2 recvonly',
      'video 3 recvonly',
      'audio 4 sendrecv',
      'video 4 sendrecv',
      'audio 5 sendrecv',
      'video 5 sendrecv',
      'audio 6 sendrecv',
      'video 7 sendrecv',
      'video 8 sendrecv',
      'video 9 sendrecv',
      'audio 10 sendrecv',
      'video 10 sendrecv',
      'audio 11 sendrecv',
      'video 11 sendrecv',
    ]);
  });

  test('are fresh copies', () => {
    getSupportedRtpCapabilities().codecs[0]!.mimeType = 'audio/broken';
    capabilities().codecs[0]!.rtcpFeedback!.length = 0;
    assert.equal(capabilities().codecs[0]?.rtcpFeedback?.length, 2);
  });
});

describe('mapping', () => {
  test('names the router payload type of every codec, RTX included', () => {
    const parameters = ortc.validateProducerRtpParameters('video', videoParameters());
    assert.deepEqual(ortc.getProducerRtpParametersMapping(parameters, capabilities()), {
      codecs: [
        { payloadType: 96, mappedPayloadType: 101 },
        { payloadType: 97, mappedPayloadType: 102 },
      ],
    });
  });

  const broken: [string, (parameters: types.RtpParameters) => void, RegExp][] = [
    [
      'a codec that the router lacks',
      (it) => (it.codecs[0]!.mimeType = 'video/VP9'),
      /unsupported codec \[mimeType: video\/VP9, payloadType: 96\]/,
    ],
    [
      'an RTX without its codec',
      (it) => (it.codecs[1]!.parameters = { apt: 95 }),
      /rtx payloadType 97 has an apt/,
    ],
    [
      'an RTX without apt',
      (it) => (it.codecs[1]!.parameters = {}),
      /rtx payloadType 97 has an apt/,
    ],
    [
      'one payload type twice',
      (it) => (it.codecs[1]!.payloadType = 96),
      /payloadType 96 is used twice/,
    ],
  ];
  for (const [name, change, message] of broken) {
    test(`refuses ${name}`, () => {
      const sent = videoParameters();
      change(sent);
      assert.throws(() => consumableOf('video', sent), message);
    });
  }
});

describe('codec profiles', () => {
  const matches: [string, string, types.CodecParameters, types.CodecParameters, boolean][] = [
    [
      'H264 levels may differ',
      'H264',
      { 'profile-level-id': '42e01f' },
      { 'profile-level-id': '42e034' },
      true,
    ],
    [
      'H264 profiles may not',
      'H264',
      { 'profile-level-id': '42e01f' },
      { 'profile-level-id': '640c1f' },
      false,
    ],
    [
      'H264 constrained baseline has three spellings',
      'H264',
      { 'profile-level-id': '42e01f' },
      { 'profile-level-id': '4d801f' },
      true,
    ],
    [
      'H264 baseline is not constrained baseline',
      'H264',
      { 'profile-level-id': '42001f' },
      { 'profile-level-id': '42e01f' },
      false,
    ],
    [
      'H264 packetization modes may not differ',
      'H264',
      { 'packetization-mode': 1 },
      { 'packetization-mode': 0 },
      false,
    ],
    ['H264 packetization mode 0 may be left out', 'H264', { 'packetization-mode': 0 }, {}, true],
    [
      'H264 numbers may be text',
      'H264',
      { 'packetization-mode': '1' },
      { 'packetization-mode': 1 },
      true,
    ],
    [
      'H264 without a profile is constrained baseline',
      'H264',
      {},
      { 'profile-level-id': '42e01f' },
      true,
    ],
    [
      'H264 nonsense matches nothing',
      'H264',
      { 'profile-level-id': 'zzzzzz' },
      { 'profile-level-id': 'zzzzzz' },
      false,
    ],
    ['VP9 profile 0 may be left out', 'VP9', {}, { 'profile-id': 0 }, true],
    ['VP9 profiles may not differ', 'VP9', { 'profile-id': 2 }, {}, false],
    ['AV1 profile 0 may be left out', 'AV1', { profile: '0', 'level-idx': 5 }, {}, true],
    ['AV1 profiles may not differ', 'AV1', { profile: 1 }, {}, false],
    [
      'H265 levels may differ',
      'H265',
      { 'profile-id': 1, 'level-id': 156 },
      { 'level-id': 93 },
      true,
    ],
    ['H265 profiles may not', 'H265', { 'profile-id': 2 }, {}, false],
    ['H265 tiers may not', 'H265', { 'tier-flag': 1 }, {}, false],
  ];
  for (const [name, codec, first, second, expected] of matches) {
    test(name, () => {
      const [a, b] = [first, second].map((parameters) => ({
        mimeType: `video/${codec}`,
        clockRate: 90000,
        parameters,
      }));
      assert.equal(ortc.isCompatibleCodec(a!, b!), expected);
      assert.equal(ortc.isCompatibleCodec(b!, a!), expected);
    });
  }

  test('profile-level-id is read as RFC 6184 says', () => {
    assert.deepEqual(ortc.parseProfileLevelId('42E01F'), {
      profile: 'constrained-baseline',
      level: 31,
    });
    assert.deepEqual(ortc.parseProfileLevelId('4d0032'), { profile: 'main', level: 50 });
    assert.deepEqual(ortc.parseProfileLevelId('64001f'), { profile: 'high', level: 31 });
    assert.deepEqual(ortc.parseProfileLevelId('640c2a'), {
      profile: 'constrained-high',
      level: 42,
    });
    assert.deepEqual(ortc.parseProfileLevelId('42f00b'), {
      profile: 'constrained-baseline',
      level: 9,
    });
    for (const nonsense of ['', '42e0', '42e01f0', '42e0ff', 'ff001f', '64101f']) {
      assert.equal(ortc.parseProfileLevelId(nonsense), undefined, nonsense);
    }
  });

  test('the answer names the lower level, or with asymmetry its own', () => {
    const [low, high] = [{ 'profile-level-id': '42e01f' }, { 'profile-level-id': '42e034' }];
    assert.equal(ortc.answerProfileLevelId(high, low), '42e01f');
    assert.equal(ortc.answerProfileLevelId(low, high), '42e01f');
    const asymmetric = { 'level-asymmetry-allowed': 1 };
    assert.equal(
      ortc.answerProfileLevelId({ ...high, ...asymmetric }, { ...low, ...asymmetric }),
      '42e034',
    );
    assert.equal(ortc.answerProfileLevelId({ ...high, ...asymmetric }, low), '42e01f');
  });

  test('a router with two H264 profiles tells them apart', () => {
    const video = { kind: 'video', mimeType: 'video/H264', clockRate: 90000 } as const;
    const router = capabilities([
      { ...video, parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' } },
      { ...video, parameters: { 'packetization-mode': 1, 'profile-level-id': '640c1f' } },
    ]);
    const high = consumableOf(
      'video',
      h264({ 'packetization-mode': 1, 'profile-level-id': '640c34' }),
      router,
    );
    assert.equal(high.codecs[0]?.payloadType, 102);
    assert.equal(high.codecs[0]?.parameters['profile-level-id'], '640c1f');
    assert.throws(
      () => consumableOf('video', h264({ 'packetization-mode': 0 }), router),
      UnsupportedError,
    );
  });
});

describe('consumable parameters', () => {
  test('use the router numbers and leave out what was between producer and router', () => {
    const consumable = consumableOf('video', videoParameters());
    assert.deepEqual(
      consumable.codecs.map(({ mimeType, payloadType }) => `${mimeType} ${payloadType}`),
      ['video/VP8 101', 'video/rtx 102'],
    );
    assert.deepEqual(consumable.codecs[1]?.parameters, { apt: 101 });
    assert.deepEqual(consumable.encodings, [{ scalabilityMode: 'L1T3', maxBitrate: 1_500_000 }]);
    assert.deepEqual(
      consumable.headerExtensions.map(({ id }) => id),
      [1, 4, 5, 7, 8, 9, 10, 11],
    );
    assert.deepEqual(consumable.rtcp, { cname: 'browser', reducedSize: true });
  });

  test('have RTX even if the producer has none', () => {
    const sent = videoParameters();
    sent.codecs.pop();
    assert.equal(consumableOf('video', sent).codecs[1]?.mimeType, 'video/rtx');
  });
});

describe('the type of a producer', () => {
  const cases: [string, types.RtpEncodingParameters[], types.ProducerType][] = [
    ['one encoding', [{}], 'simple'],
    ['one encoding with layers of time', [{ scalabilityMode: 'L1T3' }], 'simple'],
    ['one encoding with sizes', [{ scalabilityMode: 'L3T3_KEY' }], 'svc'],
    ['one encoding with sizes of their own', [{ scalabilityMode: 'S2T1' }], 'svc'],
    ['two encodings', [{ rid: 'a' }, { rid: 'b' }], 'simulcast'],
    ['two scalable encodings', Array(2).fill({ scalabilityMode: 'L2T1' }), 'simulcast'],
    ['no encoding', [], 'simple'],
    ['a mode that is none', [{ scalabilityMode: 'L0T0' }], 'simple'],
  ];
  for (const [name, encodings, type] of cases) {
    test(`with ${name} is ${type}`, () => {
      assert.equal(ortc.getProducerType({ codecs: [], encodings }), type);
    });
  }
});

describe('consumer parameters', () => {
  const router = { rtpCapabilities: capabilities() };

  test('are what the worked example of the protocol says', () => {
    const sent = videoParameters();
    sent.encodings = [
      { rid: 'r0', scalabilityMode: 'L1T3' },
      { rid: 'r1', scalabilityMode: 'L1T3' },
      { rid: 'r2' },
    ];
    const receiver = browserCapabilities(router);
    receiver.headerExtensions = receiver.headerExtensions?.filter(({ preferredId }) =>
      [1, 5].includes(preferredId),
    );
    assert.deepEqual(consumerOf(consumableOf('video', sent), receiver), {
      mid: '0',
      codecs: [
        {
          mimeType: 'video/VP8',
          payloadType: 101,
          clockRate: 90000,
          parameters: {},
          rtcpFeedback: [
            { type: 'nack', parameter: '' },
            { type: 'nack', parameter: 'pli' },
            { type: 'ccm', parameter: 'fir' },
            { type: 'transport-cc', parameter: '' },
          ],
        },
        {
          mimeType: 'video/rtx',
          payloadType: 102,
          clockRate: 90000,
          parameters: { apt: 101 },
          rtcpFeedback: [],
        },
      ],
      headerExtensions: [
        { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1, encrypt: false, parameters: {} },
        { uri: transportCc, id: 5, encrypt: false, parameters: {} },
      ],
      encodings: [{ ssrc: 410022001, rtx: { ssrc: 410022002 }, scalabilityMode: 'L3T3' }],
      rtcp: { cname: 'browser', reducedSize: true },
    });
  });

  test('number sound only for those who read the number of sound', () => {
    const receiver = browserCapabilities(router);
    const urisOf = (capabilities: types.RtpCapabilities) =>
      consumerOf(consumableOf('audio', audioParameters()), capabilities).headerExtensions?.map(
        ({ uri }) => uri,
      ) ?? [];
    assert.ok(urisOf(receiver).includes(transportCc));
    const deaf = structuredClone(receiver);
    deaf.headerExtensions = deaf.headerExtensions?.filter(
      ({ kind, uri }) => kind === 'video' || uri !== transportCc,
    );
    assert.ok(!urisOf(deaf).includes(transportCc));
  });

  const feedbackRules: [string, string[], string[]][] = [
    [
      'transport-wide feedback if there is its extension',
      [transportCc, absSendTime],
      ['transport-cc'],
    ],
    ['REMB if there is only the send time', [absSendTime], ['goog-remb']],
    ['neither if there is neither', [], []],
  ];
  for (const [name, uris, expected] of feedbackRules) {
    test(`choose ${name}`, () => {
      const receiver = browserCapabilities(router);
      receiver.headerExtensions = receiver.headerExtensions?.filter(({ uri }) =>
        uris.includes(uri),
      );
      const feedback =
        consumerOf(consumableOf('video', videoParameters()), receiver).codecs[0]?.rtcpFeedback ??
        [];
      const chosen = feedback.map(({ type }) => type).filter((type) => /remb|transport/.test(type));
      assert.deepEqual(chosen, expected);
    });
  }

  test('without RTX have neither its codec nor plain NACK, but still picture loss', () => {
    const { codecs, encodings } = consumerOf(
      consumableOf('video', videoParameters()),
      browserCapabilities(router),
      false,
    );
    assert.deepEqual(
      codecs.map(({ mimeType }) => mimeType),
      ['video/VP8'],
    );
    assert.ok(
      !codecs[0]?.rtcpFeedback?.some(({ type, parameter }) => type === 'nack' && !parameter),
    );
    assert.ok(codecs[0]?.rtcpFeedback?.some(({ parameter }) => parameter === 'pli'));
    assert.equal(encodings?.[0]?.rtx, undefined);
  });

  test('have no RTX if the receiver has none', () => {
    const receiver = browserCapabilities(router);
    receiver.codecs = receiver.codecs?.filter(({ mimeType }) => mimeType !== 'video/rtx');
    const { codecs, encodings } = consumerOf(consumableOf('video', videoParameters()), receiver);
    assert.equal(codecs.length, 1);
    assert.equal(encodings?.[0]?.rtx, undefined);
  });

  test('offer no feedback that the receiver does not know', () => {
    const receiver = browserCapabilities(router);
    for (const codec of receiver.codecs ?? [])
      codec.rtcpFeedback = [{ type: 'ccm', parameter: 'fir' }];
    const { codecs } = consumerOf(consumableOf('video', videoParameters()), receiver);
    assert.deepEqual(codecs[0]?.rtcpFeedback, [{ type: 'ccm', parameter: 'fir' }]);
  });

  test('leave out extensions that the receiver only sends', () => {
    const receiver = browserCapabilities(router);
    for (const extension of receiver.headerExtensions ?? []) extension.direction = 'sendonly';
    assert.deepEqual(
      consumerOf(consumableOf('audio', audioParameters()), receiver).headerExtensions,
      [],
    );
  });

  test('keep dtx and the highest bit rate', () => {
    const [audio] =
      consumerOf(consumableOf('audio', audioParameters()), browserCapabilities(router)).encodings ??
      [];
    assert.equal(audio?.dtx, true);
    const sent = videoParameters();
    sent.encodings = [
      { rid: 'a', maxBitrate: 100 },
      { rid: 'b', maxBitrate: 900 },
    ];
    const [video] =
      consumerOf(consumableOf('video', sent), browserCapabilities(router)).encodings ?? [];
    assert.equal(video?.maxBitrate, 900);
    assert.equal(video?.scalabilityMode, 'L2T1');
  });

  test('do not exist without a common codec', () => {
    const consumable = consumableOf('video', videoParameters());
    const deaf = {
      codecs: [{ kind: 'video', mimeType: 'video/AV1', clockRate: 90000 }],
    } as types.RtpCapabilities;
    assert.equal(ortc.canConsume(consumable, deaf), false);
    assert.equal(ortc.canConsume(consumable, {}), false);
    assert.equal(ortc.canConsume(consumable, browserCapabilities(router)), true);
    assert.throws(() => consumerOf(consumable, deaf), {
      name: 'UnsupportedError',
      message: 'no compatible media codecs',
    });
  });

  const modes: [string, types.RtpEncodingParameters[], string | undefined][] = [
    ['keep the mode of one encoding', [{ ssrc: 1, scalabilityMode: 'L3T3_KEY' }], 'L3T3_KEY'],
    ['keep sizes of their own', [{ ssrc: 1, scalabilityMode: 'S3T3' }], 'S3T3'],
    ['have no mode if none is declared', [{ ssrc: 1 }], undefined],
    ['count encodings as sizes', [{ rid: 'a' }, { rid: 'b' }, { rid: 'c' }, { rid: 'd' }], 'L4T1'],
    ['take the most layers of time', [{ rid: 'a' }, { rid: 'b', scalabilityMode: 'L1T2' }], 'L2T2'],
  ];
  for (const [name, encodings, mode] of modes) {
    test(name, () => {
      const consumable = consumableOf('video', { ...videoParameters(), encodings });
      const consumer = consumerOf(consumable, browserCapabilities(router));
      assert.equal(consumer.encodings?.[0]?.scalabilityMode, mode);
      assert.equal(consumer.encodings?.length, 1);
    });
  }

  test('carry the dependency descriptor to receivers that know it, and to no others', () => {
    const descriptor =
      'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';
    const consumable = consumableOf('video', simulcastParameters());
    const receiver = browserCapabilities(router);
    const uris = (): string[] =>
      (consumerOf(consumable, receiver).headerExtensions ?? []).map(({ uri }) => uri);
    assert.ok(uris().includes(descriptor));
    receiver.headerExtensions = receiver.headerExtensions?.filter(({ uri }) => uri !== descriptor);
    assert.ok(!uris().includes(descriptor));
  });

  test('RTX alone is nothing that can be consumed', () => {
    const consumable = consumableOf('video', videoParameters());
    const receiver = browserCapabilities(router);
    receiver.codecs = receiver.codecs?.filter(({ mimeType }) => mimeType === 'video/rtx');
    assert.equal(ortc.canConsume(consumable, receiver), false);
  });
});
