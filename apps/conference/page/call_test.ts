import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { beforeEach, test } from 'node:test';

import type { Device } from 'mediasoup-client';
import { settle } from '../testing/fake_clock';
import { FakeWebSocket } from '../testing/fake_web_socket';
import { Call } from './call';
import type { CallListener } from './call';
import { Signalling } from './signalling';

// Browsers have it; Node 18 keeps it in a module.
globalThis.crypto ??= webcrypto as Crypto;
globalThis.WebSocket = FakeWebSocket as unknown as typeof WebSocket;

// The part of mediasoup-client that a session touches, without a browser beneath.
class FakeTransport extends EventEmitter {
  connectionState = 'new';
  closed = false;
  readonly produced: any[] = [];
  readonly heard: any[] = [];
  mostEncodings = 4;

  constructor(readonly id: string) {
    super();
  }

  async consume(options: any) {
    return { ...options, track: {}, close() {} };
  }

  async produce({ track, appData, encodings }: any) {
    if (encodings?.length > this.mostEncodings) throw new Error('OperationError');
    let active = encodings ?? [];
    const rtpSender = {
      getParameters: () => ({ encodings: structuredClone(active) }),
      setParameters: async (parameters: any) => (active = parameters.encodings),
    };
    const id = await new Promise<string>((resolve, reject) => {
      const parameters = { kind: track.kind, rtpParameters: { encodings }, appData };
      this.emit('produce', parameters, ({ id }: { id: string }) => resolve(id), reject);
    });
    const producer = {
      id,
      track,
      rtpSender,
      paused: appData.paused,
      pause: () => (producer.paused = true),
      resume: () => (producer.paused = false),
      replaceTrack: async (options: any) => (producer.track = options.track),
      close() {},
    };
    this.produced.push(producer);
    return producer;
  }

  async produceData({ label, appData }: any) {
    const sctpStreamParameters = { streamId: this.produced.length, ordered: true };
    const id = await new Promise<string>((resolve, reject) => {
      const described = { sctpStreamParameters, label, appData };
      this.emit('producedata', described, ({ id }: { id: string }) => resolve(id), reject);
    });
    return Object.assign(new EventEmitter(), {
      id,
      readyState: 'open',
      bufferedAmount: 0,
      sent: [] as unknown[],
      send(message: unknown) {
        this.sent.push(message);
      },
      close() {},
    });
  }

  async consumeData(options: any) {
    const consumer = Object.assign(new EventEmitter(), { ...options, closed: false, close() {} });
    this.heard.push(consumer);
    return consumer;
  }

  close(): void {
    this.closed = true;
  }
}

interface TransportOptions {
  id: string;
  iceServers?: unknown;
}

class FakeDevice {
  readonly transports: FakeTransport[] = [];
  readonly iceServers: unknown[] = [];
  readonly recvRtpCapabilities = { codecs: [], headerExtensions: [] };
  readonly sendRtpCapabilities = { codecs: [] };

  readonly createSendTransport = (options: TransportOptions) => this.make(options);
  readonly createRecvTransport = (options: TransportOptions) => this.make(options);

  private make({ id, iceServers }: TransportOptions): FakeTransport {
    this.iceServers.push(iceServers);
    const transport = new FakeTransport(id);
    this.transports.push(transport);
    return transport;
  }
}

const kAnswer = {
  peerId: 'me',
  name: 'Ann',
  room: 'blue',
  sendTransport: { id: 'send' },
  recvTransport: { id: 'recv' },
  peers: [{ id: 'bob', name: 'Bob' }],
  consumers: [],
  dataConsumers: [],
  grants: { publish: ['camera', 'microphone'], subscribe: true, publishData: true, admin: false },
  iceServers: [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'c' }],
};
const kConsumer = { id: 'c1', peerId: 'bob', producerId: 'p1', source: 'camera', kind: 'video' };

function track(kind: string): MediaStreamTrack {
  const getSettings = () => ({ width: 1280, height: 720 });
  return { kind, enabled: true, readyState: 'live', getSettings } as unknown as MediaStreamTrack;
}

function lane(heard: string[], peerId: string) {
  return {
    ready: () => heard.push(`ready ${peerId}`),
    message: (data: unknown) => heard.push(`lane ${data}`),
    closed: () => heard.push('lane closed'),
  };
}

function start({ draining = false } = {}) {
  const heard: string[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]) => {
      heard.push([name, ...args.filter((arg) => typeof arg === 'string')].join(' '));
    };
  const listener = Object.fromEntries(
    [
      'phaseChanged',
      'joined',
      'moved',
      'sourceMuted',
      'undecodable',
      'peerJoined',
      'peerLeft',
      'peerLink',
      'streamAdded',
      'streamsReady',
      'streamRemoved',
      'streamPaused',
      'layersChanged',
      'scored',
      'ownScored',
      'captureChanged',
      'activeSpeaker',
      'audioLevels',
      'linkChanged',
      'cleared',
      'failed',
      'outdated',
    ].map((name) => [name, note(name)]),
  ) as unknown as CallListener;
  const data = {
    chatHeard: note('chatHeard'),
    chatOpen: (open: boolean) => open && heard.push('chatOpen'),
    laneOffered: (peerId: string, topic: string) =>
      topic === 'known' ? lane(heard, peerId) : null,
  };
  Object.assign(listener, { data });
  const device = new FakeDevice();
  const call = new Call(
    {
      url: 'ws://x/ws?room=blue',
      name: 'Ann',
      token: null,
      revision: 'r1',
      device: Promise.resolve(device as unknown as Device),
      codecMimeType: null,
      layers: null,
      isDraining: async () => draining,
    },
    listener,
  );
  const over = call.run();
  return { call, heard, device, over };
}

async function open(): Promise<FakeWebSocket> {
  await settle();
  FakeWebSocket.latest.open();
  await settle();
  return FakeWebSocket.latest;
}

async function joined() {
  const stage = start();
  const socket = await open();
  socket.answer('join', kAnswer);
  await settle();
  return { ...stage, socket };
}

beforeEach(() => {
  FakeWebSocket.all = [];
});

test('a call joins, publishes its wishes and ends when it is left', async () => {
  const { call, heard, device, over } = start();
  call.publish('camera', track('video'));
  const socket = await open();
  assert.equal(socket.find('join')?.data.revision, 'r1');
  socket.answer('join', kAnswer);
  await settle();
  assert.equal(socket.find('produce')?.data.source, 'camera');
  socket.answer('produce', { id: 'p7' });
  await settle();
  call.leave();
  await over;
  assert.deepEqual(heard, ['phaseChanged joined', 'joined', 'cleared', 'phaseChanged ended']);
  assert.ok(socket.closedByPage);
  assert.ok(device.transports.every(({ closed }) => closed));
});

test('both transports know the ICE servers that the server told of', async () => {
  const { call, device } = await joined();
  assert.deepEqual(device.iceServers, [kAnswer.iceServers, kAnswer.iceServers]);
  call.leave();
});

test('the first streams are asked for at once, for no packet can come before their decoders', async () => {
  const { call, heard, socket } = await joined();
  socket.say({ event: 'newConsumer', data: kConsumer });
  assert.deepEqual(socket.find('resumeConsumers')?.data, { consumerIds: ['c1'] });
  assert.ok(!heard.includes('streamAdded'));
  await settle();
  assert.ok(heard.includes('streamAdded'));
  assert.equal(socket.sent.filter(({ method }) => method === 'resumeConsumers').length, 1);
  call.leave();
});

test('later streams are asked for only when their decoders stand', async () => {
  const { call, heard, socket } = await joined();
  socket.say({ event: 'newConsumer', data: kConsumer });
  await settle();
  heard.length = 0;
  socket.say({ event: 'newConsumer', data: { ...kConsumer, id: 'c2', source: 'microphone' } });
  assert.deepEqual(socket.find('resumeConsumers')?.data, { consumerIds: ['c1'] });
  await settle();
  assert.deepEqual(socket.find('resumeConsumers')?.data, { consumerIds: ['c2'] });
  assert.ok(heard.includes('streamAdded'));
  call.leave();
});

// The transport that the browser has just been asked to connect.
function connect(device: FakeDevice): { goesOn: boolean } {
  const outcome = { goesOn: false };
  device.transports[1]?.emit('connect', { dtlsParameters: {} }, () => (outcome.goesOn = true));
  return outcome;
}

test('a transport connects without waiting for the answer', async () => {
  const { call, socket, device } = await joined();
  const outcome = connect(device);
  assert.equal(socket.find('connectTransport')?.data.transportId, 'recv');
  assert.ok(outcome.goesOn);
  call.leave();
});

test('a transport that the server does not connect makes the call join anew', async () => {
  const { call, socket, device } = await joined();
  connect(device);
  socket.refuse('connectTransport', 'internal');
  await settle();
  assert.equal(socket.sent.filter(({ method }) => method === 'join').length, 2);
  call.leave();
});

test('a transport that is connected already goes on as it is', async () => {
  const { call, socket, device } = await joined();
  connect(device);
  socket.refuse('connectTransport', 'already_connected');
  await settle();
  assert.equal(socket.sent.filter(({ method }) => method === 'join').length, 1);
  call.leave();
});

test('a stream that ends while it is set up is not shown', async () => {
  const { call, heard, socket } = await joined();
  socket.say({ event: 'newConsumer', data: kConsumer });
  socket.say({ event: 'consumerClosed', data: { consumerId: 'c1' } });
  await settle();
  assert.ok(!heard.includes('streamAdded'));
  call.leave();
});

test('after a worker restart the call joins again at once, on the same socket', async () => {
  const { call, heard, socket, device } = await joined();
  call.publish('microphone', track('audio'), true);
  await settle();
  socket.answer('produce', { id: 'p1' });
  await settle();
  socket.say({ event: 'roomReset', data: { reason: 'x' } });
  await settle();
  assert.equal(FakeWebSocket.all.length, 1);
  assert.equal(socket.sent.filter(({ method }) => method === 'join').length, 2);
  socket.answer('join', { ...kAnswer, peerId: 'me-2' });
  await settle();

  assert.deepEqual(heard, [
    'phaseChanged joined',
    'joined',
    'cleared',
    'phaseChanged rejoining',
    'phaseChanged joined',
    'joined',
  ]);
  const produced = socket.sent.filter(({ method }) => method === 'produce');
  assert.deepEqual(
    produced.map(({ data }) => [data.source, data.paused]),
    [
      ['microphone', true],
      ['microphone', true],
    ],
  );
  assert.equal(device.transports.length, 4);
  call.leave();
});

test('after a lost socket the call comes back with the same session', async () => {
  const { call, heard, socket } = await joined();
  socket.drop();
  await settle();
  assert.ok(heard.includes('phaseChanged reconnecting'));
  call.networkReturned();
  const second = await open();
  assert.notEqual(second, socket);
  const [before, after] = [socket, second].map((one) => one.find('join')?.data.session);
  assert.equal(before, after);
  assert.match(before, /^[0-9a-f]{32}$/);
  second.answer('join', kAnswer);
  await settle();
  assert.equal(call.state, 'joined');
  call.leave();
});

test('a path that breaks makes the page ask whether the server is still there', async () => {
  const { call, socket, device } = await joined();
  assert.equal(socket.find('ping'), undefined);
  device.transports[1]?.emit('connectionstatechange', 'disconnected');
  assert.ok(socket.find('ping'));
  call.leave();
});

test('a network that comes back is used at once', async () => {
  const { call, socket, device } = await joined();
  device.transports[1]!.connectionState = 'disconnected';
  call.networkReturned();
  assert.ok(socket.find('ping'));
  const restarts = socket.sent.filter(({ method }) => method === 'restartIce');
  assert.deepEqual(
    restarts.map(({ data }) => data.transportId),
    ['recv'],
  );
  call.leave();
});

test('a full room ends the call with a reason', async () => {
  const { heard, over } = start();
  const socket = await open();
  socket.refuse('join', 'room_full', 'This room is full (2 people).');
  await over;
  assert.ok(heard.some((line) => line.startsWith('failed This room is full')));
  assert.ok(socket.closedByPage);
});

test('a server without workers is asked again, on the same socket', async () => {
  const { call } = start();
  const socket = await open();
  socket.refuse('join', 'unavailable');
  await settle();
  assert.equal(call.state, 'connecting');
  call.networkReturned();
  await settle();
  assert.equal(socket.sent.filter(({ method }) => method === 'join').length, 2);
  call.leave();
});

test('a newer server makes the page load anew', async () => {
  const { heard, over } = start();
  (await open()).refuse('join', 'capabilities_changed');
  await over;
  assert.ok(heard.includes('outdated'));
});

test('being replaced by another connection of this tab is final', async () => {
  const { heard, over, socket } = await joined();
  socket.drop(4001);
  await over;
  assert.ok(heard.some((line) => line.startsWith('failed You joined again')));
});

test('wishes made one after the other leave the last one true', async () => {
  const { call, socket, device } = await joined();
  call.publish('camera', track('video'));
  call.setPaused('camera', true);
  call.setPaused('camera', false);
  call.setPaused('camera', true);
  await settle();
  socket.answer('produce', { id: 'p1' });
  await settle();
  const producer = device.transports.flatMap(({ produced }) => produced)[0];
  assert.equal(producer.paused, true);
  call.unpublish('camera');
  await settle();
  assert.deepEqual(socket.find('closeProducer')?.data, { producerId: 'p1' });
  call.leave();
});

const kWanted = { layers: { spatialLayer: 0 }, encodings: [true, false, false] };
const activeOf = ({ rtpSender }: any) =>
  rtpSender.getParameters().encodings.map(({ active }: any) => active ?? true);

test('a camera is sent in three sizes, and stops sending what nobody watches', async () => {
  const { call, socket, device } = await joined();
  call.publish('camera', track('video'));
  await settle();
  const asked = socket.find('produce')?.data;
  assert.equal(asked.rtpParameters.encodings.length, 3);
  assert.deepEqual(asked.capture, { width: 1280, height: 720 });
  socket.answer('produce', { id: 'p1' });
  await settle();
  const producer = device.transports.flatMap(({ produced }) => produced)[0];
  assert.deepEqual(activeOf(producer), [true, true, true]);
  socket.say({ event: 'wantedLayers', data: { producerId: 'p1', ...kWanted } });
  await settle();
  assert.deepEqual(activeOf(producer), [true, false, false]);
  call.leave();
});

test('what is said of a camera before its creation is answered counts', async () => {
  const { call, socket, device } = await joined();
  call.publish('camera', track('video'));
  await settle();
  socket.say({ event: 'wantedLayers', data: { producerId: 'p1', ...kWanted } });
  socket.answer('produce', { id: 'p1' });
  await settle();
  const producer = device.transports.flatMap(({ produced }) => produced)[0];
  assert.deepEqual(activeOf(producer), [true, false, false]);
  call.leave();
});

test('a browser that refuses several sizes sends one', async () => {
  const warn = console.warn;
  console.warn = () => {};
  const { call, socket, device } = await joined();
  device.transports[0]!.mostEncodings = 1;
  call.publish('camera', track('video'));
  await settle();
  console.warn = warn;
  const { encodings } = socket.find('produce')?.data.rtpParameters;
  assert.equal(encodings.length, 1);
  assert.equal(encodings[0].scalabilityMode, undefined);
  call.leave();
});

test('a server that refuses several sizes gets one', async () => {
  const warn = console.warn;
  console.warn = () => {};
  const { call, socket } = await joined();
  call.publish('camera', track('video'));
  await settle();
  socket.refuse('produce', 'bad_request');
  await settle();
  console.warn = warn;
  assert.equal(socket.sent.filter(({ method }) => method === 'produce').length, 2);
  assert.equal(socket.find('produce')?.data.rtpParameters.encodings.length, 1);
  call.leave();
});

test('layers are chosen before packets are asked for', async () => {
  const { call, heard, socket } = await joined();
  socket.say({ event: 'newConsumer', data: kConsumer });
  await settle();
  const order = ['streamAdded', 'streamsReady'].map((name) => heard.indexOf(name));
  assert.ok(order[0]! >= 0 && order[1]! > order[0]!);
  assert.ok(socket.find('resumeConsumers'));
  call.leave();
});

test('requests that wait fail when the socket goes', async () => {
  const opening = Signalling.open('ws://x', { event() {}, closed() {} });
  FakeWebSocket.latest.open();
  const signalling = await opening;
  const asked = signalling.request('ping', {});
  FakeWebSocket.latest.drop();
  await assert.rejects(asked, { code: 'closed' });
  await assert.rejects(signalling.request('ping', {}), { code: 'closed' });
});

test('a server that cannot be reached is an error, not a hang', async () => {
  const opening = Signalling.open('ws://x', { event() {}, closed() {} });
  FakeWebSocket.latest.drop();
  await assert.rejects(opening, /cannot be reached/);
});

const kLane = { id: 'd1', peerId: 'bob', dataProducerId: 'x', streamId: 3, purpose: 'lane' };

test('the chat is opened with the join, and those of others are heard once asked for', async () => {
  const { call, heard, device } = start();
  const socket = await open();
  const chat = { ...kLane, purpose: 'chat', topic: null };
  socket.answer('join', { ...kAnswer, dataConsumers: [chat] });
  await settle();
  assert.equal(socket.find('produceData')?.data.purpose, 'chat');
  socket.answer('produceData', { id: 'mine' });
  assert.deepEqual(socket.find('resumeDataConsumers')?.data.dataConsumerIds, ['d1']);
  await settle();
  assert.ok(heard.includes('chatOpen'));
  const [consumer] = device.transports[1]!.heard;
  assert.equal(consumer.sctpStreamParameters.streamId, 3);
  consumer.emit('message', 'hello');
  assert.ok(heard.includes('chatHeard bob hello'));
  call.leave();
});

test('a lane is ready when the server knows that it is heard, and its end is told', async () => {
  const { call, heard, device } = start();
  const socket = await open();
  socket.answer('join', kAnswer);
  await settle();
  socket.say({ event: 'newDataConsumer', data: { ...kLane, topic: 'known' } });
  await settle();
  assert.equal(heard.includes('ready bob'), false);
  socket.answer('resumeDataConsumers', {});
  await settle();
  assert.ok(heard.includes('ready bob'));
  device.transports[1]!.heard[0].emit('message', 'part');
  socket.say({ event: 'dataConsumerClosed', data: { dataConsumerId: 'd1' } });
  assert.deepEqual(heard.slice(-2), ['lane part', 'lane closed']);
  call.leave();
});

test('a lane for nothing that is known is not heard', async () => {
  const { call, device } = start();
  const socket = await open();
  socket.answer('join', kAnswer);
  await settle();
  socket.say({ event: 'newDataConsumer', data: { ...kLane, topic: 'unknown' } });
  await settle();
  assert.equal(socket.find('resumeDataConsumers'), undefined);
  assert.equal(device.transports[1]!.heard.length, 0);
  call.leave();
});

const kElsewhere = {
  ...kAnswer,
  sendTransport: { id: 'send2' },
  recvTransport: { id: 'recv2' },
  consumers: [{ ...kConsumer, id: 'c2' }],
};

// A move up to where everything flows on the new worker.
async function moving() {
  const stage = await joined();
  const { call, socket } = stage;
  socket.say({ event: 'newConsumer', data: kConsumer });
  call.publish('camera', track('video'));
  await settle();
  socket.answer('produce', { id: 'old' });
  await settle();
  stage.heard.length = 0;
  socket.say({ event: 'moveRequested', data: { reason: 'x' } });
  await settle();
  socket.answer('move', kElsewhere);
  await settle();
  return stage;
}

test('a call that moves sends and receives on both workers until all flows', async () => {
  const { call, socket, device, heard } = await moving();
  const [send, recv, send2, recv2] = device.transports;
  assert.deepEqual([send2?.id, recv2?.id], ['send2', 'recv2']);
  assert.ok(heard.includes('moved') && !heard.includes('joined') && !heard.includes('cleared'));
  assert.equal(socket.find('completeMove'), undefined, 'the camera is not there yet');
  assert.deepEqual([send?.closed, recv?.closed], [false, false]);

  socket.answer('produce', { id: 'new' });
  socket.answer('resumeConsumers', {});
  await settle();
  socket.answer('produceData', { id: 'chat' });
  await settle();
  assert.ok(socket.find('completeMove'));
  assert.deepEqual([send?.closed, recv?.closed], [false, false], 'others may still watch it');

  socket.answer('completeMove', {});
  await settle();
  assert.deepEqual([send?.closed, recv?.closed], [true, true]);
  assert.deepEqual([send2?.closed, recv2?.closed], [false, false]);
  assert.ok(heard.includes('streamRemoved c1') && !heard.includes('streamRemoved c2'));
  assert.ok(!heard.some((line) => line.startsWith('phaseChanged')), heard.join());
  call.leave();
});

test('a move that fails half way ends in a new join', async () => {
  const { call, socket, device, heard } = await moving();
  socket.refuse('resumeConsumers', 'internal');
  socket.answer('produce', { id: 'new' });
  await settle();
  socket.answer('produceData', { id: 'chat' });
  await settle();
  socket.refuse('completeMove', 'internal');
  await settle();
  await settle();
  assert.ok(heard.includes('cleared') && heard.includes('phaseChanged rejoining'), heard.join());
  assert.ok(device.transports.every(({ closed }) => closed));
  assert.equal(socket.sent.filter(({ method }) => method === 'join').length, 2);
  call.leave();
});

test('a move that is refused leaves everything as it was', async () => {
  const { call, socket, device, heard } = await joined();
  socket.say({ event: 'moveRequested', data: { reason: 'x' } });
  await settle();
  socket.refuse('move', 'unavailable');
  await settle();
  assert.ok(device.transports.every(({ closed }) => !closed));
  assert.ok(!heard.includes('cleared'));
  socket.say({ event: 'moveRequested', data: { reason: 'x' } });
  await settle();
  assert.equal(
    socket.sent.filter(({ method }) => method === 'move').length,
    2,
    'it is asked again',
  );
  call.leave();
});

test('a call that is dismissed ends with the reason and does not come back', async () => {
  const { socket, heard, over, device } = await joined();
  socket.say({ event: 'dismissed', data: { why: 'removed', message: 'Please rest.' } });
  socket.drop(4003);
  await over;
  assert.ok(heard.includes('failed You were removed Please rest.'), heard.join());
  assert.ok(device.transports.every(({ closed }) => closed));
  assert.equal(FakeWebSocket.all.length, 1);
});

test('a server that takes no new rooms is told of instead of being tried for ever', async () => {
  const { heard, over } = start({ draining: true });
  await settle();
  FakeWebSocket.latest.drop();
  await over;
  assert.ok(
    heard.some((line) => line.startsWith('failed No new rooms here')),
    heard.join(),
  );
});

test('who may not write opens no chat', async () => {
  const { call } = start();
  const socket = await open();
  socket.answer('join', { ...kAnswer, grants: { ...kAnswer.grants, publishData: false } });
  await settle();
  assert.equal(socket.find('produceData'), undefined);
  call.leave();
});
