// What goes over plain links and pipes, as pure functions, and how classes behave against a fake
// worker.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ortc, writeSdp, type types } from '../src/index.js';
import { getPipeRtpParameters } from '../src/ortc/pipe_parameters.js';
import { encodeSrtpParameters } from '../src/srtp_parameters.js';
import { mediaCodecs, simulcastParameters, videoParameters, withFakeWorker } from './fixtures.js';

const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };

function consumableOf(rtpParameters: types.RtpParameters) {
  const ours = ortc.generateRouterRtpCapabilities(mediaCodecs);
  const valid = ortc.validateProducerRtpParameters('video', rtpParameters);
  const mapping = ortc.getProducerRtpParametersMapping(valid, ours);
  return ortc.getConsumableRtpParameters('video', valid, ours, mapping);
}

describe('parameters of a pipe', () => {
  const produced = simulcastParameters();
  const consumable = consumableOf(produced);
  const ssrcs = [100, 200, 300];

  test('have every encoding, with an SSRC and its size', () => {
    const { encodings } = getPipeRtpParameters(consumable, produced, { enableRtx: true, ssrcs });
    assert.deepEqual(
      encodings.map(({ ssrc, rtx, scaleResolutionDownBy, maxBitrate }) => [
        ssrc,
        rtx?.ssrc,
        scaleResolutionDownBy,
        maxBitrate,
      ]),
      [
        [100, 101, 4, 150_000],
        [200, 201, 2, 450_000],
        [300, 301, 1, 1_350_000],
      ],
    );
  });

  test('have RTX only if it is wanted, and can be asked for again in any case', () => {
    const { codecs, encodings } = getPipeRtpParameters(consumable, produced, {
      enableRtx: false,
      ssrcs,
    });
    assert.deepEqual(
      codecs.map(({ mimeType }) => mimeType),
      ['video/VP8'],
    );
    assert.ok(codecs[0]?.rtcpFeedback.some(({ type, parameter }) => type === 'nack' && !parameter));
    assert.ok(encodings.every(({ rtx }) => rtx === undefined));
  });

  test('leave out what belongs to one hop', () => {
    const parameters = getPipeRtpParameters(consumable, produced, { enableRtx: true, ssrcs });
    const uris = parameters.headerExtensions.map(({ uri }) => uri);
    assert.ok(uris.some((uri) => uri.includes('dependency-descriptor')));
    for (const uri of uris) assert.doesNotMatch(uri, /mid|stream-id|transport-wide|abs-send/);
    const feedback = parameters.codecs.flatMap(({ rtcpFeedback }) => rtcpFeedback);
    assert.ok(feedback.every(({ type }) => type !== 'transport-cc' && type !== 'goog-remb'));
    assert.equal(parameters.mid, undefined);
  });

  test('are what a producer at the other end may send', () => {
    const parameters = getPipeRtpParameters(consumable, produced, { enableRtx: true, ssrcs });
    const ours = ortc.generateRouterRtpCapabilities(mediaCodecs);
    const valid = ortc.validateProducerRtpParameters('video', parameters);
    const { codecs } = ortc.getProducerRtpParametersMapping(valid, ours);
    for (const { payloadType, mappedPayloadType } of codecs)
      assert.equal(payloadType, mappedPayloadType);
  });
});

describe('SDP for tools', () => {
  const opus: types.RtpParameters = {
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 100,
        clockRate: 48000,
        channels: 2,
        parameters: { useinbandfec: 1 },
      },
    ],
    encodings: [{ ssrc: 7 }],
    rtcp: { cname: 'alice' },
  };

  test('tells one stream for each port', () => {
    const sdp = writeSdp([
      { kind: 'audio', rtpParameters: opus, ip: '192.0.2.1', port: 5004, rtcpPort: 5005 },
      { kind: 'video', rtpParameters: videoParameters(), ip: '192.0.2.1', port: 5006 },
    ]);
    assert.deepEqual(sdp.split('\r\n').slice(0, 12), [
      'v=0',
      'o=- 0 0 IN IP4 192.0.2.1',
      's=Sluice',
      't=0 0',
      'm=audio 5004 RTP/AVP 100',
      'c=IN IP4 192.0.2.1',
      'a=rtcp:5005 IN IP4 192.0.2.1',
      'a=rtpmap:100 opus/48000/2',
      'a=fmtp:100 useinbandfec=1',
      'a=ssrc:7 cname:alice',
      'a=recvonly',
      'm=video 5006 RTP/AVPF 96 97',
    ]);
    assert.match(sdp, /a=rtcp-mux\r\n/);
    assert.match(sdp, /a=rtcp-fb:96 nack pli\r\n/);
    assert.match(sdp, /a=ssrc-group:FID 2222 2223\r\n/);
    assert.ok(sdp.endsWith('\r\n'));
  });

  test('carries keys, and IPv6 addresses', () => {
    const srtpParameters = {
      cryptoSuite: 'AES_CM_128_HMAC_SHA1_80',
      keyBase64: 'A'.repeat(40),
    } as const;
    const sdp = writeSdp([
      { kind: 'audio', rtpParameters: opus, ip: '2001:db8::1', port: 9, srtpParameters },
    ]);
    assert.match(sdp, /m=audio 9 RTP\/SAVP 100\r\nc=IN IP6 2001:db8::1\r\n/);
    assert.match(sdp, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:A{40}\r\n/);
  });

  test('lets nobody begin a line of his own', () => {
    const rtpParameters = { ...opus, rtcp: { cname: 'x\r\na=evil' } };
    const media = [{ kind: 'audio', rtpParameters, ip: '192.0.2.1', port: 9 }] as const;
    const sdp = writeSdp([...media], { name: 'y\nm=evil' });
    assert.doesNotMatch(sdp, /^(a=|m=)evil/m);
  });

  test('refuses to describe nothing', () => {
    assert.throws(() => writeSdp([]), /media is missing or empty/);
  });
});

describe('keys', () => {
  test('have the length of their suite', () => {
    const sizes = [
      ['AEAD_AES_128_GCM', 28],
      ['AEAD_AES_256_GCM', 44],
      ['AES_CM_128_HMAC_SHA1_80', 30],
      ['AES_CM_128_HMAC_SHA1_32', 30],
    ] as const;
    for (const [cryptoSuite, size] of sizes) {
      const keyOf = (length: number): string => Buffer.alloc(length, 1).toString('base64');
      assert.doesNotThrow(() => encodeSrtpParameters({ cryptoSuite, keyBase64: keyOf(size) }));
      assert.throws(
        () => encodeSrtpParameters({ cryptoSuite, keyBase64: keyOf(size - 1) }),
        /srtpParameters\.keyBase64 is not/,
      );
    }
    assert.throws(
      () => encodeSrtpParameters({ cryptoSuite: 'F8_128_HMAC_SHA1_32', keyBase64: 'A' }),
      /srtpParameters\.cryptoSuite is none of/,
    );
  });
});

describe('transports that are not of WebRTC', () => {
  test('refuse wrong options by their name, before the worker is asked', async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const create = (options: object) => router.createPlainTransport(options as never);
      await assert.rejects(create({}), /listenInfo is not an object/);
      await assert.rejects(create({ listenInfo, rtcpMux: 1 }), /rtcpMux is not a boolean/);
      await assert.rejects(create({ listenInfo, listenIp: '127.0.0.1' }), /are both given/);
      await assert.rejects(create({ listenIp: { ip: 7 } }), /listenIp\.ip is not a string/);
      const sctp = { listenInfo, enableSctp: true };
      await assert.rejects(create({ ...sctp, maxSendMessageSize: 0 }), /maxSendMessageSize is not/);
      await assert.rejects(create({ listenInfo, srtpCryptoSuite: 'x' }), /srtpCryptoSuite is none/);
      const pipe = (options: object) => router.createPipeTransport(options as never);
      await assert.rejects(pipe({ listenInfo, onDemand: 'yes' }), /onDemand is not a boolean/);
      await assert.rejects(
        router.pipeToRouter({ producerId: 'x', router: {} as never }),
        /router is not a Router/,
      );
      await assert.rejects(
        router.pipeToRouter({ producerId: 'x', router }),
        /router is the router of the producer/,
      );
      const end = await router.createPipeTransport({ listenInfo });
      await assert.rejects(end.connect(undefined as never), /^TypeError: options is not an object/);
    });
  });
});
