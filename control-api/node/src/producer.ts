// A stream that a peer sends to a router.
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, UnsupportedError } from './errors.js';
import {
  GetStatsT,
  PacketT,
  PauseT,
  ProducerScoreT,
  RequestBody,
  ResumeT,
  SendRtpT,
  StreamStatsListT,
  TraceT,
  VideoOrientationChangeT,
  WantedLayersT,
  type NotificationT,
} from './generated/schema.js';
import { decodeLayers, highestLayers, type ConsumerLayers } from './layers.js';
import { Logger } from './logger.js';
import type { ValidParameters } from './ortc/validation.js';
import type { MediaKind, RtpParameters } from './rtp_types.js';
import { decodeStreamStats, type RtpStreamStat } from './stats.js';
import {
  decodeTrace,
  encodeTraceTypes,
  producerTraceTypes,
  type ProducerTraceEventData,
  type ProducerTraceEventType,
} from './trace.js';
import type { AppData } from './types.js';
import { expectAnswer, type Channel, type RequestBodyT } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';

const logger = new Logger('Producer');

/** What the worker takes in one request. */
const maxPackets = 64;
const maxPacketSize = 1500;

export type ProducerType = 'simple' | 'simulcast' | 'svc';

/** 0 (nothing arrives) to 10 (nothing is lost), for each encoding. */
export interface ProducerScore {
  encodingIdx: number;
  ssrc: number;
  rid?: string;
  score: number;
}

/** How the picture has to be turned, as the client says (3GPP TS 26.114 §7.4.5). */
export interface ProducerVideoOrientation {
  /** The camera faces away from the user. */
  camera: boolean;
  /** Mirrored horizontally. */
  flip: boolean;
  /** Degrees clockwise that put the picture upright: 0, 90, 180 or 270. */
  rotation: number;
}

type ChangeEvents = {
  score: [ProducerScore[]];
  /**
   * Our addition: the highest layers that anybody watches (undefined: nobody watches), and for each
   * of rtpParameters.encodings whether somebody wants it. The client may stop sending the rest.
   */
  wantedlayers: [ConsumerLayers | undefined, boolean[]];
  videoorientationchange: [ProducerVideoOrientation];
  trace: [ProducerTraceEventData];
};

export type ProducerEvents = ChangeEvents & {
  transportclose: [];
  listenererror: [string, Error];
};

export type ProducerObserverEvents = ChangeEvents & {
  close: [];
  pause: [];
  resume: [];
};

export interface ProducerInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  consumable: ValidParameters;
  type: ProducerType;
  paused: boolean;
  appData: Data;
  /** On a direct transport: packets come from the application. */
  isDirect: boolean;
  /** Called when the producer is closed, by whomever. */
  onClose: () => void;
}

export class Producer<Data extends AppData = AppData> extends EnhancedEventEmitter<ProducerEvents> {
  readonly observer = new EnhancedEventEmitter<ProducerObserverEvents>();
  readonly #internal: ProducerInternal<Data>;
  #closed = false;
  #paused: boolean;
  #score: ProducerScore[] = [];
  readonly #outgoing: PacketT[] = [];
  // Until the worker tells who watches, nobody should stop sending anything.
  #wantedLayers: ConsumerLayers | undefined;
  #wantedEncodings: boolean[];

  /** @internal Use WebRtcTransport.produce(). */
  constructor(internal: ProducerInternal<Data>) {
    super();
    this.#internal = internal;
    this.#paused = internal.paused;
    const { encodings = [] } = internal.rtpParameters;
    this.#wantedLayers = highestLayers(encodings);
    this.#wantedEncodings = encodings.map(() => true);
    internal.channel.listen(internal.id, (notification) => this.#handle(notification));
  }

  get id(): string {
    return this.#internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get kind(): MediaKind {
    return this.#internal.kind;
  }

  get rtpParameters(): RtpParameters {
    return this.#internal.rtpParameters;
  }

  get type(): ProducerType {
    return this.#internal.type;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get score(): ProducerScore[] {
    return this.#score;
  }

  /**
   * Our addition: the highest layers that anybody watches; undefined if nobody watches. All that
   * the producer declares until the first 'wantedlayers'.
   */
  get wantedLayers(): ConsumerLayers | undefined {
    return this.#wantedLayers;
  }

  /**
   * Our addition: for each of rtpParameters.encodings, whether somebody wants it. All true until
   * the first 'wantedlayers'.
   */
  get wantedEncodings(): boolean[] {
    return this.#wantedEncodings;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** @internal What consumers of this producer may get. */
  get consumableRtpParameters(): ValidParameters {
    return this.#internal.consumable;
  }

  /** Also closes its consumers, on whatever transport. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#internal.channel.close(this.id);
    this.observer.safeEmit('close');
  }

  /** @internal The transport is gone, and the producer in the worker with it. */
  transportClosed(): void {
    if (this.#closed) return;
    this.#end();
    this.safeEmit('transportclose');
    this.observer.safeEmit('close');
  }

  async dump(): Promise<Dump> {
    this.#requireOpen();
    const { kind, type, rtpParameters } = this;
    return askDump(this.#internal.channel, this.id, () => ({ kind, type, rtpParameters }));
  }

  async getStats(): Promise<RtpStreamStat[]> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer) =>
        expectAnswer(answer, StreamStatsListT).streams.map((stream) =>
          decodeStreamStats(stream, 'inbound-rtp'),
        ),
    });
  }

  async pause(): Promise<void> {
    await this.#command(RequestBody.Pause, new PauseT(), () => this.#setPaused(true));
  }

  async resume(): Promise<void> {
    await this.#command(RequestBody.Resume, new ResumeT(), () => this.#setPaused(false));
  }

  /**
   * Of these types, and no others, 'trace' events come from now on; none if empty. Rejects with a
   * TypeError for a type that producers do not have.
   */
  async enableTraceEvent(types: ProducerTraceEventType[] = []): Promise<void> {
    const body = encodeTraceTypes(types, producerTraceTypes);
    await this.#command(RequestBody.EnableTraceEvents, body, () => undefined);
  }

  /**
   * A packet of RTP, as if it came from a peer; of direct transports only, else an
   * UnsupportedError. What is sent in one go leaves in one request; what the worker refuses, and
   * what there is no room for, is logged and lost.
   */
  send(rtpPacket: Uint8Array): void {
    this.#requireOpen();
    if (!this.#internal.isDirect)
      throw new UnsupportedError('send() is for producers of direct transports');
    if (!(rtpPacket instanceof Uint8Array)) throw new TypeError('rtpPacket is not a Buffer');
    if (rtpPacket.length > maxPacketSize)
      throw new TypeError(`rtpPacket has more than ${maxPacketSize} bytes`);
    this.#outgoing.push(new PacketT([...rtpPacket]));
    if (this.#outgoing.length === 1) queueMicrotask(() => this.#sendWaiting());
    else if (this.#outgoing.length === maxPackets) this.#sendWaiting();
  }

  #sendWaiting(): void {
    const packets = this.#outgoing.splice(0);
    if (packets.length === 0 || this.#closed) return;
    const apply = (): void => undefined;
    this.#command(RequestBody.SendRtp, new SendRtpT(packets), apply).catch((error: Error) =>
      logger.warn(`producer ${this.id}: send: ${error.message}`),
    );
  }

  #command(method: RequestBody, body: RequestBodyT, apply: () => void): Promise<void> {
    this.#requireOpen();
    return this.#internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the producer is closed');
  }

  #end(): void {
    this.#closed = true;
    this.#internal.channel.unlisten(this.id);
    this.#internal.onClose();
  }

  #setPaused(paused: boolean): void {
    if (this.#closed || this.#paused === paused) return;
    this.#paused = paused;
    this.observer.safeEmit(paused ? 'pause' : 'resume');
  }

  #handle({ body, bodyType }: NotificationT): void {
    if (body instanceof ProducerScoreT) {
      this.#score = this.#decodeScores(body);
      this.#tell('score', this.#score);
    } else if (body instanceof WantedLayersT) {
      this.#wantedLayers = decodeLayers(body.layers);
      this.#wantedEncodings = [...body.encodings];
      this.#tell('wantedlayers', this.#wantedLayers, this.#wantedEncodings);
    } else if (body instanceof VideoOrientationChangeT) {
      const { camera, flip, rotation } = body;
      this.#tell('videoorientationchange', { camera, flip, rotation });
    } else if (body instanceof TraceT) {
      const trace = decodeTrace(body, producerTraceTypes);
      if (trace) this.#tell('trace', trace as ProducerTraceEventData);
    } else {
      logger.debug(`producer ${this.id}: news ${bodyType} is not known here`);
    }
  }

  #tell<Name extends keyof ChangeEvents>(name: Name, ...args: ChangeEvents[Name]): void {
    (this as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
    (this.observer as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
  }

  #decodeScores({ scores }: ProducerScoreT): ProducerScore[] {
    const encodings = this.rtpParameters.encodings ?? [];
    return scores.map(({ ssrc, rid, score }, position) => {
      const name = rid ? String(rid) : undefined;
      const found = encodings.findIndex((encoding) =>
        name === undefined ? encoding.ssrc === ssrc : encoding.rid === name,
      );
      const encodingIdx = found < 0 ? position : found;
      return { encodingIdx, ssrc, ...(name === undefined ? {} : { rid: name }), score };
    });
  }
}
