// Firefox of the system, headless, by WebDriver BiDi: playwright drives only a Firefox of its own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { until } from './until.js';

const { WebSocket } = createRequire(new URL('../../../apps/conference/', import.meta.url))('ws');

export const firefoxPath = process.env.SLUICE_FIREFOX ?? '/usr/bin/firefox-esr';

// A reason to skip, or false.
export const whyNoFirefox = !existsSync(firefoxPath)
  ? `there is no ${firefoxPath}: install Debian's firefox-esr or name another one in SLUICE_FIREFOX`
  : ownAddress() === null && 'this machine has no address but those of loopback';

// Firefox speaks from the address of the default route only, whatever it is told of loopback, and
// from there to no 127.0.0.1. Datagrams between addresses of one machine do not leave it. Null
// on a machine without any.
export function ownAddress() {
  const all = Object.values(networkInterfaces()).flat();
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? null;
}

// Made-up devices without a question, addresses of this machine, and nothing that calls home.
const kPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'app.update.disabledForTesting': true,
  'app.normandy.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};
const kReadyLine = /WebDriver BiDi listening on (ws:\/\/\S+)/;
// A cold start on a machine that is busy.
const kStartMs = 60_000;
const kCommandMs = 90_000;

// No Firefox outlives the tests.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Firefox {
  #child;
  #folder;
  #log = '';
  #socket;
  #nextId = 0;
  #waiting = new Map();
  #pages = new Map();

  static async open() {
    const firefox = new Firefox();
    try {
      await firefox.#start();
    } catch (error) {
      await firefox.close().catch(() => {});
      throw error;
    }
    return firefox;
  }

  async #start() {
    this.#folder = await mkdtemp(join(tmpdir(), 'sluice-firefox-'));
    const lines = Object.entries(kPrefs).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await writeFile(join(this.#folder, 'user.js'), lines.join(''));
    const args = ['--headless', '--no-remote', '--profile', this.#folder];
    const env = { ...process.env, HOME: this.#folder, MOZ_CRASHREPORTER_DISABLE: '1' };
    const child = spawn(firefoxPath, [...args, '--remote-debugging-port', '0', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#log = (this.#log + text).slice(-10_000);
    });
    const address = await until('Firefox listens', () => kReadyLine.exec(this.#log)?.[1], {
      within: kStartMs,
      seen: async () => this.#log,
    });
    await this.#connect(`${address}/session`);
    await this.#ask('session.new', { capabilities: {} });
    await this.#ask('session.subscribe', { events: ['log.entryAdded'] });
  }

  async #connect(address) {
    // Firefox refuses sockets of pages, which are those with an Origin.
    const socket = (this.#socket = new WebSocket(address, { maxPayload: 64 * 1024 * 1024 }));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('message', (data) => this.#receive(JSON.parse(data.toString('utf8'))));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has ended'));
      this.#waiting.clear();
    });
  }

  #receive({ id, type, result, error, message, method, params }) {
    if (type === 'event') {
      if (method === 'log.entryAdded') this.#pages.get(params.source.context)?.note(params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    if (type === 'success') waiting?.resolve(result);
    else waiting?.reject(new Error(`${error}: ${message}`));
  }

  // One command of the protocol.
  #ask(method, params) {
    const id = ++this.#nextId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`Firefox did not answer ${method}`));
      }, kCommandMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  // A tab of its own. `script` runs in it before its own scripts do.
  async page({ script } = {}) {
    const { context } = await this.#ask('browsingContext.create', { type: 'tab' });
    const ask = (method, params) => this.#ask(method, params);
    const page = new FirefoxPage(context, ask, () => this.#pages.delete(context));
    this.#pages.set(context, page);
    if (script) {
      const functionDeclaration = `() => { ${script} }`;
      await ask('script.addPreloadScript', { functionDeclaration, contexts: [context] });
    }
    return page;
  }

  async close() {
    this.#socket?.terminate();
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(patience);
    }
    // Its children may still be writing.
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

// The part of a playwright page that the tests use.
class FirefoxPage {
  #context;
  #ask;
  #gone;

  constructor(context, ask, gone) {
    this.#context = context;
    this.#ask = ask;
    this.#gone = gone;
    this.console = [];
  }

  note({ level, text }) {
    this.console.push(`${level}: ${text}`);
  }

  goto(url) {
    return this.#ask('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  // Calls a function of the page with one argument that JSON can carry; so is the answer.
  async evaluate(what, argument = null) {
    const text = typeof what === 'function' ? what.toString() : `() => (${what})`;
    const call = `async (given) => JSON.stringify(await (${text})(JSON.parse(given))) ?? 'null'`;
    const { type, result, exceptionDetails } = await this.#ask('script.callFunction', {
      functionDeclaration: call,
      arguments: [{ type: 'string', value: JSON.stringify(argument) }],
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    });
    if (type !== 'success') throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  async close() {
    this.#gone();
    await this.#ask('browsingContext.close', { context: this.#context });
  }
}
