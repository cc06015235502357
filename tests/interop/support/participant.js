// One person: a tab of their own, read through window.sluice and steered by its buttons.

import { until } from './until.js';

export class Participant {
  constructor(context, page, address, name) {
    this.context = context;
    this.page = page;
    this.address = address;
    this.name = name;
    // What the page complained about; shown when a test fails.
    this.console = [];
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(`uncaught: ${error.message}`));
  }

  // Opens the page of a room; with join=auto, which is the default, the person is on the way in.
  // `script`, one or several, runs in the page before its own scripts do.
  static async open(browser, base, { room, name, viewport, script, ...params }) {
    const context = await browser.newContext({ viewport: viewport ?? { width: 800, height: 500 } });
    for (const path of [script ?? []].flat()) await context.addInitScript({ path });
    const page = await context.newPage();
    const address = new URL(base);
    const query = { room, name, join: 'auto', ...params };
    for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value);
    const participant = new Participant(context, page, address.href, name);
    await participant.arrive();
    return participant;
  }

  arrive() {
    return this.page.goto(this.address, { waitUntil: 'commit' });
  }

  state() {
    return this.page.evaluate(() => window.sluice?.state() ?? null);
  }

  stats() {
    return this.page.evaluate(() => window.sluice?.stats() ?? null);
  }

  // What arrives of the person called `name`, or undefined.
  async from(name) {
    return (await this.stats())?.peers.find((peer) => peer.name === name);
  }

  async peerState(name) {
    return (await this.state())?.peers.find((peer) => peer.name === name);
  }

  until(what, look, options = {}) {
    const seen = async () => ({ state: await this.state(), console: this.console.slice(-20) });
    return until(`${this.name}: ${what}`, look, { seen, ...options });
  }

  joined(options) {
    return this.until('has joined', async () => (await this.state())?.phase === 'joined', options);
  }

  // The end page: its heading and its sentence.
  failure(options) {
    return this.until('is told why not', async () => (await this.state())?.failure, options);
  }

  // Pictures and sound of `name` arrive and go on arriving.
  async receives(name, options) {
    const first = await this.until(
      `has a picture and sound of ${name}`,
      async () => {
        const peer = await this.from(name);
        return peer && peer.framesDecoded > 0 && peer.audioEnergy > 0 && peer.firstFrameAt && peer;
      },
      { ...options, seen: () => this.from(name) },
    );
    return this.goesOn(name, first);
  }

  // More pictures and more sound than in `before`.
  goesOn(name, before, options) {
    return this.until(
      `goes on seeing and hearing ${name}`,
      async () => {
        const peer = await this.from(name);
        const moved = peer && peer.framesDecoded >= before.framesDecoded + 5;
        return moved && peer.audioEnergy > before.audioEnergy && peer;
      },
      { ...options, seen: () => this.from(name) },
    );
  }

  press(label) {
    return this.page.getByRole('button', { name: label }).click();
  }

  close() {
    return this.context.close();
  }
}

// Everybody receives everybody else.
export function allReceive(people, options) {
  return Promise.all(
    people.flatMap((one) =>
      people.filter((other) => other !== one).map((other) => one.receives(other.name, options)),
    ),
  );
}
