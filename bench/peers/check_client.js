// A client that is just able to find out whether an adapter's answers are true: ICE by one check,
// DTLS by the openssl program behind a relay, and one RTP packet at a time sealed with AES-128-GCM.

import { execFile, spawn } from 'node:child_process';
import { X509Certificate, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SrtpKeys, headerSize } from './srtp.js';
import { answerTo, bindingRequest, isAnswerTo, isBindingRequest } from './stun.js';

const run = promisify(execFile);
const kProfile = 'SRTP_AEAD_AES_128_GCM';
// Two keys and two salts (RFC 7714 §12).
const kKeyingBytes = 2 * (16 + 12);
const kRetryMs = 100;
const kPatienceMs = 5000;

// A certificate as clients make it for themselves, in a folder that `remove` removes.
export async function makeIdentity() {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-keyout', key, '-out', certificate, '-subj', '/CN=check', '-days', '1'];
  await run('openssl', ['req', '-x509', ...curve, ...names]);
  const { fingerprint256 } = new X509Certificate(await readFile(certificate));
  const remove = () => rm(folder, { recursive: true });
  return { key, certificate, fingerprint: `sha-256 ${fingerprint256}`, remove };
}

export class CheckClient {
  ufrag = randomBytes(4).toString('hex');
  pwd = randomBytes(12).toString('hex');
  #identity;
  #socket = createSocket('udp4');
  #relay = createSocket('udp4');
  #openssl;

  constructor(identity) {
    this.#identity = identity;
    // A port that nobody listens on (any more) is noticed by what does not come.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (message, from) => {
      if (isBindingRequest(message)) this.#socket.send(answerTo(message, from, this.pwd));
    });
    // Nobody has to wait for what nobody receives any more.
    this.#socket.unref();
    this.#relay.unref();
  }

  get local() {
    const { ufrag, pwd } = this;
    return { ufrag, pwd, fingerprint: this.#identity.fingerprint, role: 'client' };
  }

  // `remote` is the answer to "send" or "receive".
  async connect(remote) {
    this.#socket.connect(Number(remote.port), remote.address);
    await once(this.#socket, 'connect');
    await this.#checkConnectivity(remote);
    this.keys = await this.#shakeHands(remote);
  }

  sendRtp(packet) {
    this.#socket.send(this.keys.seal(packet));
  }

  // The RTP packet of this SSRC with this payload, opened, or undefined if it does not come in
  // time.
  async receiveRtp(ssrc, payload, patienceMs) {
    const isOurs = (message) =>
      message[0] >> 6 === 2 && !isRtcp(message) && message.readUInt32BE(8) === ssrc;
    const opened = (message) => isOurs(message) && this.keys.open(message);
    const found = await this.#receive((message) => {
      const packet = opened(message);
      return packet && packet.subarray(headerSize(packet)).equals(payload);
    }, patienceMs);
    return found && opened(found);
  }

  close() {
    this.#openssl?.kill();
    this.#socket.close();
    this.#relay.close();
  }

  async #checkConnectivity(remote) {
    const request = bindingRequest(this.local, remote);
    const deadline = Date.now() + kPatienceMs;
    while (Date.now() < deadline) {
      this.#socket.send(request);
      const isIt = (message) => isAnswerTo(request, message, remote.pwd);
      if (await this.#receive(isIt, kRetryMs)) return;
    }
    throw new Error(`no answer to an ICE check at ${remote.address}:${remote.port}`);
  }

  // DTLS goes through the relay, because it has to leave from the socket of ICE.
  async #shakeHands(remote) {
    this.#relay.bind(0, '127.0.0.1');
    await once(this.#relay, 'listening');
    this.#relay.on('message', (message, from) => {
      this.#relay.removeAllListeners('dtls').on('dtls', (answer) => {
        this.#relay.send(answer, from.port, from.address);
      });
      this.#socket.send(message);
    });
    // RFC 7983: DTLS begins with 20 to 63.
    this.#socket.on('message', (message) => {
      if (message[0] >= 20 && message[0] < 64) this.#relay.emit('dtls', message);
    });
    const text = await this.#runOpenssl(this.#relay.address().port);
    return readHandshake(text, remote);
  }

  #runOpenssl(port) {
    const { certificate, key } = this.#identity;
    const own = ['-cert', certificate, '-key', key, '-use_srtp', kProfile];
    const keying = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', `${kKeyingBytes}`];
    const where = ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`];
    this.#openssl = spawn('openssl', [...where, ...own, ...keying]);
    return new Promise((resolve, reject) => {
      let text = '';
      const late = () => reject(new Error(`no DTLS within ${kPatienceMs / 1000} s: ${text}`));
      const timer = setTimeout(late, kPatienceMs);
      const more = (chunk) => {
        text += chunk;
        if (!/Keying material: \w+/.test(text) || !text.includes('-----END CERT')) return;
        clearTimeout(timer);
        resolve(text);
      };
      this.#openssl.stdout.on('data', more);
      this.#openssl.stderr.on('data', (chunk) => (text += chunk));
    });
  }

  #receive(isIt, patienceMs) {
    return new Promise((resolve) => {
      const done = (message) => {
        clearTimeout(timer);
        this.#socket.off('message', look);
        resolve(message);
      };
      const look = (message) => isIt(message) && done(message);
      const timer = setTimeout(done, patienceMs);
      this.#socket.on('message', look);
    });
  }
}

function isRtcp(message) {
  return message[1] >= 192 && message[1] < 224;
}

function readHandshake(text, { fingerprint }) {
  if (!text.includes(`profile=${kProfile}`)) throw new Error(`${kProfile} was not agreed on`);
  const [pem] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text);
  const actual = `sha-256 ${new X509Certificate(pem).fingerprint256}`;
  if (actual.toLowerCase() !== fingerprint.toLowerCase()) {
    throw new Error(`the certificate is not that of the answer: ${actual}`);
  }
  return SrtpKeys.ofClient(Buffer.from(/Keying material: (\w+)/.exec(text)[1], 'hex'));
}
