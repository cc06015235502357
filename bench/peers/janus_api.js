// Janus' REST API: requests by POST, and what happens later by a GET that waits for it.

import { Agent, request } from 'node:http';

const kPlugin = 'janus.plugin.videoroom';
// Negotiating takes milliseconds, and seconds while hundreds of handshakes run.
const kPatienceMs = 20_000;
// How soon it is asked again whether a fresh process listens.
const kStartPauseMs = 50;
const kEventsAtOnce = 50;

// One API session, with a handle for each PeerConnection.
export class JanusApi {
  #port;
  #agent = new Agent({ keepAlive: true });
  #session;
  #closed = false;
  #transactions = 0;
  // Who waits for what: by transaction, or "up HANDLE".
  #waiting = new Map();
  // Handles whose ICE and DTLS are up.
  #up = new Set();

  // `hasExited` says when there is nobody left to wait for.
  static async open(port, hasExited) {
    const api = new JanusApi();
    api.#port = port;
    api.#session = await api.#create(hasExited);
    api.#listen();
    return api;
  }

  async attach() {
    const { data } = await this.#post(`/${this.#session}`, { janus: 'attach', plugin: kPlugin });
    return data.id;
  }

  async detach(handle) {
    this.#up.delete(handle);
    await this.#post(`/${this.#session}/${handle}`, { janus: 'detach' });
  }

  // Resolves to what the plugin answers, and the session description beside it.
  async message(handle, body, jsep) {
    const transaction = this.#transaction();
    const answer = this.#waitFor(transaction, `the answer to "${body.request}"`);
    const message = { janus: 'message', transaction, body, ...(jsep ? { jsep } : {}) };
    // Some requests are answered at once, the others by an event of the same transaction.
    this.#post(`/${this.#session}/${handle}`, message).then(
      (reply) => reply.janus === 'success' && this.#settle(transaction, reply),
      (error) => this.#fail(transaction, error),
    );
    const { plugindata, jsep: description } = await answer;
    const { error } = plugindata.data;
    if (error) throw new Error(`Janus refuses "${body.request}": ${error}`);
    return { data: plugindata.data, jsep: description };
  }

  async untilUp(handle) {
    if (!this.#up.has(handle)) await this.#waitFor(`up ${handle}`, 'ICE and DTLS');
  }

  close() {
    this.#closed = true;
    this.#agent.destroy();
    for (const key of [...this.#waiting.keys()]) this.#fail(key, new Error('Janus is closed'));
  }

  async #create(hasExited) {
    const deadline = Date.now() + kPatienceMs;
    for (;;) {
      try {
        return (await this.#post('', { janus: 'create' })).data.id;
      } catch (error) {
        if (hasExited()) throw new Error('Janus ended at once; its message is on stderr');
        if (error.code !== 'ECONNREFUSED' || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, kStartPauseMs));
      }
    }
  }

  async #listen() {
    while (!this.#closed) {
      try {
        const path = `/${this.#session}?maxev=${kEventsAtOnce}`;
        const events = await this.#exchange('GET', path);
        for (const event of [events].flat()) this.#receive(event);
      } catch (error) {
        if (!this.#closed) console.error(`janus: no more events: ${error.message}`);
        return;
      }
    }
  }

  #receive(event) {
    const up = `up ${event.sender}`;
    if (event.janus === 'event') this.#settle(event.transaction, event);
    if (event.janus === 'error') this.#fail(event.transaction, new Error(event.error.reason));
    if (event.janus === 'webrtcup') {
      this.#up.add(event.sender);
      this.#settle(up, event);
    }
    if (event.janus === 'hangup') {
      this.#up.delete(event.sender);
      this.#fail(up, new Error(`Janus hangs up: ${event.reason}`));
    }
  }

  #transaction() {
    return `t${++this.#transactions}`;
  }

  #waitFor(key, what) {
    return new Promise((resolve, reject) => {
      const late = () =>
        this.#fail(key, new Error(`${what} took more than ${kPatienceMs / 1000} s`));
      this.#waiting.set(key, { resolve, reject, timer: setTimeout(late, kPatienceMs) });
    });
  }

  #settle(key, value) {
    this.#take(key)?.resolve(value);
  }

  #fail(key, error) {
    this.#take(key)?.reject(error);
  }

  #take(key) {
    const waiting = this.#waiting.get(key);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(key);
    return waiting;
  }

  async #post(path, body) {
    const reply = await this.#exchange('POST', path, { transaction: this.#transaction(), ...body });
    if (reply.janus === 'error') throw new Error(`Janus: ${reply.error.reason}`);
    return reply;
  }

  #exchange(method, path, body) {
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, host: '127.0.0.1', port: this.#port };
      const outgoing = request({ ...options, path: `/janus${path}` }, (incoming) => {
        const chunks = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString()));
          } catch (error) {
            reject(error);
          }
        });
      });
      outgoing.once('error', reject);
      outgoing.end(body && JSON.stringify(body));
    });
  }
}
