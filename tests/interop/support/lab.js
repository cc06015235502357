// A laboratory: a worker, one router, and browser pages whose every stream the test holds in its
// hands, through the SDK on one side and mediasoup-client on the other. No conference in between.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { createWorker } from '../../../control-api/node/dist/esm/index.js';
import { until } from './until.js';

const conference = new URL('../../../apps/conference/', import.meta.url);
const { build } = createRequire(conference)('esbuild');

const kPage = fileURLToPath(new URL('../pages/lab.js', import.meta.url));
const kProbe = fileURLToPath(new URL('rtc_probe.js', import.meta.url));
// Answered by the test itself, so that there is no server; pages of localhost may do everything.
const kAddress = 'http://localhost/lab';

const kOpus = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 };
const kH264 = {
  'packetization-mode': 1,
  'profile-level-id': '42e01f',
  'level-asymmetry-allowed': 1,
};
const kVideo = [
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  { kind: 'video', mimeType: 'video/H264', clockRate: 90000, parameters: kH264 },
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90000 },
];

// The page's script with mediasoup-client in it, the same version that the conference has.
async function pageScript() {
  const { outputFiles } = await build({
    ...{ entryPoints: [kPage], bundle: true, write: false, format: 'iife', logLevel: 'warning' },
    nodePaths: [fileURLToPath(new URL('node_modules', conference))],
  });
  return outputFiles[0].text;
}

export class Lab {
  #browser;
  #script;
  #pages = [];

  // `settings` are createWorker()'s; `ip` is where the worker listens, unless `listenInfos` say more,
  // `transportOptions` go to every transport, and `scripts` run in each page before its own.
  static async open(browser, setup = {}) {
    const { ip = '127.0.0.1', listenInfos, transportOptions, scripts, ...settings } = setup;
    const lab = new Lab();
    lab.scripts = [kProbe, ...(scripts ?? [])];
    lab.listenInfos = listenInfos ?? [{ protocol: 'udp', ip }];
    lab.transportOptions = transportOptions ?? {};
    lab.#browser = browser;
    lab.#script = await pageScript();
    lab.worker = await createWorker({ logLevel: 'warn', ...settings });
    lab.router = await lab.worker.createRouter({ mediaCodecs: [kOpus, ...kVideo] });
    return lab;
  }

  async page(name) {
    const page = new LabPage(name);
    this.#pages.push(page);
    await page.open(this.#browser, this.#script, this);
    return page;
  }

  async close() {
    await Promise.all(this.#pages.map((page) => page.close()));
    this.worker.close();
  }
}

class LabPage {
  #context;
  #page;
  #lab;
  #transports = new Map();
  #producers = new Map();
  #rtpCapabilities;

  constructor(name) {
    this.name = name;
    this.console = [];
  }

  async open(browser, script, lab) {
    this.#lab = lab;
    this.#context = await browser.newContext();
    for (const path of lab.scripts) await this.#context.addInitScript({ path });
    const page = (this.#page = await this.#context.newPage());
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(`uncaught: ${error.message}`));
    const body = `<!doctype html><title>${this.name}</title>`;
    await page.route('http://localhost/**', (route) =>
      route.fulfill({ contentType: 'text/html', body }),
    );
    await page.goto(kAddress);
    await page.exposeFunction('signal', (method, data) => this.#signal(method, data));
    await page.addScriptTag({ content: script });
    const [send, receive] = [await this.#transport(), await this.#transport()];
    this.sendTransport = send;
    this.receiveTransport = receive;
    this.#rtpCapabilities = await this.call('load', {
      routerRtpCapabilities: lab.router.rtpCapabilities,
      send: describe(send),
      receive: describe(receive),
    });
  }

  // A function of pages/lab.js.
  call(name, options) {
    return this.#page.evaluate(([name, options]) => lab[name](options), [name, options]);
  }

  // Resolves with the SDK's producer.
  async publishPicture(options) {
    return this.#producers.get(await this.call('publishPicture', options));
  }

  async publishTone(options) {
    return this.#producers.get(await this.call('publishTone', options));
  }

  async consume(producer, { encrypted, ...options } = {}) {
    const rtpCapabilities = this.#rtpCapabilities;
    const setup = { producerId: producer.id, rtpCapabilities, paused: true, ...options };
    const consumer = await this.receiveTransport.consume(setup);
    const { id, kind, producerId, rtpParameters } = consumer;
    const description = { id, kind, producerId, rtpParameters };
    const track = await this.call('consume', { description, encrypted });
    await consumer.resume();
    return new Reception(this, consumer, track);
  }

  sample() {
    return this.#page.evaluate(() => rtcProbe.sample());
  }

  // When pictures came since the last time; needs gap_probe.js among the scripts.
  pictures() {
    return this.#page.evaluate(() => gapProbe.take());
  }

  // New credentials for one of the two transports, in the middle of whatever goes on.
  async restartIce(transport) {
    const iceParameters = await transport.restartIce();
    await this.call('restartIce', { id: transport.id, iceParameters });
  }

  async #transport() {
    const { router, listenInfos, transportOptions } = this.#lab;
    const transport = await router.createWebRtcTransport({ listenInfos, ...transportOptions });
    this.#transports.set(transport.id, transport);
    return transport;
  }

  async #signal(method, { id, dtlsParameters, kind, rtpParameters }) {
    if (method === 'connect') return this.#transports.get(id).connect({ dtlsParameters });
    const producer = await this.sendTransport.produce({ kind, rtpParameters });
    this.#producers.set(producer.id, producer);
    return producer.id;
  }

  close() {
    return this.#context?.close();
  }
}

function describe({ id, iceParameters, iceCandidates, dtlsParameters }) {
  return { id, iceParameters, iceCandidates, dtlsParameters };
}

// One stream as one page gets it: the SDK's consumer, and what the decoder says.
export class Reception {
  constructor(page, consumer, track) {
    this.page = page;
    this.consumer = consumer;
    this.track = track;
    this.changes = [];
    consumer.on('layerschange', (layers) => this.changes.push({ at: Date.now(), layers }));
  }

  async stats() {
    const { at, inbound } = await this.page.sample();
    return { at, ...inbound.find(({ track }) => track === this.track) };
  }

  // Until the decoder's figures satisfy `look`; resolves with them.
  until(what, look, options) {
    const seen = async () => ({
      stats: await this.stats(),
      layers: this.consumer.currentLayers,
      reason: this.consumer.layersReason,
      console: this.page.console.slice(-10),
    });
    const ask = async () => {
      const stats = await this.stats();
      return look(stats) && stats;
    };
    return until(`${this.page.name}: ${what}`, ask, { seen, ...options });
  }

  // The rate of pictures over so many seconds, and the figures at their end.
  async over(seconds) {
    const before = await this.stats();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = await this.stats();
    const frames = after.framesDecoded - before.framesDecoded;
    return { framesPerSecond: (frames * 1000) / (after.at - before.at), after };
  }
}
