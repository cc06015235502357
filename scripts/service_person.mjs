// Somebody who joins a room of the conference server at the given address and stays until SIGTERM.
// A part of service_trial.sh, which runs it where the Debian packages are installed.

import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

const { WebSocket } = createRequire('/usr/lib/sluice/conference/')('ws');
const [address] = process.argv.slice(2);

const page = await (await fetch(`${address}/?room=trial`)).text();
const [, text] = /id="sluice-config">([^<]*)</.exec(page);
const { revision, routerRtpCapabilities: rtpCapabilities } = JSON.parse(text);

const socket = new WebSocket(`${address.replace('http', 'ws')}/ws?room=trial`);
socket.on('open', () => {
  const session = randomBytes(16).toString('hex');
  const data = { name: 'Ada', session, revision, rtpCapabilities };
  socket.send(JSON.stringify({ id: 1, method: 'join', data }));
});
socket.on('message', (message) => {
  const { id, ok, error } = JSON.parse(message);
  if (id !== 1) return;
  console.log(ok ? 'joined' : `refused: ${error.message}`);
  if (!ok) process.exit(1);
});
socket.on('close', (code) => {
  console.log(`the server closed the socket: ${code}`);
  process.exit(1);
});
process.once('SIGTERM', () => process.exit(0));
