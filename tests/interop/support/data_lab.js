// A worker, one router, and pages with plain data channels: Chromium's and Firefox's alike.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

import { createWorker } from '../../../control-api/node/dist/esm/index.js';
import { ownAddress } from './firefox.js';
import { until } from './until.js';

const kScript = new URL('../pages/data.js', import.meta.url);

export class DataLab {
  #server;
  #pages = [];

  static async open() {
    const lab = new DataLab();
    const body = `<!doctype html><title>data</title><script>${await readFile(kScript, 'utf8')}</script>`;
    lab.#server = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(body);
    });
    await new Promise((resolve) => lab.#server.listen(0, '127.0.0.1', resolve));
    lab.url = `http://127.0.0.1:${lab.#server.address().port}/`;
    lab.worker = await createWorker({ logLevel: 'warn' });
    lab.router = await lab.worker.createRouter({ mediaCodecs: [] });
    return lab;
  }

  // `tab` is a fresh page of either browser.
  async join(name, tab) {
    const page = new DataPage(name, tab, this);
    this.#pages.push(page);
    await page.connect();
    return page;
  }

  async close() {
    for (const page of this.#pages) await page.tab.close().catch(() => {});
    this.worker.close();
    this.#server.closeAllConnections?.();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class DataPage {
  #lab;

  constructor(name, tab, lab) {
    this.name = name;
    this.tab = tab;
    this.#lab = lab;
  }

  async connect() {
    await this.tab.goto(this.#lab.url);
    const listenInfos = [{ protocol: 'udp', ip: ownAddress() ?? '127.0.0.1' }];
    const { router } = this.#lab;
    this.transport = await router.createWebRtcTransport({ listenInfos, enableSctp: true });
    const offer = await this.call('connect');
    const fingerprints = [...offer.matchAll(/^a=fingerprint:(\S+) (\S+)\r?$/gm)].map(
      ([, algorithm, value]) => ({ algorithm: algorithm.toLowerCase(), value }),
    );
    await this.transport.connect({ dtlsParameters: { role: 'client', fingerprints } });
    await this.call('answer', answerTo(offer, this.transport));
  }

  // A function of pages/data.js.
  call(name, argument) {
    return this.tab.evaluate(({ name, argument }) => globalThis.data[name](argument), {
      name,
      argument,
    });
  }

  until(what, look, options) {
    const seen = async () => ({ console: (this.tab.console ?? []).slice(-10) });
    return until(`${this.name}: ${what}`, look, { seen, within: 30_000, ...options });
  }

  // A channel that both sides know of without asking; answers the producer.
  async speak(key, sctpStreamParameters) {
    const producer = await this.transport.produceData({ sctpStreamParameters, label: key });
    await this.call('open', { key, ...channelOptions(sctpStreamParameters) });
    return producer;
  }

  // Hears what `producer` says; answers the consumer.
  async hear(key, producer) {
    const options = { dataProducerId: producer.id, paused: true };
    const consumer = await this.transport.consumeData(options);
    await this.call('open', { key, ...channelOptions(consumer.sctpStreamParameters) });
    await consumer.resume();
    return consumer;
  }
}

export function channelOptions({ streamId, ordered, maxRetransmits, maxPacketLifeTime }) {
  return {
    negotiated: true,
    id: streamId,
    ordered: ordered ?? true,
    ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
    ...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
  };
}

// RFC 8841: what a browser that offers data channels is told of the other end.
function answerTo(offer, { iceParameters, iceCandidates, dtlsParameters, sctpParameters }) {
  const mid = /^a=mid:(\S+)/m.exec(offer)[1];
  const print = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  const candidates = iceCandidates.map(
    ({ foundation, priority, ip, address, port }) =>
      `a=candidate:${foundation} 1 udp ${priority} ${address ?? ip} ${port} typ host`,
  );
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', `a=group:BUNDLE ${mid}`],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 127.0.0.1', `a=mid:${mid}`],
    ...[`a=ice-ufrag:${iceParameters.usernameFragment}`, `a=ice-pwd:${iceParameters.password}`],
    ...candidates,
    ...['a=end-of-candidates', `a=fingerprint:sha-256 ${print.value}`, 'a=setup:passive'],
    ...[
      `a=sctp-port:${sctpParameters.port}`,
      `a=max-message-size:${sctpParameters.maxMessageSize}`,
    ],
  ];
  return `${lines.join('\r\n')}\r\n`;
}
