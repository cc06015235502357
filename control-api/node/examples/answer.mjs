// Answers an SDP offer that comes on standard input, and says what would be received:
//
//   node examples/answer.mjs < offer.sdp
import { readFileSync } from 'node:fs';

import { createWorker, SdpConnection } from '@sluice/sdk';

const worker = await createWorker({ logLevel: 'warn' });
const router = await worker.createRouter({
  mediaCodecs: [
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  ],
});
const connection = await SdpConnection.create(router, {
  transport: { listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }], enableSctp: true },
});
connection.on('producer', (producer, { mid }) => {
  console.error(`section ${mid}: ${producer.kind}, ${producer.type}`);
});

try {
  console.log(await connection.answer(readFileSync(0, 'utf8')));
} catch (error) {
  // Which line or section is at fault, and why.
  console.error(error.message);
  process.exitCode = 1;
}
worker.close();
