// One camera for everybody, without a library in the page: whoever opens / publishes, whoever opens
// /watch sees it. Offer and answer travel in one POST each.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createWorker, SdpConnection } from '@sluice/sdk';

const worker = await createWorker();
const router = await worker.createRouter({
  mediaCodecs: [
    { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  ],
});
const transport = { listenInfos: [{ protocol: 'udp', ip: process.env.LISTEN ?? '127.0.0.1' }] };
const live = new Set();

async function answer(offer, publishes) {
  const connection = await SdpConnection.create(router, { transport });
  connection.on('producer', (producer) => live.add(producer));
  connection.on('producerclose', (producer) => live.delete(producer));
  connection.transport.on('dtlsstatechange', (state) => {
    if (state === 'closed' || state === 'failed') connection.close();
  });
  try {
    if (!publishes) for (const { id } of live) connection.send(id);
    return await connection.answer(offer);
  } catch (error) {
    connection.close();
    throw error;
  }
}

const page = `<!doctype html><meta charset="utf-8"><title>Front door</title>
<video autoplay playsinline muted controls style="width: 100%"></video>
<script type="module">
  const video = document.querySelector('video');
  const watching = location.pathname === '/watch';
  const connection = new RTCPeerConnection();
  if (watching) {
    connection.ontrack = ({ streams: [stream] }) => (video.srcObject = stream);
    for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
  } else {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of video.srcObject.getTracks())
      connection.addTransceiver(track, { direction: 'sendonly', streams: [video.srcObject] });
  }
  await connection.setLocalDescription();
  const { sdp: body } = connection.localDescription;
  const response = await fetch(watching ? '/watch' : '/', { method: 'POST', body });
  if (!response.ok) document.body.append(await response.text());
  else await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
</script>`;

const server = createServer(async (request, response) => {
  try {
    if (request.method === 'GET') response.setHeader('content-type', 'text/html').end(page);
    else response.end(await answer(await text(request), request.url === '/'));
  } catch (error) {
    response.writeHead(400).end(error.message);
  }
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`publish at http://localhost:${server.address().port}/, watch at /watch`);
});
process.once('SIGTERM', () => worker.close());
worker.on('subprocessclose', () => process.exit());
