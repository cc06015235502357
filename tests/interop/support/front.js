// What stands in front of several servers: a reverse proxy that hands each request to the first
// server that takes it. A server that cannot be reached or answers 503 is passed over, as
// `proxy_next_upstream error http_503` of nginx does it.

import { createServer, request as ask } from 'node:http';

export class Front {
  #server;
  // Ports, the first one first.
  #targets;

  static async start(targets) {
    const front = new Front();
    front.#targets = targets;
    front.#server = createServer((request, response) => front.#hand(request, response));
    front.#server.on('upgrade', (request, socket) => front.#upgrade(request, socket));
    await new Promise((resolve, reject) => {
      front.#server.once('error', reject);
      front.#server.listen(0, '127.0.0.1', resolve);
    });
    return front;
  }

  get url() {
    return `http://localhost:${this.#server.address().port}/`;
  }

  // Those of later requests.
  set targets(targets) {
    this.#targets = targets;
  }

  #options({ method, url, headers }, port) {
    return { host: '127.0.0.1', port, method, path: url, headers };
  }

  #hand(request, response, [port, ...others] = this.#targets) {
    const next = () => this.#hand(request, response, others);
    if (port === undefined) return void response.writeHead(502).end();
    const outward = ask(this.#options(request, port), (answer) => {
      if (answer.statusCode === 503 && others.length > 0) {
        answer.resume();
        return next();
      }
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    outward.on('error', () => (response.headersSent ? response.destroy() : next()));
    // Pages are asked for without a body.
    outward.end();
  }

  #upgrade(request, inward, [port, ...others] = this.#targets) {
    inward.on('error', () => {});
    if (port === undefined) return void inward.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const outward = ask(this.#options(request, port));
    outward.on('error', () => this.#upgrade(request, inward, others));
    outward.on('response', (answer) => {
      answer.resume();
      this.#upgrade(request, inward, answer.statusCode === 503 ? others : []);
    });
    outward.on('upgrade', ({ rawHeaders }, socket, head) => {
      const lines = [];
      for (let at = 0; at < rawHeaders.length; at += 2) {
        lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
      }
      inward.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      inward.write(head);
      for (const [from, to] of [
        [inward, socket],
        [socket, inward],
      ]) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    outward.end();
  }

  stop() {
    this.#server.closeAllConnections?.();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
