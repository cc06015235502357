// One studio and many viewers, on as many workers as there should be, written for mediasoup's
// Node.js API in the style of CommonJS and plain functions.
//
// The studio's stream is born on the first worker and carried to routers on the others, once by
// pipeToRouter() and once by pipe transports that are connected by hand, as between two hosts.
// Viewers are direct transports, which give this program the packets that they would send.
const mediasoup = require('mediasoup');

const mediaCodecs = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48000,
    channels: 2,
    preferredPayloadType: 111,
  },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    parameters: {
      'packetization-mode': 1,
      'profile-level-id': '42e01f',
      'level-asymmetry-allowed': 1,
    },
  },
];
const viewersPerEdge = 5;
const log = (...words) => console.log(words.join(' '));

/** Workers in turn, each with what this program knows of it. */
async function startWorkers(count) {
  const workers = [];
  mediasoup.observer.on('newworker', (worker) => {
    worker.appData.routers = 0;
    worker.observer.on('newrouter', (router) => {
      worker.appData.routers += 1;
      router.observer.once('close', () => (worker.appData.routers -= 1));
    });
  });
  for (let index = 0; index < count; index += 1) {
    const worker = await mediasoup.createWorker({
      logLevel: 'warn',
      logTags: ['info', 'rtp'],
      appData: { index },
    });
    worker.on('died', (error) => {
      console.error(`worker ${index}: ${error.message}`);
      process.exit(1);
    });
    workers.push(worker);
  }
  return workers;
}

/** The application as a camera: packets of its own making. */
async function startStudio(router) {
  const transport = await router.createDirectTransport();
  const codec = {
    mimeType: 'audio/opus',
    payloadType: 111,
    clockRate: 48000,
    channels: 2,
    parameters: {},
    rtcpFeedback: [],
  };
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [codec],
      headerExtensions: [],
      encodings: [{ ssrc: 424242 }],
      rtcp: { cname: 'studio', reducedSize: true },
    },
    appData: { title: 'evening news' },
  });
  let sequence = 0;
  const timer = setInterval(() => {
    const packet = Buffer.alloc(12 + 60, 0x55);
    packet.writeUInt16BE(0x806f, 0);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE(sequence * 960, 4);
    packet.writeUInt32BE(424242, 8);
    producer.send(packet);
    sequence += 1;
  }, 20);
  producer.observer.once('close', () => clearInterval(timer));
  return producer;
}

async function addViewer(router, producerId, name) {
  const transport = await router.createDirectTransport({ appData: { name } });
  const consumer = await transport.consume({
    producerId,
    rtpCapabilities: router.rtpCapabilities,
    paused: true,
  });
  const viewer = { name, consumer, packets: 0, payload: undefined, events: [] };
  consumer.on('rtp', (packet) => {
    viewer.packets += 1;
    viewer.payload = packet.subarray(-60);
  });
  for (const event of ['producerpause', 'producerresume', 'producerclose', 'transportclose'])
    consumer.on(event, () => viewer.events.push(event));
  await consumer.resume();
  return viewer;
}

/** What two hosts would do, each with one end: the addresses and keys travel by their signalling. */
async function connectByHand(near, far) {
  const options = {
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    enableRtx: true,
    enableSrtp: true,
  };
  const [here, there] = await Promise.all(
    [near, far].map((router) => router.createPipeTransport(options)),
  );
  await here.connect({
    ip: there.tuple.localAddress,
    port: there.tuple.localPort,
    srtpParameters: there.srtpParameters,
  });
  await there.connect({
    ip: here.tuple.localAddress,
    port: here.tuple.localPort,
    srtpParameters: here.srtpParameters,
  });
  return [here, there];
}

async function carryByHand([here, there], producerId) {
  const pipeConsumer = await here.consume({ producerId });
  const { id, kind, rtpParameters, appData } = pipeConsumer;
  const pipeProducer = await there.produce({
    id: producerId,
    kind,
    rtpParameters,
    paused: pipeConsumer.producerPaused,
    appData,
  });
  pipeConsumer.observer.once('close', () => pipeProducer.close());
  pipeConsumer.on('producerpause', () => void pipeProducer.pause());
  pipeConsumer.on('producerresume', () => void pipeProducer.resume());
  return { id, pipeConsumer, pipeProducer };
}

async function until(what, condition) {
  for (let left = 500; left > 0; left -= 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}`);
}

async function main() {
  const workers = await startWorkers(3);
  const routers = await Promise.all(workers.map((worker) => worker.createRouter({ mediaCodecs })));
  const [origin, ...edges] = routers;
  const studio = await startStudio(origin);
  log(
    'workers:',
    workers.length,
    'routers:',
    workers.map(({ appData }) => appData.routers).join('+'),
  );

  // The first edge: the library makes the pipe. Asking twice does not make two.
  const { pipeConsumer, pipeProducer } = await origin.pipeToRouter({
    producerId: studio.id,
    router: edges[0],
  });
  log(
    'piped:',
    pipeConsumer.type,
    pipeProducer.id === studio.id,
    pipeProducer.kind,
    pipeProducer.appData.title,
  );

  // The second edge: by hand, with SRTP, as if it were another host.
  const ends = await connectByHand(origin, edges[1]);
  const carried = await carryByHand(ends, studio.id);
  log(
    'by hand:',
    ends.map(({ type }) => type).join('-'),
    carried.pipeConsumer.type,
    carried.pipeProducer.id === studio.id,
    ends[0].srtpParameters.cryptoSuite,
  );

  const viewers = [];
  for (const [index, router] of routers.entries())
    for (let seat = 0; seat < viewersPerEdge; seat += 1)
      viewers.push(await addViewer(router, studio.id, `viewer ${index}.${seat}`));
  await until('everybody hears the studio', () => viewers.every(({ packets }) => packets >= 20));
  const intact = viewers.every(({ payload }) => payload.equals(Buffer.alloc(60, 0x55)));
  log(
    'viewers:',
    viewers.length,
    'all hear:',
    viewers.every(({ packets }) => packets >= 20),
    'intact:',
    intact,
  );

  // What the pipe transports have carried.
  const [stat] = await ends[1].getStats();
  log(
    'pipe:',
    stat.type,
    stat.rtpBytesReceived > 0,
    stat.bytesReceived >= stat.rtpBytesReceived,
    typeof stat.timestamp,
  );
  const [sent, ...sources] = await viewers[0].consumer.getStats();
  log('stream:', sent.type, sent.kind, sent.mimeType, sources.map(({ type }) => type).join());

  // Off the air and on again: everybody is told, at whatever worker.
  await studio.pause();
  await until('everybody is told of the pause', () =>
    viewers.every(({ events }) => events.includes('producerpause')),
  );
  const silent = viewers.map(({ packets }) => packets);
  await studio.resume();
  await until('everybody is told of the end of it', () =>
    viewers.every(({ events }) => events.includes('producerresume')),
  );
  await until('everybody hears more', () =>
    viewers.every(({ packets }, index) => packets > silent[index]),
  );
  log(
    'pause:',
    viewers.every(({ consumer }) => !consumer.producerPaused && !consumer.closed),
  );

  // A viewer who is not interested any more, and one whose edge goes away.
  viewers[0].consumer.close();
  edges[0].close();
  await until('the viewers of that edge know', () =>
    viewers
      .slice(viewersPerEdge, 2 * viewersPerEdge)
      .every(({ events }) => events.includes('transportclose')),
  );
  await until('its pipe is gone', () => pipeConsumer.closed && pipeProducer.closed);
  log('edge closed:', workers.map(({ appData }) => appData.routers).join('+'));

  // The end of the show, on all workers that are left.
  studio.close();
  const left = [...viewers.slice(1, viewersPerEdge), ...viewers.slice(2 * viewersPerEdge)];
  await until('everybody knows that it is over', () =>
    left.every(({ events }) => events.includes('producerclose')),
  );
  log(
    'over:',
    left.length,
    carried.pipeProducer.closed,
    left.every(({ consumer }) => consumer.closed),
  );

  for (const worker of workers) worker.close();
  log(
    'closed:',
    workers.every(({ closed, died }) => closed && !died),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
