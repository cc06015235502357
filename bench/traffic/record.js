// Records the traces of this folder anew: Chromium sends to a worker that writes down what it gets.
//
// usage: node bench/traffic/record.js [--only NAME] [--out FOLDER] [--seconds N]
//
// It needs Chromium, a release build (target record_trace), and the npm dependencies of
// control-api/node, apps/conference and tests/interop. See README.md.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

import { createWorker } from '../../control-api/node/dist/esm/index.js';
import { openBrowser } from '../../tests/interop/support/browser.js';
import { kHeight, kRate, kWidth, writeCamera, writeMicrophone } from './record/camera.js';

const kFolder = fileURLToPath(new URL('.', import.meta.url));
const kProgram = fileURLToPath(
  new URL('../../build/release/bench/record_trace', import.meta.url),
);
const conference = new URL('../../apps/conference/', import.meta.url);
const { build } = createRequire(conference)('esbuild');

// Bandwidth estimation has found the way by then.
const kSettleSeconds = 12;

const kH264 = {
  'packetization-mode': 1,
  'profile-level-id': '42e01f',
  'level-asymmetry-allowed': 1,
};
const kCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  { kind: 'video', mimeType: 'video/H264', clockRate: 90000, parameters: kH264 },
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90000 },
];

const simulcast = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: 'L1T3' },
];
const one = (maxBitrate, scalabilityMode) => [{ maxBitrate, scalabilityMode }];

const kTraces = [
  { name: 'opus', mimeType: 'audio/opus' },
  { name: 'vp8_simulcast', mimeType: 'video/VP8', encodings: simulcast },
  { name: 'vp9_l3t3_key', mimeType: 'video/VP9', encodings: one(1_900_000, 'L3T3_KEY') },
  { name: 'h264', mimeType: 'video/H264', encodings: one(1_700_000, 'L1T1') },
  { name: 'av1_l3t3', mimeType: 'video/AV1', encodings: one(1_900_000, 'L3T3') },
];

const run = promisify(execFile);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function pageScript() {
  const { outputFiles } = await build({
    entryPoints: [join(kFolder, 'record/page.js')],
    ...{ bundle: true, write: false, format: 'iife', logLevel: 'warning' },
    nodePaths: [fileURLToPath(new URL('node_modules', conference))],
  });
  return outputFiles[0].text;
}

async function openPage(browser, script, router, transport) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`the page: ${error.message}`));
  await page.route('http://localhost/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>recorded</title>' }),
  );
  await page.goto('http://localhost/recorded');
  const published = new Promise((resolve) => {
    page.exposeFunction('signal', async (method, { dtlsParameters, kind, rtpParameters }) => {
      if (method === 'connect') return transport.connect({ dtlsParameters });
      const producer = await transport.produce({ kind, rtpParameters });
      resolve(producer);
      return producer.id;
    });
  });
  await page.addScriptTag({ content: script });
  const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
  const send = { id, iceParameters, iceCandidates, dtlsParameters };
  await page.evaluate((options) => recorded.load(options), {
    routerRtpCapabilities: router.rtpCapabilities,
    send,
  });
  return { page, published };
}

// Somebody has to ask for the key frame with which a trace begins.
async function askForKeyFrame(router, producer, listenInfos) {
  const transport = await router.createWebRtcTransport({ listenInfos });
  const { rtpCapabilities } = router;
  const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
  await consumer.requestKeyFrame();
  return transport;
}

async function record(browser, script, trace, { recording, seconds }) {
  process.env.SLUICE_RECORDING = recording;
  const worker = await createWorker({ workerBin: kProgram, logLevel: 'warn' });
  try {
    const router = await worker.createRouter({ mediaCodecs: kCodecs });
    const listenInfos = [{ protocol: 'udp', ip: '127.0.0.1' }];
    const transport = await router.createWebRtcTransport({ listenInfos });
    const { page, published } = await openPage(browser, script, router, transport);
    const { mimeType, encodings } = trace;
    if (encodings) {
      const options = { mimeType, encodings, width: kWidth, height: kHeight, fps: kRate };
      await page.evaluate((options) => recorded.publishVideo(options), options);
    } else {
      await page.evaluate(() => recorded.publishAudio());
    }
    const producer = await published;
    await sleep(kSettleSeconds);
    const from = Date.now() * 1000;
    if (encodings) await askForKeyFrame(router, producer, listenInfos);
    await sleep(seconds + 3);
    await page.context().close();
    return { from, rtpParameters: producer.rtpParameters };
  } finally {
    worker.close();
  }
}

async function makeTrace(trace, { recording, seconds, out, from, rtpParameters }) {
  const { payloadType } = rtpParameters.codecs[0];
  // In the order in which they were asked for, under the names that mediasoup-client gave them.
  const rids = rtpParameters.encodings.map(({ rid }) => rid).filter(Boolean);
  const extensions = rtpParameters.headerExtensions.map(({ id, uri }) => `${id}=${uri}`);
  const path = join(out, `${trace.name}.trace`);
  const words = [recording, path, trace.mimeType, payloadType, from, seconds];
  words.push(rids.join(',') || '-', ...extensions);
  const { stdout } = await run(kProgram, ['make', ...words.map(String)]);
  process.stdout.write(stdout);
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      out: { type: 'string', default: join(kFolder, 'traces') },
      seconds: { type: 'string', default: '10' },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 60)) throw new Error('--seconds must be 1 to 60');
  const traces = kTraces.filter(({ name }) => !values.only || name === values.only);
  if (traces.length === 0) {
    throw new Error(`--only must be one of ${kTraces.map(({ name }) => name).join(', ')}`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-record-'));
  try {
    const [camera, microphone] = [join(folder, 'camera.y4m'), join(folder, 'microphone.wav')];
    await writeCamera(camera);
    await writeMicrophone(microphone);
    const browser = await openBrowser({
      camera: { fps: kRate },
      extra: [
        `--use-file-for-fake-video-capture=${camera}`,
        `--use-file-for-fake-audio-capture=${microphone}`,
      ],
    });
    const script = await pageScript();
    for (const trace of traces) {
      const recording = join(folder, trace.name);
      const recorded = await record(browser, script, trace, { recording, seconds });
      await makeTrace(trace, { recording, seconds, out: values.out, ...recorded });
    }
    await browser.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
