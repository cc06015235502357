// What one run shares: a browser, a server, and everything that must be gone at its end.

import { openBrowser } from './browser.js';
import { Participant } from './participant.js';
import { Server } from './server.js';

export class Stage {
  #ends = [];
  #rooms = 0;

  async open() {
    this.server = await this.startServer();
    this.browser = await this.openBrowser();
  }

  async startServer(setup) {
    const server = await Server.start(setup);
    this.#ends.push(() => server.stop());
    return server;
  }

  async openBrowser(setup) {
    const browser = await openBrowser(setup);
    this.#ends.push(() => browser.close());
    return browser;
  }

  // A room nobody has been in.
  freshRoom(topic) {
    return `${topic}-${++this.#rooms}`;
  }

  participant(name, params, { server = this.server, browser = this.browser, base } = {}) {
    return Participant.open(browser, base ?? server.url, { name, ...params });
  }

  // Runs `play` with these people, who are on their way in, and sends them home whatever happens.
  async withPeople(names, params, play, where) {
    const people = [];
    try {
      for (const name of names) people.push(await this.participant(name, params, where));
      await play(...people);
    } finally {
      await Promise.all(people.map((person) => person.close().catch(() => {})));
    }
  }

  // The newest first, as far as each goes; the first failure is told when all have been tried.
  async close() {
    let failure = null;
    for (const end of this.#ends.reverse()) {
      try {
        await end();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure) throw failure;
  }
}
