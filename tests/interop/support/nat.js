// A NAT for UDP in front of a worker, that moves people when it is told to, and knows what went by.
//
// usage: node nat.js INSIDE OUTSIDE
//
// People send to INSIDE, at the worker's port, and are forwarded to OUTSIDE from addresses of the
// loopback network. Commands are lines of JSON, and each is answered by one:
//
//   {"open":[PORT...]}   forward to these ports of the worker
//   {"move":[PORT...]}   whoever speaks to these ports comes from another address from now on; what
//                        is sent to the old one is lost. Answers when that was.
//   {"take":true}        what went by since the last time, as notes: { at, what, port, who, ssrc }
//
// Of a note, `at` is in milliseconds, `what` is up or down, as seen by the person, and one of "check",
// "answer", "media", "rest"; `port` is the worker's, `who` the person's own, who may have several.

import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [inside, outside] = process.argv.slice(2);
// Half a minute of a call; a NAT that nobody asks must not fill its memory.
const kMostNotes = 40_000;

const doors = new Map();
let notes = [];
let lastHost = 0;

const now = () => performance.timeOrigin + performance.now();

// RFC 7983 §7 and RFC 5761 §4.
function kindOf(datagram) {
  const [first, second] = datagram;
  if (first < 4) return (first & 1) === 0 && (second & 0x10) === 0 ? 'check' : 'answer';
  const isMedia = first >= 128 && first < 192 && (second < 192 || second > 223);
  return isMedia ? 'media' : 'rest';
}

function note(way, port, who, datagram) {
  if (notes.length >= kMostNotes) return;
  const kind = kindOf(datagram);
  const ssrc = kind === 'media' ? datagram.readUInt32BE(8) : null;
  notes.push({ at: now(), what: `${way} ${kind}`, port, who, ssrc });
}

// The sockets through which people reach one port of the worker.
class Door {
  #front = createSocket('udp4');
  #mappings = new Map();
  #host = freshHost();

  constructor(port) {
    this.port = port;
    this.#front.on('message', (datagram, { address, port: from }) => {
      note('up', port, from, datagram);
      this.#mapping(address, from).send(datagram, port, outside);
    });
    this.ready = new Promise((resolve) => this.#front.bind(port, inside, resolve));
  }

  #mapping(address, port) {
    const name = `${address} ${port}`;
    const known = this.#mappings.get(name);
    if (known) return known;
    const socket = createSocket('udp4');
    // What the worker sends to an address that was left is refused, as by any machine.
    socket.on('error', () => {});
    socket.bind(0, this.#host);
    socket.on('message', (datagram) => {
      note('down', this.port, port, datagram);
      this.#front.send(datagram, port, address);
    });
    this.#mappings.set(name, socket);
    return socket;
  }

  move() {
    this.#host = freshHost();
    for (const socket of this.#mappings.values()) socket.close();
    this.#mappings.clear();
  }

  close() {
    this.#front.close();
    this.move();
  }
}

function freshHost() {
  lastHost += 1;
  return `127.0.${1 + (lastHost >> 8)}.${lastHost & 255}`;
}

async function obey({ open, move, take }) {
  if (open) {
    for (const port of open) doors.set(port, new Door(port));
    await Promise.all([...doors.values()].map(({ ready }) => ready));
    return true;
  }
  if (move) {
    for (const port of move) doors.get(port).move();
    return now();
  }
  const taken = take ? notes : null;
  notes = [];
  return taken;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line))));
}
for (const door of doors.values()) door.close();
