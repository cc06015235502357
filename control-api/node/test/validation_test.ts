import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ortc } from '../src/index.js';
import { encodeListenInfos } from '../src/listen_info.js';
import { encodeDtlsParameters } from '../src/ice_dtls.js';
import { audioParameters, simulcastParameters, videoParameters } from './fixtures.js';

type Change = (value: any) => void;

function refuses(
  make: () => any,
  check: (value: unknown) => unknown,
  cases: [Change, RegExp][],
): void {
  for (const [change, message] of cases) {
    test(`${change.toString().replace(/^.*=> /, '')} is refused`, () => {
      const value = make();
      change(value);
      assert.throws(
        () => check(value),
        (error: Error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
}

describe('RtpParameters', () => {
  refuses(videoParameters, (value) => ortc.validateRtpParameters(value), [
    [(it) => delete it.codecs, /rtpParameters\.codecs is missing or empty/],
    [(it) => (it.codecs = []), /rtpParameters\.codecs is missing or empty/],
    [(it) => (it.codecs = {}), /rtpParameters\.codecs is not an array/],
    [(it) => (it.codecs = Array(65).fill(it.codecs[0])), /rtpParameters\.codecs has more than 64/],
    [(it) => (it.codecs[0] = null), /rtpParameters\.codecs\[0\] is not an object/],
    [(it) => (it.codecs[0].mimeType = 'VP8'), /rtpParameters\.codecs\[0\]\.mimeType/],
    [(it) => (it.codecs[0].mimeType = 7), /rtpParameters\.codecs\[0\]\.mimeType is not a string/],
    [(it) => (it.codecs[0].payloadType = 128), /rtpParameters\.codecs\[0\]\.payloadType/],
    [(it) => (it.codecs[0].payloadType = '96'), /rtpParameters\.codecs\[0\]\.payloadType/],
    [(it) => delete it.codecs[0].clockRate, /rtpParameters\.codecs\[0\]\.clockRate/],
    [(it) => (it.codecs[0].clockRate = 0), /rtpParameters\.codecs\[0\]\.clockRate/],
    [(it) => (it.codecs[1].parameters.apt = '96'), /rtpParameters\.codecs\[1\]\.parameters\.apt/],
    [
      (it) => (it.codecs[0].parameters = { a: {} }),
      /rtpParameters\.codecs\[0\]\.parameters\.a is neither/,
    ],
    [
      (it) => (it.codecs[0].parameters = { a: NaN }),
      /rtpParameters\.codecs\[0\]\.parameters\.a is not a number/,
    ],
    [
      (it) => (it.codecs[0].parameters = { a: 'x'.repeat(2049) }),
      /parameters\.a is longer than 2048/,
    ],
    [
      (it) => (it.codecs[0].rtcpFeedback = [{}]),
      /rtpParameters\.codecs\[0\]\.rtcpFeedback\[0\]\.type/,
    ],
    [(it) => (it.headerExtensions[0].id = 0), /rtpParameters\.headerExtensions\[0\]\.id/],
    [(it) => delete it.headerExtensions[0].uri, /rtpParameters\.headerExtensions\[0\]\.uri/],
    [(it) => (it.encodings[0].ssrc = -1), /rtpParameters\.encodings\[0\]\.ssrc/],
    [(it) => (it.encodings[0].ssrc = 2 ** 32), /rtpParameters\.encodings\[0\]\.ssrc/],
    [(it) => (it.encodings[0].rid = 1), /rtpParameters\.encodings\[0\]\.rid/],
    [(it) => (it.encodings[0].rtx = {}), /rtpParameters\.encodings\[0\]\.rtx\.ssrc/],
    [(it) => (it.encodings[0].dtx = 'yes'), /rtpParameters\.encodings\[0\]\.dtx is not a boolean/],
    [
      (it) => (it.encodings[0].scalabilityMode = 3),
      /rtpParameters\.encodings\[0\]\.scalabilityMode/,
    ],
    [
      (it) => (it.encodings[0].scaleResolutionDownBy = 0.5),
      /rtpParameters\.encodings\[0\]\.scaleResolutionDownBy is less than 1/,
    ],
    [
      (it) => (it.encodings[0].scaleResolutionDownBy = Infinity),
      /rtpParameters\.encodings\[0\]\.scaleResolutionDownBy is not a number/,
    ],
    [
      (it) => (it.encodings[0].maxBitrate = '1'),
      /rtpParameters\.encodings\[0\]\.maxBitrate is not a number/,
    ],
    [(it) => (it.rtcp.cname = 5), /rtpParameters\.rtcp\.cname is not a string/],
    [(it) => (it.rtcp = 'x'), /rtpParameters\.rtcp is not an object/],
    [(it) => (it.mid = ''), /rtpParameters\.mid is empty/],
  ]);

  for (const nothing of [undefined, null, 1, 'text', []]) {
    test(`${JSON.stringify(nothing)} is refused`, () => {
      assert.throws(() => ortc.validateRtpParameters(nothing), /rtpParameters is not an object/);
    });
  }

  test('defaults are filled in, unknown fields left out, the original left alone', () => {
    const sent = {
      codecs: [{ mimeType: 'audio/opus', payloadType: 0, clockRate: 48000 }],
      surprise: 1,
    };
    const before = JSON.stringify(sent);
    assert.deepEqual(ortc.validateRtpParameters(sent), {
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType: 0,
          clockRate: 48000,
          channels: 1,
          parameters: {},
          rtcpFeedback: [],
        },
      ],
      headerExtensions: [],
      encodings: [],
      rtcp: { reducedSize: true },
    });
    assert.equal(JSON.stringify(sent), before);
  });

  test('a parameter called __proto__ changes no prototype', () => {
    const sent = audioParameters();
    sent.codecs[0]!.parameters = JSON.parse('{"__proto__": "x", "apt": 1}');
    const { codecs } = ortc.validateRtpParameters(sent);
    assert.equal(Object.getPrototypeOf(codecs[0]!.parameters), Object.prototype);
  });

  test('a codec of the other kind is refused', () => {
    assert.throws(
      () => ortc.validateProducerRtpParameters('audio', videoParameters()),
      /video\/VP8 is no audio codec/,
    );
  });

  test('without encodings a MID is needed, and is enough', () => {
    const sent = { ...audioParameters(), encodings: [] };
    assert.deepEqual(ortc.validateProducerRtpParameters('audio', sent).encodings, [{}]);
    assert.throws(
      () => ortc.validateProducerRtpParameters('audio', { ...sent, mid: undefined }),
      /encodings is missing/,
    );
  });
});

describe('several encodings', () => {
  refuses(simulcastParameters, (value) => ortc.validateProducerRtpParameters('video', value), [
    [(it) => delete it.encodings[1].rid, /encodings\[1\] has neither ssrc nor rid/],
    [(it) => (it.encodings[2].rid = 'r0'), /encodings\[2\]\.rid is used twice/],
    [
      (it) => (it.encodings[0].ssrc = it.encodings[1].ssrc = 5),
      /encodings\[1\]\.ssrc is used twice/,
    ],
  ]);

  test('may be told apart by SSRC', () => {
    const encodings = [{ ssrc: 1 }, { ssrc: 2 }];
    const sent = { ...videoParameters(), encodings };
    assert.deepEqual(ortc.validateProducerRtpParameters('video', sent).encodings, encodings);
  });

  test('of audio are refused', () => {
    const sent = { ...audioParameters(), encodings: [{ ssrc: 1 }, { ssrc: 2 }] };
    assert.throws(
      () => ortc.validateProducerRtpParameters('audio', sent),
      /rtpParameters\.encodings: audio has one encoding/,
    );
  });
});

describe('RtpCapabilities', () => {
  const make = (): any => ({
    codecs: [
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, preferredPayloadType: 100 },
    ],
    headerExtensions: [{ kind: 'audio', uri: 'urn:x', preferredId: 1 }],
  });
  refuses(make, (value) => ortc.validateRtpCapabilities(value), [
    [(it) => delete it.codecs[0].mimeType, /rtpCapabilities\.codecs\[0\]\.mimeType/],
    [
      (it) => (it.codecs[0].preferredPayloadType = 1.5),
      /rtpCapabilities\.codecs\[0\]\.preferredPayloadType/,
    ],
    [(it) => (it.codecs[0].channels = 0), /rtpCapabilities\.codecs\[0\]\.channels/],
    [
      (it) => (it.headerExtensions[0].kind = 'text'),
      /rtpCapabilities\.headerExtensions\[0\]\.kind is none of/,
    ],
    [
      (it) => (it.headerExtensions[0].preferredId = 256),
      /rtpCapabilities\.headerExtensions\[0\]\.preferredId/,
    ],
    [
      (it) => (it.headerExtensions[0].direction = 'up'),
      /rtpCapabilities\.headerExtensions\[0\]\.direction/,
    ],
  ]);

  test('both lists may be missing', () => {
    assert.deepEqual(ortc.validateRtpCapabilities({}), { codecs: [], headerExtensions: [] });
  });

  test('direction and encryption have defaults', () => {
    const [extension] = ortc.validateRtpCapabilities(make()).headerExtensions;
    assert.equal(extension?.direction, 'sendrecv');
    assert.equal(extension?.preferredEncrypt, false);
  });
});

describe('listenInfos', () => {
  const make = (): any => [{ protocol: 'udp', ip: '127.0.0.1', portRange: {}, flags: {} }];
  refuses(make, (value) => encodeListenInfos(value), [
    [(it) => it.pop(), /listenInfos is missing or empty/],
    [(it) => it.push(...Array(8).fill(it[0])), /listenInfos has more than 8/],
    [(it) => (it[0].protocol = 'sctp'), /listenInfos\[0\]\.protocol/],
    [(it) => (it[0].ip = ''), /listenInfos\[0\]\.ip is empty/],
    [(it) => (it[0].port = 65536), /listenInfos\[0\]\.port/],
    [(it) => (it[0].portRange.min = -1), /listenInfos\[0\]\.portRange\.min/],
    [(it) => (it[0].flags.ipv6Only = 1), /listenInfos\[0\]\.flags\.ipv6Only/],
    [(it) => (it[0].exposeInternalIp = 'no'), /listenInfos\[0\]\.exposeInternalIp/],
  ]);
});

describe('dtlsParameters', () => {
  const make = (): any => ({
    role: 'client',
    fingerprints: [{ algorithm: 'sha-256', value: 'AA' }],
  });
  refuses(make, (value) => encodeDtlsParameters(value), [
    [(it) => (it.role = 'boss'), /dtlsParameters\.role is none of/],
    [(it) => (it.fingerprints = []), /dtlsParameters\.fingerprints is missing or empty/],
    [(it) => delete it.fingerprints[0].value, /dtlsParameters\.fingerprints\[0\]\.value/],
    [
      (it) => (it.fingerprints = Array(9).fill(it.fingerprints[0])),
      /dtlsParameters\.fingerprints has more than 8/,
    ],
  ]);
});
