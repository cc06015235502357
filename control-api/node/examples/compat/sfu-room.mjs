// A room in which everybody hears and sees everybody else, written for mediasoup's Node.js API.
//
// People here are UDP sockets of this process: each sends one stream of Opus and one of VP8, and
// counts what comes back. What travels between a person and the room is JSON, as it would be over a
// WebSocket. Prints one line for each thing that it has seen, and ends.
import * as mediasoup from 'mediasoup';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const mediaCodecs = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, parameters: {} },
];
const audioLevelUri = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const report = (...words) => console.log(words.join(' '));

/** The room on the server: one router, and what people have on it. */
class Room {
  static async open(worker) {
    const router = await worker.createRouter({ mediaCodecs, appData: { room: 'lobby' } });
    const levels = await router.createAudioLevelObserver({ maxEntries: 2, interval: 250 });
    const speaker = await router.createActiveSpeakerObserver({ interval: 200 });
    return new Room(router, levels, speaker);
  }

  constructor(router, levels, speaker) {
    this.router = router;
    this.levels = levels;
    this.speaker = speaker;
    this.peers = new Map();
    this.seen = { volumes: new Set(), dominant: new Set() };
    levels.on('volumes', (volumes) => {
      for (const { producer, volume } of volumes)
        if (volume <= 0) this.seen.volumes.add(producer.appData.peer);
    });
    speaker.on('dominantspeaker', ({ producer }) => this.seen.dominant.add(producer.appData.peer));
    router.observer.on('newtransport', (transport) => {
      transport.observer.on('newproducer', (producer) => this.announce(producer));
    });
  }

  join(name, notify) {
    this.peers.set(name, {
      notify,
      transports: new Map(),
      producers: new Map(),
      consumers: new Map(),
    });
    for (const other of this.peers.values())
      for (const producer of other.producers.values()) this.tell(name, producer);
  }

  announce(producer) {
    const { peer } = producer.appData;
    this.peers.get(peer).producers.set(producer.id, producer);
    if (producer.kind === 'audio') {
      void this.levels.addProducer({ producerId: producer.id });
      void this.speaker.addProducer({ producerId: producer.id });
    }
    for (const name of this.peers.keys()) if (name !== peer) this.tell(name, producer);
  }

  tell(name, { id, kind, appData }) {
    this.peers.get(name).notify('newproducer', { id, kind, peer: appData.peer });
  }

  /** What would come in over a WebSocket. Only JSON goes in, and only JSON comes out. */
  async request(name, method, data) {
    const answer = await this[method](this.peers.get(name), name, JSON.parse(JSON.stringify(data)));
    return JSON.parse(JSON.stringify(answer ?? {}));
  }

  async capabilities() {
    return this.router.rtpCapabilities;
  }

  async transport(peer, name, { comedia }) {
    const transport = await this.router.createPlainTransport({
      listenIp: { ip: '127.0.0.1' },
      rtcpMux: true,
      comedia,
      appData: { peer: name, comedia },
    });
    peer.transports.set(transport.id, transport);
    const { localAddress, localPort } = transport.tuple;
    return { id: transport.id, ip: localAddress, port: localPort };
  }

  async connect(peer, _name, { id, ip, port }) {
    await peer.transports.get(id).connect({ ip, port });
  }

  async produce(peer, name, { transportId, kind, rtpParameters }) {
    const transport = peer.transports.get(transportId);
    const producer = await transport.produce({ kind, rtpParameters, appData: { peer: name } });
    producer.on('score', (score) => peer.notify('score', { producerId: producer.id, score }));
    producer.observer.once('close', () => peer.producers.delete(producer.id));
    return { id: producer.id };
  }

  async consume(peer, name, { transportId, producerId, rtpCapabilities }) {
    if (!this.router.canConsume({ producerId, rtpCapabilities }))
      throw new Error(`${name} cannot consume ${producerId}`);
    const transport = peer.transports.get(transportId);
    const consumer = await transport.consume({ producerId, rtpCapabilities, paused: true });
    peer.consumers.set(consumer.id, consumer);
    const events = { producerpause: 'paused', producerresume: 'resumed', producerclose: 'gone' };
    for (const [event, word] of Object.entries(events))
      consumer.on(event, () => peer.notify(word, { consumerId: consumer.id, producerId }));
    consumer.observer.once('close', () => peer.consumers.delete(consumer.id));
    const { id, kind, rtpParameters } = consumer;
    return { id, kind, rtpParameters, producerPaused: consumer.producerPaused };
  }

  async resume(peer, _name, { consumerId }) {
    await peer.consumers.get(consumerId).resume();
  }

  async hush(peer) {
    for (const producer of peer.producers.values())
      if (producer.kind === 'audio') await producer.pause();
  }

  async leave(peer, name) {
    for (const transport of peer.transports.values()) transport.close();
    this.peers.delete(name);
  }
}

/** One person: a socket that sends two streams, and counts the packets of others by SSRC. */
class Person {
  constructor(room, name, loudness) {
    Object.assign(this, { room, name, loudness, heard: new Map(), streams: new Map(), news: [] });
    this.out = createSocket('udp4');
    this.in = createSocket('udp4');
    this.in.on('message', (packet) => this.hear(packet));
    this.sequence = Math.floor(Math.random() * 1000);
    // Those who are there already are watched once there is a way for their streams.
    this.watching = new Promise((resolve) => (this.ready = resolve));
  }

  async enter() {
    this.in.bind(0, '127.0.0.1');
    await once(this.in, 'listening');
    this.capabilities = { ...(await this.ask('capabilities')), headerExtensions: [] };
    this.sends = await this.ask('transport', { comedia: true });
    this.receives = await this.ask('transport', { comedia: false });
    const { port } = this.in.address();
    await this.ask('connect', { id: this.receives.id, ip: '127.0.0.1', port });
    this.ready();
    const base = 1000 * (1 + Math.floor(Math.random() * 1_000_000));
    this.ssrc = { audio: base + 1, video: base + 2 };
    await this.publish('audio', {
      mimeType: 'audio/opus',
      payloadType: 111,
      clockRate: 48000,
      channels: 2,
    });
    await this.publish('video', { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000 });
    this.timer = setInterval(() => this.speak(), 20);
  }

  ask(method, data = {}) {
    return this.room.request(this.name, method, data);
  }

  publish(kind, codec) {
    const headerExtensions = kind === 'audio' ? [{ uri: audioLevelUri, id: 10 }] : [];
    const encodings = [{ ssrc: this.ssrc[kind] }];
    const rtpParameters = {
      codecs: [codec],
      headerExtensions,
      encodings,
      rtcp: { cname: this.name },
    };
    return this.ask('produce', { transportId: this.sends.id, kind, rtpParameters });
  }

  notified(event, data) {
    this.news.push(event);
    if (event === 'newproducer') this.watching = this.watching.then(() => this.watch(data));
  }

  async watch({ id: producerId, peer }) {
    const consumed = await this.ask('consume', {
      transportId: this.receives.id,
      producerId,
      rtpCapabilities: this.capabilities,
    });
    this.streams.set(consumed.rtpParameters.encodings[0].ssrc, `${peer}/${consumed.kind}`);
    await this.ask('resume', { consumerId: consumed.id });
  }

  speak() {
    this.sequence += 1;
    const level = Buffer.from([0xbe, 0xde, 0, 1, 0xa0, this.loudness, 0, 0]);
    this.send(111, this.ssrc.audio, 960, Buffer.concat([level, Buffer.alloc(40, 7)]), true);
    // RFC 7741: the beginning of a partition, and of a key frame of 320 by 240.
    const picture = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
    this.send(
      96,
      this.ssrc.video,
      1800,
      Buffer.concat([Buffer.from(picture), Buffer.alloc(200)]),
      false,
    );
  }

  send(payloadType, ssrc, step, rest, extended) {
    const header = Buffer.alloc(12);
    header.writeUInt8(extended ? 0x90 : 0x80, 0);
    header.writeUInt8(0x80 | payloadType, 1);
    header.writeUInt16BE(this.sequence & 0xffff, 2);
    header.writeUInt32BE((this.sequence * step) >>> 0, 4);
    header.writeUInt32BE(ssrc, 8);
    this.out.send(Buffer.concat([header, rest]), this.sends.port, this.sends.ip);
  }

  hear(packet) {
    if (packet[1] >= 192 && packet[1] <= 223) return; // RTCP
    const from = this.streams.get(packet.readUInt32BE(8));
    if (from) this.heard.set(from, (this.heard.get(from) ?? 0) + 1);
  }

  async goHome() {
    clearInterval(this.timer);
    await this.ask('leave');
    this.out.close();
    this.in.close();
  }
}

/** Looks again whenever something may have changed, for ten seconds. */
async function until(what, condition) {
  for (let left = 500; left > 0; left -= 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}`);
}

const worker = await mediasoup.createWorker({
  logLevel: 'warn',
  rtcMinPort: 20000,
  rtcMaxPort: 40000,
});
worker.on('died', () => process.exit(1));
const room = await Room.open(worker);
const people = ['alice', 'bob', 'carol'].map(
  (name, at) => new Person(room, name, at === 0 ? 5 : 127),
);
for (const person of people) room.join(person.name, (event, data) => person.notified(event, data));
for (const person of people) await person.enter();
const [alice, bob, carol] = people;

const everything = (person) =>
  person.streams.size === 4 &&
  [...person.streams.values()].every((from) => person.heard.get(from) > 10);
await until('everybody hears everybody', () => people.every(everything));
report('everybody hears:', [...bob.streams.values()].sort().join(' '));

await until(
  'alice is the loudest',
  () => room.seen.volumes.has('alice') && room.seen.dominant.has('alice'),
);
report('loud:', [...room.seen.volumes].join(' '), 'dominant:', [...room.seen.dominant][0]);

const [video] = [...room.peers.get('alice').producers.values()].filter(
  ({ kind }) => kind === 'video',
);
const [{ type, mimeType, packetCount, packetsLost }] = await video.getStats();
const rating = video.score[0]?.score ?? 'no score yet';
report('stats:', type, mimeType, packetCount > 10, packetsLost, rating);

await alice.ask('hush');
await until('bob is told', () => bob.news.includes('paused'));
const before = bob.heard.get('alice/audio');
await until('others go on', () => bob.heard.get('carol/audio') > before + 20);
report('hushed:', bob.heard.get('alice/audio') - before < 5);

await carol.goHome();
await until('the others know', () => alice.news.filter((word) => word === 'gone').length === 2);
const { transportIds } = await room.router.dump();
const left = room.peers.get('alice').consumers.size;
report('left:', transportIds.length, 'transports', left, 'consumers');

for (const person of [alice, bob]) await person.goHome();
const closed = new Promise((resolve) => room.router.observer.once('close', resolve));
worker.close();
await closed;
report('closed:', room.router.closed, worker.closed);
