// One of everything, alive: objects of a real worker, what makes them, and samples of what they tell.
import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';

import * as sluice from '../src/index.js';
import type { Router, types, Worker } from '../src/index.js';
import { dtlsParameters, nextEvent } from './fixtures.js';
import { PacketSource, pictureParameters, soundParameters } from './packet_source.js';

type Take = (options: never) => Promise<unknown>;
type Emitter = sluice.EnhancedEventEmitter<Record<string, unknown[]>>;
type Watched = Emitter & { observer: Emitter };

const listenInfo: types.TransportListenInfo = { protocol: 'udp', ip: '127.0.0.1' };
const mediaCodecs: types.RtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
];

export class World {
  /** Some of each class; the first is the one whose properties and methods are looked at. */
  readonly #objects = new Map<string, unknown[]>();
  /** What takes options, and options that are right. */
  readonly creators = new Map<string, { take: Take; good: object }>();
  readonly samples = new Map<string, unknown>();
  readonly #told = new Map<string, unknown>();
  /** Tells what #told has just learnt. */
  readonly #news = new EventEmitter();
  #worker!: Worker;
  #router!: Router;

  first<Object>(of: string): Object {
    const object = this.#objects.get(of)?.[0];
    if (object === undefined) throw new Error(`there is no ${of}`);
    return object as Object;
  }

  /** Whether an event has come of any object of the class, or of its observer. */
  has(of: string, is: string, name: string): boolean {
    return this.#told.has(keyOf(of, is, name));
  }

  /** Notes these events from now on, of all objects of the class that are there. */
  note(of: string, is: 'event' | 'observer', name: string): void {
    for (const object of this.#objects.get(of) ?? []) {
      const emitter = is === 'event' ? (object as Emitter) : (object as Watched).observer;
      emitter.on(name, (argument) => {
        this.#told.set(keyOf(of, is, name), argument);
        this.#news.emit(keyOf(of, is, name));
      });
    }
  }

  /** Makes the objects; `watch` is told of each class as soon as it is there. */
  async build(workerBin: string, watch: (of: string) => void): Promise<void> {
    const add = (of: string, ...objects: unknown[]): void => {
      this.#objects.set(of, [...(this.#objects.get(of) ?? []), ...objects]);
      watch(of);
    };
    add('module', sluice);
    add('extras', sluice.extras);
    add('moduleEmitter', sluice.observer);
    this.#worker = await sluice.createWorker({ workerBin });
    const worker = this.#worker;
    add('worker', worker);
    this.#router = await worker.createRouter({ mediaCodecs });
    const router = this.#router;
    add('router', router);
    const listenInfos = [listenInfo];
    const servers = [0, 1].map(() => worker.createWebRtcServer({ listenInfos }));
    const [webRtcServer, other] = (await Promise.all(servers)) as [
      sluice.WebRtcServer,
      sluice.WebRtcServer,
    ];
    add('webRtcServer', webRtcServer);
    const onServer = (server: sluice.WebRtcServer): Promise<sluice.WebRtcTransport> =>
      router.createWebRtcTransport({ webRtcServer: server, enableSctp: true });
    add('webRtcTransport', await onServer(webRtcServer), await onServer(other));
    const brief = await onServer(webRtcServer);
    brief.close();
    const closing = this.first<sluice.WebRtcTransport>('webRtcTransport');
    await closing.connect({ dtlsParameters });
    other.close();
    await this.#buildLinks(add);
    await this.#buildStreams(add);
    await this.#buildMessages(add);
    const levels = { interval: 250, threshold: -60 };
    add('audioLevelObserver', await router.createAudioLevelObserver(levels));
    add('activeSpeakerObserver', await router.createActiveSpeakerObserver({ interval: 100 }));
    await worker.createRouter();
    this.#nameCreators(workerBin, webRtcServer);
  }

  // A plain transport that waits for a tool, and the tool; a pipe, and its other end.
  async #buildLinks(add: (of: string, ...objects: unknown[]) => void): Promise<void> {
    const router = this.#router;
    const sctp = { enableSctp: true, maxSendMessageSize: 1000, sctpSendBufferSize: 20_000 };
    const mux = { listenInfo, rtcpMux: false };
    const plain = await router.createPlainTransport({ ...mux, comedia: true, ...sctp });
    add('plainTransport', plain);
    const tool = await router.createPlainTransport({ ...mux, enableSctp: true });
    add('tool', tool);
    const pipe = { listenInfo, enableSrtp: true, enableSctp: true };
    const [near, far] = [
      await router.createPipeTransport(pipe),
      await router.createPipeTransport(pipe),
    ];
    add('pipeTransport', near, far);
    const ready = [plain, near].map((end) => nextEvent(end, 'sctpnegotiatedcapabilities'));
    await near.connect(endOf(far));
    await far.connect(endOf(near));
    await tool.connect({ ...endOf(plain), rtcpPort: plain.rtcpTuple?.localPort as number });
    const [[agreed]] = (await Promise.all(ready)) as [unknown[]];
    this.samples.set('sctpNegotiated', agreed);
    const socket = createSocket('udp4');
    const shown = nextEvent(plain, 'rtcptuple');
    socket.send(
      new PacketSource(() => undefined).senderReport(1),
      plain.rtcpTuple?.localPort ?? 0,
      '127.0.0.1',
    );
    await shown.finally(() => socket.close());
    this.samples.set('tuple', plain.tuple);
    this.samples.set('srtpParameters', near.srtpParameters);
    this.samples.set('sctpParameters', plain.sctpParameters);
  }

  async #buildStreams(add: (of: string, ...objects: unknown[]) => void): Promise<void> {
    const router = this.#router;
    const direct = await router.createDirectTransport();
    const listener = await router.createDirectTransport();
    add('directTransport', direct, listener);
    const picture = { kind: 'video', rtpParameters: pictureParameters } as const;
    const producer = await direct.produce({ id: 'picture', ...picture });
    const voice = { id: 'sound', kind: 'audio', rtpParameters: soundParameters } as const;
    add('producer', producer, await direct.produce(voice));
    const { rtpCapabilities } = router;
    const watching = await listener.consume({ producerId: producer.id, rtpCapabilities });
    const brief = await listener.produce({ ...picture, id: 'brief' });
    const parting = await direct.consume({ producerId: brief.id, rtpCapabilities });
    add('consumer', watching, parting);
    brief.close();
    await nextEvent(parting, 'producerclose');
    await this.#useTransports();
    const far = await this.#worker.createRouter({ mediaCodecs });
    const words = await direct.produceData();
    const carried = { router: far, keepId: false };
    this.samples.set('piped', {
      ...(await router.pipeToRouter({ producerId: 'sound', ...carried })),
      ...(await router.pipeToRouter({ dataProducerId: words.id, ...carried })),
    });
  }

  // One of everything on each transport.
  async #useTransports(): Promise<void> {
    const { rtpCapabilities } = this.#router;
    for (const of of ['webRtcTransport', 'plainTransport', 'pipeTransport', 'directTransport']) {
      const transport = this.first<sluice.WebRtcTransport>(of);
      const encodings = [{ ssrc: 3003 }];
      const rtpParameters = { ...soundParameters, mid: 'other', encodings };
      const producer = await transport.produce({ kind: 'audio', rtpParameters });
      const source = of === 'pipeTransport' ? 'sound' : producer.id;
      await transport.consume({ producerId: source, rtpCapabilities });
      const { id } = await transport.produceData();
      await transport.consumeData({ dataProducerId: id, direct: true });
    }
  }

  async #buildMessages(add: (of: string, ...objects: unknown[]) => void): Promise<void> {
    const direct = this.first<sluice.DirectTransport>('directTransport');
    const plain = this.first<sluice.PlainTransport>('plainTransport');
    const tool = this.first<sluice.PlainTransport>('tool');
    const speech = await direct.produceData({ id: 'words', label: 'l', protocol: 'p' });
    add('speech', speech);
    const dataProducerId = speech.id;
    const promise = { ordered: false, maxRetransmits: 3 };
    const toTool = await plain.consumeData({ dataProducerId, ...promise });
    const timed = await plain.consumeData({ dataProducerId, maxPacketLifeTime: 50 });
    const toPlain = await tool.consumeData({ dataProducerId, streamId: 7 });
    const { sctpStreamParameters } = toPlain as {
      sctpStreamParameters: types.SctpStreamParameters;
    };
    add('dataProducer', await plain.produceData({ sctpStreamParameters, label: 'back' }));
    const brief = await direct.produceData();
    const parting = await direct.consumeData({ dataProducerId: brief.id });
    add('dataConsumer', toTool, await direct.consumeData({ dataProducerId }), parting);
    brief.close();
    await nextEvent(parting, 'dataproducerclose');
    // A stream is limited in one way or in the other.
    const limited = { ...timed.sctpStreamParameters, ...toTool.sctpStreamParameters };
    this.samples.set('sctpStreamParameters', limited);
  }

  #nameCreators(workerBin: string, webRtcServer: sluice.WebRtcServer): void {
    const [worker, router] = [this.#worker, this.#router];
    const direct = this.first<sluice.DirectTransport>('directTransport');
    const plain = this.first<sluice.PlainTransport>('plainTransport');
    const pipe = this.first<sluice.PipeTransport>('pipeTransport');
    const webRtc = this.first<sluice.WebRtcTransport>('webRtcTransport');
    const takes: Record<string, [Take, object]> = {
      createWorker: [(options) => sluice.createWorker(options), { workerBin }],
      updateSettings: [(options) => worker.updateSettings(options), {}],
      createWebRtcServer: [
        (options) => worker.createWebRtcServer(options),
        { listenInfos: [listenInfo] },
      ],
      listenInfo: [(info) => worker.createWebRtcServer({ listenInfos: [info] }), listenInfo],
      createRouter: [(options) => worker.createRouter(options), {}],
      createWebRtcTransport: [(options) => router.createWebRtcTransport(options), { webRtcServer }],
      createPlainTransport: [(options) => router.createPlainTransport(options), { listenInfo }],
      createPipeTransport: [(options) => router.createPipeTransport(options), { listenInfo }],
      createDirectTransport: [(options) => router.createDirectTransport(options), {}],
      createActiveSpeakerObserver: [(options) => router.createActiveSpeakerObserver(options), {}],
      createAudioLevelObserver: [(options) => router.createAudioLevelObserver(options), {}],
      connectWebRtc: [(options) => webRtc.connect(options as never), {}],
      connectPlain: [(options) => plain.connect(options), {}],
      connectPipe: [(options) => pipe.connect(options), {}],
      produce: [
        (options) => direct.produce(options),
        { kind: 'audio', rtpParameters: soundParameters },
      ],
      consume: [
        (options) => direct.consume(options),
        { producerId: 'sound', rtpCapabilities: router.rtpCapabilities },
      ],
      produceData: [(options) => plain.produceData(options), {}],
      consumeData: [(options) => plain.consumeData(options), { dataProducerId: 'words' }],
    };
    for (const [of, [take, good]] of Object.entries(takes)) this.creators.set(of, { take, good });
    // Each call has a pair of routers of its own, or the pipe would be there already.
    const pipeToRouter: Take = async (options) => {
      const far = await worker.createRouter({ mediaCodecs });
      return router.pipeToRouter({ router: far, keepId: false, ...(options as object) } as never);
    };
    this.creators.set('pipeToRouter', { take: pipeToRouter, good: { producerId: 'sound' } });
  }

  /** Everything that can happen to them while they are there. */
  async live(): Promise<void> {
    const direct = this.first<sluice.DirectTransport>('directTransport');
    const [producer, voice] = this.#objects.get('producer') as [sluice.Producer, sluice.Producer];
    const consumer = this.first<sluice.Consumer>('consumer');
    await producer.enableTraceEvent(['rtp', 'sr']);
    await consumer.enableTraceEvent(['rtp']);
    producer.on('trace', (trace) => this.samples.set(`${trace.type}Trace`, trace.info));
    for (const of of ['audioLevelObserver', 'activeSpeakerObserver'])
      await this.first<sluice.AudioLevelObserver>(of).addProducer({ producerId: voice.id });
    const source = new PacketSource((packet, kind) =>
      (kind === 'audio' ? voice : producer).send(packet),
    );
    const reports = setInterval(() => direct.sendRtcp(source.senderReport(2002)), 50);
    source.begin();
    try {
      const media: [string, string][] = [
        ...([
          ['producer', 'score'],
          ['producer', 'videoorientationchange'],
        ] as const),
        ...([
          ['consumer', 'rtp'],
          ['consumer', 'score'],
          ['consumer', 'layerschange'],
        ] as const),
        ...([
          ['directTransport', 'rtcp'],
          ['audioLevelObserver', 'volumes'],
        ] as const),
        ['activeSpeakerObserver', 'dominantspeaker'],
      ] as [string, string][];
      for (const [of, name] of media) await this.#awaited(of, name);
      await this.#takeSamples();
    } finally {
      clearInterval(reports);
      source.end();
    }
    await this.#awaited('audioLevelObserver', 'silence');
    await this.#pause();
    await this.#fillBuffer();
  }

  // What does not come in time is told of by the test of all events, together with what else is missing.
  async #awaited(of: string, name: string): Promise<void> {
    if (this.has(of, 'event', name)) return;
    await nextEvent(this.#news, keyOf(of, 'event', name)).catch(() => undefined);
  }

  async #takeSamples(): Promise<void> {
    const stat = async (of: string): Promise<object> => {
      const [stats] = await this.first<{ getStats(): Promise<object[]> }>(of).getStats();
      return stats as object;
    };
    const plain = this.first<sluice.PlainTransport>('plainTransport');
    await plain.setMaxIncomingBitrate(900_000);
    await plain.setMinOutgoingBitrate(40_000);
    await plain.setMaxOutgoingBitrate(800_000);
    for (const of of ['producer', 'consumer', 'dataProducer', 'dataConsumer'])
      this.samples.set(`${of}Stat`, await stat(of));
    this.samples.set('webRtcStat', await stat('webRtcTransport'));
    this.samples.set('pipeStat', await stat('pipeTransport'));
    this.samples.set('plainStat', await stat('plainTransport'));
    // Who receives, who sends, and who is bounded, together.
    const [receiving, sending] = this.#objects.get('directTransport') as sluice.DirectTransport[];
    const { rtpPacketLossReceived } = (await receiving?.getStats())?.[0] ?? {};
    const { rtpPacketLossSent } = (await sending?.getStats())?.[0] ?? {};
    const loss = { rtpPacketLossReceived, rtpPacketLossSent };
    this.samples.set('transportStat', { ...(await stat('plainTransport')), ...loss });
    for (const of of [
      ...[
        'worker',
        'webRtcServer',
        'router',
        'producer',
        'consumer',
        'dataProducer',
        'dataConsumer',
      ],
      ...['webRtcTransport', 'plainTransport', 'pipeTransport', 'directTransport'],
    ]) {
      const object = this.first<{ dump(): Promise<types.Dump> }>(of);
      this.samples.set(`${of}Dump`, await object.dump());
    }
    this.samples.set('resourceUsage', await this.#worker.getResourceUsage());
    this.samples.set('scalabilityMode', sluice.parseScalabilityMode('L3T3'));
    const { rtpParameters, score } = this.first<sluice.Producer>('producer');
    const { codecs = [], headerExtensions = [] } = this.#router.rtpCapabilities;
    const told = (key: string): unknown => this.#told.get(key);
    const more: Record<string, unknown> = {
      ...{ codecCapability: codecs[0], headerExtension: headerExtensions[0], rtpParameters },
      rtcpParameters: rtpParameters.rtcp,
      codecParameters: this.#objects
        .get('producer')
        ?.map((producer) => (producer as sluice.Producer).rtpParameters.codecs[0])[1],
      encodingParameters: rtpParameters.encodings?.[0],
      extensionParameters: rtpParameters.headerExtensions?.[0],
      rtcpFeedback: rtpParameters.codecs[0]?.rtcpFeedback?.[0],
      producerScore: score[0],
      consumerScore: told('consumer event score'),
      orientation: told('producer event videoorientationchange'),
      layers: told('consumer event layerschange'),
      volume: (told('audioLevelObserver event volumes') as unknown[])[0],
    };
    for (const [name, sample] of Object.entries(more)) this.samples.set(name, sample);
    const { rtpPacket } = this.samples.get('rtpTrace') as types.RtpTraceInfo;
    this.samples.set('rtpTrace', rtpPacket);
  }

  async #pause(): Promise<void> {
    const paused = ['producer', 'consumer', 'dataProducer', 'speech', 'dataConsumer'];
    for (const of of [...paused, 'audioLevelObserver', 'activeSpeakerObserver']) {
      await this.first<sluice.Producer>(of).pause();
      await this.first<sluice.Producer>(of).resume();
    }
    for (const of of ['audioLevelObserver', 'activeSpeakerObserver'])
      await this.first<sluice.AudioLevelObserver>(of).removeProducer({ producerId: 'sound' });
  }

  // Until it is full, and empty again.
  async #fillBuffer(): Promise<void> {
    const consumer = this.first<sluice.DataConsumer>('dataConsumer');
    await consumer.setBufferedAmountLowThreshold(1);
    const speech = this.first<sluice.DataProducer>('speech');
    for (let at = 0; at < 500; at += 1) speech.send(Buffer.alloc(900)).catch(() => undefined);
    await this.#awaited('dataConsumer', 'sctpsendbufferfull');
    await this.#awaited('dataConsumer', 'bufferedamountlow');
  }

  /** Everything is closed, and told so; listeners that fail at it are told of as well. */
  async end(): Promise<void> {
    const last: Record<string, string[]> = {
      subprocessclose: ['worker'],
      workerclose: ['webRtcServer', 'router'],
      routerclose: [
        ...['webRtcTransport', 'plainTransport', 'pipeTransport', 'directTransport'],
        ...['audioLevelObserver', 'activeSpeakerObserver'],
      ],
      transportclose: ['producer', 'consumer', 'dataProducer', 'dataConsumer'],
    };
    for (const [event, classes] of Object.entries(last))
      for (const of of classes)
        this.first<Emitter>(of).on(event, () => {
          throw new Error('on purpose');
        });
    const gone = nextEvent(this.#worker, 'subprocessclose');
    this.#worker.close();
    await gone;
  }
}

function keyOf(of: string, is: string, name: string): string {
  return `${of} ${is} ${name}`;
}

function endOf({ tuple, srtpParameters }: sluice.PlainTransport | sluice.PipeTransport): {
  ip: string;
  port: number;
  srtpParameters?: types.SrtpParameters;
} {
  const { localAddress: ip, localPort: port } = tuple;
  return { ip, port, ...(srtpParameters ? { srtpParameters } : {}) };
}
