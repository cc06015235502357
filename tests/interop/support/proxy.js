// A wire between page and server that the tests can cut: both sides see the connection break.

import { connect, createServer } from 'node:net';

export class Proxy {
  #server;
  #wires = new Set();

  static async start(targetPort) {
    const proxy = new Proxy();
    proxy.#server = createServer((inward) => proxy.#join(inward, targetPort));
    await new Promise((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url() {
    return `http://localhost:${this.#server.address().port}/`;
  }

  #join(inward, targetPort) {
    const outward = connect(targetPort, '127.0.0.1');
    const wire = { inward, outward };
    this.#wires.add(wire);
    for (const [from, to] of [[inward, outward], [outward, inward]]) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#wires.delete(wire);
        to.destroy();
      });
      from.pipe(to);
    }
  }

  // Cuts every connection that stands now; new ones are joined as before.
  cut() {
    for (const { inward } of [...this.#wires]) inward.resetAndDestroy();
  }

  stop() {
    this.cut();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
