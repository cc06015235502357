// Measures a path with UDP datagrams that carry the time at which they left.
//
// usage: node datagrams.js sink ADDRESS PORT
//        node datagrams.js source ADDRESS PORT COUNT INTERVAL_MS SIZE
//
// The sink says "ready", and when its stdin ends a JSON array: for each datagram when it left and
// when it came, in milliseconds, or null if it never came. Both ends share one machine's clock.

import { createSocket } from 'node:dgram';

const [role, address, port, count, intervalMs, size] = process.argv.slice(2);
const socket = createSocket('udp4');
const now = () => Number(process.hrtime.bigint()) / 1e6;

function sink() {
  const seen = [];
  socket.on('message', (message) => {
    seen[message.readUInt32BE(0)] = { left: message.readDoubleBE(4), came: now() };
  });
  socket.bind(Number(port), address, () => console.log('ready'));
  process.stdin.resume().once('end', () => {
    console.log(JSON.stringify(Array.from(seen, (one) => one ?? null)));
    socket.close();
  });
}

function source() {
  let sent = 0;
  const start = now();
  const timer = setInterval(() => {
    // By the clock and not by the timer, which falls behind on a busy machine.
    const due = Math.min(Number(count), Math.ceil((now() - start) / Number(intervalMs)));
    for (; sent < due; ++sent) {
      const message = Buffer.alloc(Number(size));
      message.writeUInt32BE(sent, 0);
      message.writeDoubleBE(now(), 4);
      socket.send(message, Number(port), address);
    }
    if (sent < Number(count)) return;
    clearInterval(timer);
    // Gives the last ones the time to leave.
    setTimeout(() => socket.close(), 50);
  }, 1);
}

if (role === 'sink') sink();
else source();
