// The least that a server does: a worker, a room, and a way in for one browser.
import { createWorker } from '@sluice/sdk';

const worker = await createWorker({ logLevel: 'warn' });
worker.on('died', (error) => console.error(error.message));

const router = await worker.createRouter({
  mediaCodecs: [
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  ],
});

const transport = await router.createWebRtcTransport({
  listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
});

// The browser gets these, and router.rtpCapabilities, over whatever signalling there is.
for (const { protocol, address, port } of transport.iceCandidates) {
  console.log(`${protocol} ${address} ${port}`);
}

worker.close();
