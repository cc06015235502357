// An engine without media: the same objects, the same cascades, and faults on demand.

import { EventEmitter } from 'node:events';

import { ortc } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import type {
  ConsumeOptions,
  DataConsumeOptions,
  EngineConsumer,
  EngineDataConsumer,
  EngineDataProducer,
  EngineLayers,
  EngineLevelObserver,
  EngineProducer,
  EngineRouter,
  EngineRouterStats,
  EngineSpeakerObserver,
  EngineStreamStats,
  EngineTraffic,
  EngineTransport,
  EngineTransportStats,
  EngineWebRtcServer,
  EngineWorker,
  EngineWorkerStats,
  ProduceOptions,
} from '../server/engine';
import { FakeDataConsumer, FakeDataProducer, freshId, freshNumber, Watched } from './fake_data';
import { FakeNumbers, routerStats } from './fake_stats';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

export class FakeProducer extends Watched implements EngineProducer {
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: types.RtpParameters;
  readonly consumers = new Set<FakeConsumer>();
  paused: boolean;
  closed = false;
  wantedLayers: EngineLayers | undefined;
  wantedEncodings: boolean[];
  stats: EngineStreamStats[] = [];

  constructor(
    readonly router: FakeRouter,
    options: ProduceOptions,
    readonly id = freshId('producer'),
  ) {
    super();
    const watched = !router.worker.nobodyWatches;
    this.wantedEncodings = (options.rtpParameters.encodings ?? []).map(() => watched);
    this.kind = options.kind;
    this.rtpParameters = options.rtpParameters;
    this.paused = options.paused;
    router.producers.set(this.id, this);
  }

  // What a connection that negotiates looks at; the router of this engine has no numbers of its own.
  get consumableRtpParameters(): types.RtpParameters {
    return this.rtpParameters;
  }

  async getStats(): Promise<EngineStreamStats[]> {
    if (this.closed) throw new Error('the producer is closed');
    return this.stats;
  }

  async pause(): Promise<void> {
    this.paused = true;
    for (const consumer of this.consumers) consumer.emit('producerpause');
  }

  async resume(): Promise<void> {
    this.paused = false;
    for (const consumer of this.consumers) consumer.emit('producerresume');
  }

  // As if the engine had found out who watches what.
  want(layers: EngineLayers | undefined, encodings: boolean[]): void {
    this.wantedLayers = layers;
    this.wantedEncodings = encodings;
    this.emit('wantedlayers', layers, encodings);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.router.producers.delete(this.id);
    for (const consumer of this.consumers) {
      consumer.closed = true;
      consumer.emit('producerclose');
      consumer.observer.emit('close');
    }
    this.consumers.clear();
    this.observer.emit('close');
  }
}

export class FakeConsumer extends Watched implements EngineConsumer {
  readonly id = freshId('consumer');
  readonly producerId: string;
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: types.RtpParameters;
  readonly producerPaused: boolean;
  closed = false;
  paused: boolean;
  keyFramesAsked = 0;
  layersReason: string | undefined;
  // Every command that came through, as "setPriority 7".
  readonly commands: string[] = [];

  constructor(
    private readonly producer: FakeProducer,
    options: ConsumeOptions,
  ) {
    super();
    this.producerId = producer.id;
    this.kind = producer.kind;
    this.rtpParameters = producer.rtpParameters;
    this.producerPaused = producer.paused;
    this.paused = options.paused ?? false;
    producer.consumers.add(this);
  }

  async pause(): Promise<void> {
    this.paused = true;
    this.commands.push('pause');
  }

  async resume(): Promise<void> {
    this.paused = false;
    this.commands.push('resume');
  }

  async setPreferredLayers({ spatialLayer, temporalLayer }: EngineLayers): Promise<void> {
    if (this.producer.router.worker.knowsNoLayers) throw new Error('the method is not known');
    this.commands.push(`setPreferredLayers ${spatialLayer}.${temporalLayer}`);
  }

  async setPriority(priority: number): Promise<void> {
    this.commands.push(`setPriority ${priority}`);
  }

  // As if the engine had decided so.
  change(layers: EngineLayers | undefined, reason: string): void {
    this.layersReason = reason;
    this.emit('layerschange', layers);
  }

  async requestKeyFrame(): Promise<void> {
    this.keyFramesAsked += 1;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.producer.consumers.delete(this);
    this.observer.emit('close');
  }
}

export class FakeTransport extends Watched implements EngineTransport {
  readonly id = freshId('transport');
  readonly iceParameters = {
    usernameFragment: 'fragment',
    password: 'a-password-as-long-as-rfc-8445-asks',
    iceLite: true,
  };
  readonly iceCandidates: types.IceCandidate[] = [];
  readonly dtlsParameters: types.DtlsParameters = {
    role: 'auto',
    fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('0A').join(':') }],
  };
  readonly producers = new Set<FakeProducer>();
  readonly consumers = new Set<FakeConsumer>();
  readonly dataProducers = new Set<FakeDataProducer>();
  readonly dataConsumers = new Set<FakeDataConsumer>();
  readonly sctpParameters = {
    port: 5000,
    OS: 1024,
    MIS: 1024,
    maxMessageSize: 65_536,
    maxSendMessageSize: 65_536,
    maxReceiveMessageSize: 65_536,
  };
  closed = false;
  connected = false;
  // What a test lets connect() and restartIce() fail with.
  failure: Error | null = null;
  stats: EngineTransportStats = { recvBitrate: 0, sendBitrate: 0 };

  constructor(private readonly router: FakeRouter) {
    super();
  }

  async connect(): Promise<void> {
    if (this.failure) throw this.failure;
    if (this.connected) throw new Error('connect() was called already');
    this.connected = true;
  }

  async restartIce(): Promise<types.IceParameters> {
    if (this.failure) throw this.failure;
    return { ...this.iceParameters, usernameFragment: 'frag-2' };
  }

  async getStats(): Promise<EngineTransportStats[]> {
    return [this.stats];
  }

  async produce(options: ProduceOptions): Promise<EngineProducer> {
    this.router.check();
    if (options.rtpParameters.codecs.some(({ mimeType }) => mimeType === 'video/none')) {
      throw new Error('unsupported codec video/none');
    }
    return this.add(new FakeProducer(this.router, options));
  }

  async produceData(): Promise<EngineDataProducer> {
    this.router.check();
    return this.addData(new FakeDataProducer(this.router));
  }

  async consumeData(options: DataConsumeOptions): Promise<EngineDataConsumer> {
    this.router.check();
    const producer = this.router.dataProducers.get(options.dataProducerId);
    if (!producer) throw new Error('no such data producer');
    const consumer = new FakeDataConsumer(producer, options);
    this.dataConsumers.add(consumer);
    this.observer.emit('newdataconsumer', consumer);
    return consumer;
  }

  async consume(options: ConsumeOptions): Promise<EngineConsumer> {
    this.router.check();
    const producer = this.router.producers.get(options.producerId);
    if (!producer) throw new Error('no such producer');
    const consumer = new FakeConsumer(producer, options);
    this.consumers.add(consumer);
    this.observer.emit('newconsumer', consumer);
    return consumer;
  }

  addData(producer: FakeDataProducer): FakeDataProducer {
    this.dataProducers.add(producer);
    this.observer.emit('newdataproducer', producer);
    return producer;
  }

  add(producer: FakeProducer): FakeProducer {
    this.producers.add(producer);
    this.observer.emit('newproducer', producer);
    return producer;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.router.transports.delete(this);
    for (const producer of this.producers) producer.close();
    for (const consumer of this.consumers) consumer.close();
    for (const producer of this.dataProducers) producer.close();
    for (const consumer of this.dataConsumers) consumer.close();
  }
}

export class FakeObserver extends EventEmitter {
  readonly producers: string[] = [];

  constructor(private readonly router: FakeRouter) {
    super();
  }

  async addProducer({ producerId }: { producerId: string }): Promise<void> {
    if (!this.router.producers.has(producerId)) throw new Error('no such producer');
    this.producers.push(producerId);
  }
}

export class FakeRouter extends Watched implements EngineRouter {
  readonly id = freshId('router');
  readonly rtpCapabilities: types.RtpCapabilities;
  readonly producers = new Map<string, FakeProducer>();
  readonly dataProducers = new Map<string, FakeDataProducer>();
  readonly transports = new Set<FakeTransport>();
  readonly speakerObserver = new FakeObserver(this);
  readonly levelObserver = new FakeObserver(this);
  closed = false;

  traffic: Partial<EngineTraffic> = {};
  // Statistics wait for it.
  gate: Promise<unknown> | undefined;

  // Between this router and others, one for each producer that was carried.
  pipes = 0;

  constructor(
    readonly worker: FakeWorker,
    mediaCodecs: types.RtpCodecCapability[],
  ) {
    super();
    this.rtpCapabilities = ortc.generateRouterRtpCapabilities(mediaCodecs) as types.RtpCapabilities;
  }

  async getStats(): Promise<EngineRouterStats> {
    await this.gate;
    return routerStats(this.id, this.traffic);
  }

  async createWebRtcTransport(): Promise<EngineTransport> {
    await this.worker.gate;
    return this.openTransport();
  }

  async pipeToRouter(options: {
    producerId?: string;
    dataProducerId?: string;
    router: FakeRouter;
  }): Promise<object> {
    const { producerId, dataProducerId, router } = options;
    await settled();
    return dataProducerId === undefined
      ? this.carry(String(producerId), router)
      : this.carryData(dataProducerId, router);
  }

  private async carryData(dataProducerId: string, router: FakeRouter): Promise<object> {
    const [near, far] = [this.openTransport(), router.openTransport()];
    if (!this.dataProducers.has(dataProducerId)) throw new Error('no such data producer');
    this.pipes += 1;
    const consume = { dataProducerId, streamId: 0, paused: false };
    const pipeDataConsumer = (await near.consumeData(consume)) as FakeDataConsumer;
    const pipeDataProducer = far.addData(new FakeDataProducer(router, dataProducerId));
    pipeDataConsumer.observer.once('close', () => pipeDataProducer.close());
    pipeDataProducer.observer.once('close', () => pipeDataConsumer.close());
    return { pipeDataConsumer, pipeDataProducer };
  }

  private async carry(producerId: string, router: FakeRouter): Promise<object> {
    const [near, far] = [this.openTransport(), router.openTransport()];
    const producer = this.producers.get(producerId);
    if (!producer) throw new Error('no such producer');
    this.pipes += 1;
    const consume = { producerId, rtpCapabilities: {}, paused: false };
    const pipeConsumer = (await near.consume(consume)) as FakeConsumer;
    const { kind, rtpParameters, paused } = producer;
    const copy = new FakeProducer(router, { kind, rtpParameters, paused }, producerId);
    const pipeProducer = far.add(copy);
    pipeConsumer.observer.once('close', () => pipeProducer.close());
    pipeProducer.observer.once('close', () => pipeConsumer.close());
    pipeConsumer.on('producerpause', () => void pipeProducer.pause());
    pipeConsumer.on('producerresume', () => void pipeProducer.resume());
    return { pipeConsumer, pipeProducer };
  }

  openTransport(): FakeTransport {
    this.check();
    const transport = new FakeTransport(this);
    this.transports.add(transport);
    this.observer.emit('newtransport', transport);
    return transport;
  }

  async createPlainTransport(): Promise<FakeTransport> {
    return (await this.createWebRtcTransport()) as FakeTransport;
  }

  canConsume(options: { producerId: string; rtpCapabilities: types.RtpCapabilities }): boolean {
    const producer = this.producers.get(options.producerId);
    const codecs = options.rtpCapabilities.codecs ?? [];
    return Boolean(producer && codecs.some(({ kind }) => kind === producer.kind));
  }

  async createActiveSpeakerObserver(): Promise<EngineSpeakerObserver> {
    if (this.worker.knowsNoObservers) throw new Error('the method is not known');
    return this.speakerObserver;
  }

  async createAudioLevelObserver(): Promise<EngineLevelObserver> {
    if (this.worker.knowsNoObservers) throw new Error('the method is not known');
    return this.levelObserver;
  }

  check(): void {
    if (this.closed || this.worker.closed) throw new Error('the channel is closed');
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.worker.routers.delete(this);
    for (const transport of [...this.transports]) transport.close();
    this.observer.emit('close');
  }
}

export class FakeWorker extends EventEmitter implements EngineWorker {
  readonly pid = freshNumber();
  readonly routers = new Set<FakeRouter>();
  closed = false;
  cpuMs = 0;
  readonly numbers = new FakeNumbers();
  // As an engine that is older than this server.
  knowsNoLayers = false;
  knowsNoObservers = false;
  // Of producers that are made from now on.
  nobodyWatches = false;
  // What transports wait for before they are made; a test may hold it up.
  gate: Promise<void> = Promise.resolve();

  async createWebRtcServer(): Promise<EngineWebRtcServer> {
    return { id: freshId('server') };
  }

  async createRouter(options?: { mediaCodecs: types.RtpCodecCapability[] }): Promise<EngineRouter> {
    if (this.closed) throw new Error('the channel is closed');
    const router = new FakeRouter(this, options?.mediaCodecs ?? []);
    this.routers.add(router);
    return router;
  }

  getStats(): Promise<EngineWorkerStats> {
    return this.numbers.ask({ userTimeUs: this.cpuMs * 1000 });
  }

  // As if the process had received SIGKILL.
  die(): void {
    this.closed = true;
    for (const router of [...this.routers]) router.close();
    this.emit('died', new Error('killed by SIGKILL'));
  }

  close(): void {
    this.closed = true;
  }
}

// Makes workers and remembers them.
export class FakeEngine {
  readonly workers: FakeWorker[] = [];
  // How many of the next starts fail.
  failures = 0;
  // What workers wait for before they start; a test may hold it up.
  gate: Promise<void> = Promise.resolve();

  readonly createWorker = async (): Promise<EngineWorker> => {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the worker did not start');
    }
    await this.gate;
    const worker = new FakeWorker();
    this.workers.push(worker);
    return worker;
  };
}
