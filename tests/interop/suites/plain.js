// Media tools on plain transports: what FFmpeg and GStreamer publish is seen in a browser, and what
// a browser publishes they decode without a complaint.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { describeForReceiver, writeSdp } from '../../../control-api/node/dist/esm/index.js';
import { Lab } from '../support/lab.js';
import {
  FfmpegReceiver,
  kFfmpegEncoders,
  kFfmpegSource,
  Tool,
  whyNoFfmpeg,
  whyNoGStreamer,
} from '../support/tools.js';
import { until } from '../support/until.js';

const kListenInfo = { protocol: 'udp', ip: '127.0.0.1' };
const kPicture = { width: 640, height: 360, fps: 15 };
const kFirstSsrc = 10_000;
let ssrcs = kFirstSsrc;

// A port that nobody has; the tool binds it a moment later. RTCP takes the one behind it.
async function freePort() {
  for (;;) {
    const [first, second] = [createSocket('udp4'), createSocket('udp4')];
    first.bind(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address();
    const even = port % 2 === 0;
    const next = once(second.bind(port + 1, '127.0.0.1'), 'listening');
    const free =
      even &&
      (await next.then(
        () => true,
        () => false,
      ));
    await Promise.all([first, second].map((socket) => new Promise((done) => socket.close(done))));
    if (free) return port;
  }
}

function codecOf(router, mimeType) {
  return router.rtpCapabilities.codecs.find((codec) => codec.mimeType === mimeType);
}

// What a tool sends: the router's own numbers, and nothing in the header that it does not know.
function parametersOf(router, mimeType) {
  const { preferredPayloadType, clockRate, channels, parameters } = codecOf(router, mimeType);
  const codec = { mimeType, payloadType: preferredPayloadType, clockRate, parameters };
  return {
    codecs: [channels > 1 ? { ...codec, channels } : codec],
    encodings: [{ ssrc: ++ssrcs }],
  };
}

// What a tool can decode: one codec, asked for again by nobody.
function capabilitiesOf(router, mimeType) {
  return { codecs: [codecOf(router, mimeType)], headerExtensions: [] };
}

// A tool publishes under these parameters; `command` gets where to.
async function publish(lab, kind, mimeType, options) {
  const transport = await lab.router.createPlainTransport({
    ...{ listenInfo: kListenInfo, comedia: true, rtcpMux: false },
    ...options,
  });
  const rtpParameters = parametersOf(lab.router, mimeType);
  const producer = await transport.produce({ kind, rtpParameters });
  const [{ payloadType }] = rtpParameters.codecs;
  const [{ ssrc }] = rtpParameters.encodings;
  return { transport, producer, payloadType, ssrc };
}

function rtpUrl({ transport }, scheme = 'rtp') {
  const { tuple, rtcpTuple } = transport;
  return `${scheme}://127.0.0.1:${tuple.localPort}?rtcpport=${rtcpTuple.localPort}&pkt_size=1200`;
}

function ffmpegOutput(stream, input, encoder, extra = [], scheme = 'rtp') {
  return [
    ...['-map', input, ...encoder, '-ssrc', String(stream.ssrc)],
    ...['-payload_type', String(stream.payloadType), ...extra],
    ...['-f', 'rtp', rtpUrl(stream, scheme)],
  ];
}

async function seenBy(page, producer) {
  const reception = await page.consume(producer);
  const audio = producer.kind === 'audio';
  await reception.until(
    audio ? 'hears the tool' : 'sees the tool',
    ({ framesDecoded, totalSamplesReceived, concealedSamples }) =>
      audio ? totalSamplesReceived - concealedSamples > 48_000 : framesDecoded > 30,
    { within: 20_000 },
  );
  return reception.stats();
}

async function ffmpegPublishes(lab, mimeType, srtp) {
  const options = srtp ? { enableSrtp: true } : {};
  const video = await publish(lab, 'video', mimeType, options);
  const audio = await publish(lab, 'audio', 'audio/opus', options);
  const keyOf = async ({ transport }) => {
    if (!srtp) return [];
    // Any key will do, as long as both know it.
    const { cryptoSuite } = transport.srtpParameters;
    const keyBase64 = Buffer.alloc(30, 7).toString('base64');
    await transport.connect({ srtpParameters: { cryptoSuite, keyBase64 } });
    return ['-srtp_out_suite', cryptoSuite, '-srtp_out_params', keyBase64];
  };
  const scheme = srtp ? 'srtp' : 'rtp';
  const encoder = [...kFfmpegEncoders[mimeType], '-g', '15'];
  const tool = new Tool('ffmpeg', [
    ...kFfmpegSource,
    ...ffmpegOutput(video, '0:v', encoder, await keyOf(video), scheme),
    ...ffmpegOutput(audio, '1:a', ['-c:a', 'libopus'], await keyOf(audio), scheme),
  ]);
  try {
    const page = await lab.page('Ada');
    const seen = await seenBy(page, video.producer).catch((error) => {
      throw new Error(`${error.message}; ${tool.command}: ${tool.errors.join(' | ')}`);
    });
    assert.equal(seen.frameWidth, kPicture.width);
    await seenBy(page, audio.producer);
    assert.deepEqual(tool.errors, []);
    await page.close();
  } finally {
    await tool.stop();
    video.transport.close();
    audio.transport.close();
  }
}

const kGStreamerPublishers = {
  'video/VP8': ['vp8enc', 'deadline=1', 'keyframe-max-dist=15', 'target-bitrate=600000'],
  'video/H264': ['x264enc', 'tune=zerolatency', 'speed-preset=ultrafast', 'key-int-max=15'],
};

// What GStreamer calls the suites of RFC 3711 and RFC 7714, and how long their key and salt are.
const kSuites = {
  AEAD_AES_256_GCM: { cipher: 'aes-256-gcm', auth: 'null', bytes: 44 },
  AEAD_AES_128_GCM: { cipher: 'aes-128-gcm', auth: 'null', bytes: 28 },
  AES_CM_128_HMAC_SHA1_80: { cipher: 'aes-128-icm', auth: 'hmac-sha1-80', bytes: 30 },
};

// The element that seals, once the worker knows the key; nothing without a suite.
async function gstreamerSeal({ transport }, cryptoSuite) {
  if (!cryptoSuite) return [];
  const { cipher, auth, bytes } = kSuites[cryptoSuite];
  const key = Buffer.alloc(bytes, 9);
  await transport.connect({ srtpParameters: { cryptoSuite, keyBase64: key.toString('base64') } });
  return [
    ...['srtpenc', `key=${key.toString('hex')}`, `rtp-cipher=${cipher}`, `rtp-auth=${auth}`],
    ...[`rtcp-cipher=${cipher}`, `rtcp-auth=${auth}`, '!'],
  ];
}

async function gstreamerPublishes(lab, mimeType, cryptoSuite) {
  const srtp = cryptoSuite ? { enableSrtp: true, srtpCryptoSuite: cryptoSuite } : {};
  const video = await publish(lab, 'video', mimeType, { rtcpMux: true, ...srtp });
  const seal = await gstreamerSeal(video, cryptoSuite);
  const payer = mimeType === 'video/VP8' ? ['rtpvp8pay', 'picture-id-mode=15-bit'] : ['rtph264pay'];
  const tool = new Tool('gst-launch-1.0', [
    ...['-q', 'videotestsrc', 'is-live=true', 'pattern=ball', '!'],
    ...['video/x-raw,format=I420,width=640,height=360,framerate=15/1', '!'],
    ...[...kGStreamerPublishers[mimeType], '!'],
    ...(mimeType === 'video/H264' ? ['video/x-h264,profile=constrained-baseline', '!'] : []),
    ...[...payer, `pt=${video.payloadType}`, `ssrc=${video.ssrc}`, 'mtu=1200', '!'],
    ...seal,
    ...['udpsink', 'host=127.0.0.1', `port=${video.transport.tuple.localPort}`],
  ]);
  try {
    const page = await lab.page('Bo');
    await seenBy(page, video.producer).catch((error) => {
      throw new Error(`${error.message}; ${tool.command}: ${tool.errors.join(' | ')}`);
    });
    await page.close();
  } finally {
    await tool.stop();
    video.transport.close();
  }
}

async function gstreamerSpeaks(lab) {
  const audio = await publish(lab, 'audio', 'audio/opus', { rtcpMux: true });
  const tool = new Tool('gst-launch-1.0', [
    ...['-q', 'audiotestsrc', 'is-live=true', 'wave=sine', '!'],
    ...['audio/x-raw,rate=48000,channels=2', '!', 'opusenc', '!', 'rtpopuspay'],
    ...[`pt=${audio.payloadType}`, `ssrc=${audio.ssrc}`, '!'],
    ...['udpsink', 'host=127.0.0.1', `port=${audio.transport.tuple.localPort}`],
  ]);
  try {
    const page = await lab.page('Fay');
    await seenBy(page, audio.producer);
    await page.close();
  } finally {
    await tool.stop();
    audio.transport.close();
  }
}

// A consumer on its way to a tool, which is told of it by SDP; tools know no bundles, so each stream
// has a transport of its own.
async function receivedBy(lab, producer, mimeType, { srtp } = {}) {
  const port = await freePort();
  const transport = await lab.router.createPlainTransport({
    ...{ listenInfo: kListenInfo, rtcpMux: false, enableSrtp: srtp !== undefined },
    ...(srtp ? { srtpCryptoSuite: srtp } : {}),
  });
  await transport.connect({
    ...{ ip: '127.0.0.1', port, rtcpPort: port + 1 },
    ...(srtp ? { srtpParameters: transport.srtpParameters } : {}),
  });
  const rtpCapabilities = capabilitiesOf(lab.router, mimeType);
  const consumer = await transport.consume({
    ...{ producerId: producer.id, rtpCapabilities, paused: true, enableRtx: false },
  });
  return { transport, consumer, port, media: describeForReceiver(transport, consumer) };
}

// Tools ask for nothing, and it takes them a moment to be there.
async function untilDecoded(what, consumer, look, seen) {
  await consumer.resume();
  const asking = setInterval(() => consumer.requestKeyFrame(), 1000);
  try {
    await until(what, look, { within: 25_000, seen });
  } finally {
    clearInterval(asking);
  }
}

async function ffmpegReceives(lab, mimeType, srtp) {
  const page = await lab.page('Cleo');
  const encodings = [{ maxBitrate: 800_000 }];
  const producer = await page.publishPicture({ mimeType, encodings, picture: kPicture });
  const { transport, consumer, media } = await receivedBy(lab, producer, mimeType, { srtp });
  const receiver = new FfmpegReceiver(writeSdp([media]));
  const seen = async () => [receiver.frames, receiver.tool.errors, await consumer.getStats()];
  try {
    await untilDecoded('ffmpeg decodes', consumer, () => receiver.frames > 20, seen);
    const before = receiver.tool.errors.length;
    const frames = receiver.frames;
    await until('ffmpeg goes on', () => receiver.frames > frames + 45, { within: 10_000, seen });
    // Before its first key frame it may complain; from then on it has no reason to.
    assert.deepEqual(receiver.tool.errors.slice(before), []);
  } finally {
    await receiver.tool.stop();
    transport.close();
    await page.close();
  }
}

async function ffmpegHears(lab) {
  const page = await lab.page('Dan');
  const producer = await page.publishTone({ pitch: 440, hum: 0.1, dtx: false });
  const { transport, consumer, media } = await receivedBy(lab, producer, 'audio/opus');
  const receiver = new FfmpegReceiver(writeSdp([media]));
  const seen = async () => [receiver.microseconds, receiver.tool.errors];
  try {
    const look = () => receiver.microseconds > 2_000_000;
    await untilDecoded('ffmpeg hears', consumer, look, seen);
    assert.deepEqual(receiver.tool.errors, []);
  } finally {
    await receiver.tool.stop();
    transport.close();
    await page.close();
  }
}

const kGStreamerReceivers = {
  'video/VP8': ['VP8', 'rtpvp8depay', '!', 'vp8dec'],
  'video/H264': ['H264', 'rtph264depay', '!', 'avdec_h264'],
  'audio/opus': ['OPUS', 'rtpopusdepay', '!', 'opusdec'],
};

// What `udpsrc` has to know to open what the worker seals.
function sealedCaps({ srtpParameters }, { encodings: [{ ssrc }] }) {
  const { cipher, auth } = kSuites[srtpParameters.cryptoSuite];
  const key = Buffer.from(srtpParameters.keyBase64, 'base64').toString('hex');
  return (
    `,ssrc=(uint)${ssrc},roc=(uint)0,srtp-key=(buffer)${key},srtp-cipher=${cipher},` +
    `srtp-auth=${auth},srtcp-cipher=${cipher},srtcp-auth=${auth}`
  );
}

async function gstreamerReceives(lab, mimeType, srtp) {
  const page = await lab.page('Eve');
  const encodings = [{ maxBitrate: 800_000 }];
  const audio = mimeType === 'audio/opus';
  const producer = audio
    ? await page.publishTone({ pitch: 440, hum: 0.1, dtx: false })
    : await page.publishPicture({ mimeType, encodings, picture: kPicture });
  const { transport, consumer, port } = await receivedBy(lab, producer, mimeType, { srtp });
  const [{ payloadType, clockRate }] = consumer.rtpParameters.codecs;
  const [encoding, ...decoder] = kGStreamerReceivers[mimeType];
  const caps =
    `application/x-${srtp ? 'srtp' : 'rtp'},media=${producer.kind},encoding-name=${encoding},` +
    `payload=${payloadType},clock-rate=${clockRate}` +
    (srtp ? sealedCaps(transport, consumer.rtpParameters) : '');
  // It ends by itself, with success, after as many pictures.
  const tool = new Tool('gst-launch-1.0', [
    ...['-q', 'udpsrc', `port=${port}`, 'address=127.0.0.1', `caps=${caps}`, '!'],
    ...(srtp ? ['srtpdec', '!'] : []),
    ...['rtpjitterbuffer', '!', ...decoder, '!', 'identity', 'eos-after=60', '!', 'fakesink'],
  ]);
  let code;
  tool.ended.then((ended) => (code = ended));
  try {
    const seen = async () => [tool.errors, await consumer.getStats()];
    await untilDecoded('gstreamer decodes', consumer, () => code !== undefined, seen);
    assert.equal(code, 0, tool.errors.join(' | '));
  } finally {
    await tool.stop();
    transport.close();
    await page.close();
  }
}

export async function plain(t, stage) {
  const skipFfmpeg = whyNoFfmpeg();
  const skipGStreamer = whyNoGStreamer();
  const lab = await Lab.open(stage.browser);
  try {
    for (const mimeType of ['video/VP8', 'video/H264']) {
      await t.test(
        `a browser sees ${mimeType} and hears Opus of FFmpeg`,
        { skip: skipFfmpeg },
        () => ffmpegPublishes(lab, mimeType, false),
      );
      await t.test(`FFmpeg decodes ${mimeType} of a browser`, { skip: skipFfmpeg }, () =>
        ffmpegReceives(lab, mimeType),
      );
      await t.test(`a browser sees ${mimeType} of GStreamer`, { skip: skipGStreamer }, () =>
        gstreamerPublishes(lab, mimeType),
      );
      await t.test(`GStreamer decodes ${mimeType} of a browser`, { skip: skipGStreamer }, () =>
        gstreamerReceives(lab, mimeType),
      );
    }
    await t.test('a browser sees and hears FFmpeg over SRTP', { skip: skipFfmpeg }, () =>
      ffmpegPublishes(lab, 'video/VP8', true),
    );
    await t.test('FFmpeg decodes SRTP of a browser', { skip: skipFfmpeg }, () =>
      ffmpegReceives(lab, 'video/VP8', 'AES_CM_128_HMAC_SHA1_80'),
    );
    // FFmpeg knows but one suite.
    for (const suite of Object.keys(kSuites)) {
      const mimeType = suite === 'AEAD_AES_128_GCM' ? 'video/H264' : 'video/VP8';
      await t.test(`a browser sees GStreamer over ${suite}`, { skip: skipGStreamer }, () =>
        gstreamerPublishes(lab, mimeType, suite),
      );
      await t.test(`GStreamer decodes a browser over ${suite}`, { skip: skipGStreamer }, () =>
        gstreamerReceives(lab, mimeType, suite),
      );
    }
    await t.test('a browser hears GStreamer', { skip: skipGStreamer }, () => gstreamerSpeaks(lab));
    await t.test('GStreamer hears a browser', { skip: skipGStreamer }, () =>
      gstreamerReceives(lab, 'audio/opus'),
    );
    await t.test('FFmpeg hears a browser', { skip: skipFfmpeg }, () => ffmpegHears(lab));
  } finally {
    await lab.close();
  }
}
