// A call of two across a NAT that moves people: Ada publishes a picture and a tone, Bo watches.
//
// All of it is on the loopback network, where every address of 127/8 is this machine's, and so no
// privileges are needed to be somewhere else. What goes by is noted by the NAT (nat.js).

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Lab } from './lab.js';

const kNat = fileURLToPath(new URL('nat.js', import.meta.url));
const kGapProbe = fileURLToPath(new URL('gap_probe.js', import.meta.url));
const kWorkerIp = '127.0.0.1';
const kShownIp = '127.0.0.2';
const kPicture = {
  mimeType: 'video/VP8',
  picture: { width: 320, height: 180, fps: 25 },
  encodings: [{ maxBitrate: 300_000 }],
};
// Without pauses, in which concealment cannot be told from silence.
const kTone = { pitch: 440, hum: 0.1, dtx: false };

class Nat {
  #child = spawn(process.execPath, [kNat, kShownIp, kWorkerIp], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  // One at a time: each command is answered before the next.
  async tell(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the NAT ended');
    return JSON.parse(value);
  }

  close() {
    if (this.#child.exitCode !== null) return Promise.resolve();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    return ended;
  }
}

const portOf = (transport) => transport.iceCandidates[0].port;

export class Mover {
  #nat;
  #lab;

  static async open(browser) {
    const mover = new Mover();
    try {
      await mover.#begin(browser);
    } catch (error) {
      await mover.close();
      throw error;
    }
    return mover;
  }

  async #begin(browser) {
    this.#nat = new Nat();
    const listenInfos = [{ protocol: 'udp', ip: kWorkerIp, announcedAddress: kShownIp }];
    this.#lab = await Lab.open(browser, { listenInfos, scripts: [kGapProbe] });
    this.ada = await this.#lab.page('Ada');
    this.bo = await this.#lab.page('Bo');
    const all = [this.ada, this.bo].flatMap((one) => [one.sendTransport, one.receiveTransport]);
    await this.#nat.tell({ open: all.map(portOf) });
    this.picture = await this.bo.consume(await this.ada.publishPicture(kPicture));
    this.sound = await this.bo.consume(await this.ada.publishTone(kTone));
    await this.picture.until('pictures come', ({ framesDecoded }) => framesDecoded > 25);
    await this.sound.until('sound comes', ({ totalAudioEnergy }) => totalAudioEnergy > 0);
  }

  get transports() {
    return { sender: this.ada.sendTransport, receiver: this.bo.receiveTransport };
  }

  // `act` in a call that was quiet for `quietMs` before and is for `restMs` after: what that meant to
  // Bo. Answers in milliseconds: `at`, and the times of everything.
  async during(act, { quietMs, restMs }) {
    await this.#nat.tell({ take: true });
    await this.bo.pictures();
    await pause(quietMs);
    const before = await this.sound.stats();
    const at = await act();
    await pause(restMs);
    const after = await this.sound.stats();
    const passed = await this.#nat.tell({ take: true });
    return {
      ...{ at, passed, until: at + restMs, from: at - quietMs },
      pictures: await this.bo.pictures(),
      concealedMs: (after.concealedSamples - before.concealedSamples) / 48,
    };
  }

  restart(who) {
    const [page, transport] =
      who === 'sender' ? [this.ada, this.ada.sendTransport] : [this.bo, this.bo.receiveTransport];
    return page.restartIce(transport);
  }

  // Answers when it happened.
  move(who) {
    return this.#nat.tell({ move: [portOf(this.transports[who])] });
  }

  // What went by at the door of one of the two.
  notesOf(passed, who, what) {
    const door = portOf(this.transports[who]);
    return passed.filter((note) => note.what === what && note.port === door);
  }

  // Times of arrival at Bo's: of the picture and of the sound.
  streams(passed) {
    const media = this.notesOf(passed, 'receiver', 'down media');
    return [this.picture, this.sound].map(({ consumer }) => {
      const [{ ssrc }] = consumer.rtpParameters.encodings;
      return media.filter((note) => note.ssrc === ssrc).map(({ at }) => at);
    });
  }

  async close() {
    await this.#lab?.close();
    await this.#nat?.close();
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
