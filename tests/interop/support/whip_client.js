// A WHIP client that says exactly what a test wants it to, and one that is a program: webrtcbin.

import { createHmac } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Tool } from './tools.js';
import { until } from './until.js';

const kPython = '/usr/bin/python3';
const kScript = fileURLToPath(new URL('whip_gst.py', import.meta.url));

// A reason to skip, or false.
export function whyNoWebrtcbin() {
  const probe =
    'import gi; gi.require_version("Gst", "1.0"); gi.require_version("GstWebRTC", "1.0"); ' +
    'from gi.repository import Gst; Gst.init(None); ' +
    'assert all(Gst.ElementFactory.find(e) for e in ("webrtcbin", "nicesrc", "vp8enc", "x264enc"))';
  const found = existsSync(kPython) && spawnSync(kPython, ['-c', probe]).status === 0;
  const missing = 'python3-gi, gir1.2-gst-plugins-bad-1.0 and gstreamer1.0-nice';
  return found ? false : `there is no webrtcbin for Python: install Debian's ${missing}`;
}

// RFC 7519 by hand, so that the server's library is not checked by itself.
export function signedToken(secret, claims) {
  const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 300;
  const body = { aud: 'sluice-conference', exp, ...claims };
  const text = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(body)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const kFingerprint = `sha-256 ${Array(32).fill('AB').join(':')}`;

const kFormats = {
  H264: ['a=fmtp:96 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1'],
};

// What an encoder offers, of one picture and its sound; nobody is behind it.
export function scriptedOffer({ direction = 'sendonly', codec = 'VP8', audio = true } = {}) {
  const common = [
    ...['c=IN IP4 0.0.0.0', `a=${direction}`, 'a=rtcp-mux', 'a=setup:actpass'],
    ...['a=ice-ufrag:scripted', 'a=ice-pwd:scriptedScriptedScripted'],
    `a=fingerprint:${kFingerprint}`,
  ];
  const sound = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', ...common, 'a=mid:0'];
  const picture = ['m=video 9 UDP/TLS/RTP/SAVPF 96', ...common, 'a=mid:1'];
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    `a=group:BUNDLE${audio ? ' 0' : ''} 1`,
    ...(audio ? [...sound, 'a=rtpmap:111 opus/48000/2', 'a=ssrc:11 cname:s'] : []),
    ...[...picture, `a=rtpmap:96 ${codec}/90000`, ...(kFormats[codec] ?? []), 'a=ssrc:12 cname:s'],
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

export const kNewCredentials = 'a=ice-ufrag:renewed\r\na=ice-pwd:renewedRenewedRenewed00\r\n';
export const kOldCredentials = 'a=ice-ufrag:scripted\r\na=ice-pwd:scriptedScriptedScripted\r\n';

// One request, without following anything. `status`, `headers` (a function) and `body`.
export async function ask(method, url, { type, token, body, ...headers } = {}) {
  const response = await fetch(url, {
    ...{ method, body, redirect: 'manual' },
    headers: {
      ...(type === undefined ? {} : { 'Content-Type': type }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, header: (name) => response.headers.get(name), body: text };
}

export const urlOf = (server, path) => new URL(path, server.url).href;

export function post(url, options = {}) {
  return ask('POST', url, { type: 'application/sdp', body: scriptedOffer(), ...options });
}

export function patch(url, body, options = {}) {
  return ask('PATCH', url, { type: 'application/trickle-ice-sdpfrag', body, ...options });
}

export function locationOf(response, url) {
  return new URL(response.header('location'), url).href;
}

// webrtcbin at work; `events` is what it told.
export class GstPeer {
  constructor(verb, url, ...options) {
    this.events = [];
    const read = (line) => this.events.push(JSON.parse(line));
    this.tool = new Tool(kPython, [kScript, verb, url, ...options], { read });
  }

  last(event) {
    return this.events.filter((told) => told.event === event).at(-1);
  }

  async #seen() {
    return [this.events.slice(-5), this.tool.errors.slice(-5)];
  }

  until(what, look, options) {
    const orFailed = () => {
      const failed = this.last('failed');
      if (failed) throw new Error(JSON.stringify(failed));
      return look();
    };
    return until(`webrtcbin ${what}`, orFailed, { seen: () => this.#seen(), ...options });
  }

  connected() {
    return this.until('is connected', () => this.last('connected'));
  }

  // So many more pictures than now, and sound.
  async decodes(pictures, options) {
    const from = this.last('decoded')?.video ?? 0;
    const enough = ({ video, audio } = {}) => video >= from + pictures && audio > 0;
    await this.until('decodes', () => enough(this.last('decoded')), options);
    return this.last('decoded');
  }

  // The status that DELETE was answered with.
  async stop() {
    this.tool.terminate();
    await until('webrtcbin ends', () => this.last('deleted'), { seen: () => this.#seen() });
    return this.last('deleted').status;
  }

  // Without a word to anybody.
  kill() {
    return this.tool.stop();
  }
}
