// One RTCPeerConnection of a client, served by one WebRtcTransport: offers and answers in both
// directions (JSEP, RFC 8829), without any library at the client.
//
// When both sides offer at once the server gives way: its offer is withdrawn, and made again after
// the client's has been answered. The client drops an offer that comes while its own is pending.
import type { Consumer } from '../consumer.js';
import type { DataConsumer } from '../data_consumer.js';
import { EnhancedEventEmitter } from '../event_emitter.js';
import { InvalidStateError, NotFoundError, ResourceExhaustedError } from '../errors.js';
import { Logger } from '../logger.js';
import { asAppData, asDictionary, asList, asName } from '../ortc/fields.js';
import type { Producer } from '../producer.js';
import type { Router } from '../router.js';
import type { AppData } from '../types.js';
import type { DataConsumerOptions } from '../transport_data.js';
import type { WebRtcTransport } from '../webrtc_transport.js';
import { planAnswer, type SdpAnswerOptions } from './answering.js';
import { parseCandidate } from './candidate.js';
import { ChannelKeeper } from './channels.js';
import {
  readLimits,
  type SdpCandidateMessage,
  type SdpConnectionEvents,
  type SdpConnectionLimits,
  type SdpConnectionOptions,
  type SdpMessage,
  type SdpServeOptions,
  type SdpSignalingState,
} from './connection_types.js';
import type { SessionDescription } from './description.js';
import { parseSdpFragment, type SdpFragment } from './fragment.js';
import { Negotiation } from './negotiation.js';
import { planOffer, requireFit } from './offering.js';
import { parseSdp } from './parser.js';
import { SdpError } from './sdp_error.js';
import { SdpSender, type SdpSendOptions, type SdpSource } from './sender.js';
import { directionOf, isFreeFor, statusOf, type SdpSectionStatus, type Slot } from './slots.js';

const logger = new Logger('SdpConnection');
/** Calls under way at one time; what a client sends faster than it is answered is refused. */
const maxWaiting = 32;

export class SdpConnection<
  Data extends AppData = AppData,
> extends EnhancedEventEmitter<SdpConnectionEvents> {
  readonly transport: WebRtcTransport;
  readonly router: Router;
  appData: Data;
  readonly #limits: Required<SdpConnectionLimits>;
  readonly #negotiation: Negotiation;
  readonly #channels: ChannelKeeper;
  readonly #senders = new Set<SdpSender>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #pending: Slot[] | undefined;
  #restartWanted = false;
  #restarting = false;
  #dataWanted = false;
  #announced = false;
  #checking = false;
  #candidates = 0;
  #closed = false;

  private constructor(router: Router, transport: WebRtcTransport, options: SdpServeOptions<Data>) {
    super();
    this.router = router;
    this.transport = transport;
    this.appData = asAppData(options.appData);
    this.#limits = readLimits(options.limits);
    const { make = {} } = options;
    this.#negotiation = new Negotiation(transport, {
      router: () => router.rtpCapabilities,
      prefer: asList(options.preferCodecs, 'preferCodecs', 64, asName),
      produce: make.produce ?? ((what) => transport.produce(what) as Promise<Producer>),
      consume: make.consume ?? ((what) => transport.consume(what)),
      events: {
        producer: (producer, slot) => this.#producerCame(producer, slot),
        consumer: (consumer, sender) => this.#consumerCame(consumer, sender),
      },
    });
    this.#channels = new ChannelKeeper(transport, {
      most: this.#limits.dataChannels,
      produce: make.produceData ?? ((channel) => transport.produceData(channel)),
      consume: make.consumeData ?? ((what) => transport.consumeData(what)),
      came: (producer) => void this.safeEmit('dataproducer', producer),
      gone: (producer) => void this.safeEmit('dataproducerclose', producer),
    });
    transport.observer.once('close', () => this.#end());
  }

  /** With a transport of its own. Rejects as Router.createWebRtcTransport() does. */
  static async create<Data extends AppData = AppData>(
    router: Router,
    options: SdpConnectionOptions<Data>,
  ): Promise<SdpConnection<Data>> {
    asDictionary(options, 'options');
    asDictionary(options.transport, 'options.transport');
    readLimits(options.limits);
    const transport = await router.createWebRtcTransport(options.transport);
    try {
      return SdpConnection.serve(router, transport as unknown as WebRtcTransport, options);
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  /** On a transport of this router that is new, and that nobody else connects. */
  static serve<Data extends AppData = AppData>(
    router: Router,
    transport: WebRtcTransport,
    options: SdpServeOptions<Data> = {},
  ): SdpConnection<Data> {
    return new SdpConnection<Data>(router, transport, asDictionary(options, 'options'));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get signalingState(): SdpSignalingState {
    if (this.#closed) return 'closed';
    return this.#pending ? 'have-local-offer' : 'stable';
  }

  /** As they were agreed on last. */
  get sections(): SdpSectionStatus[] {
    return this.#negotiation.slots.map(statusOf);
  }

  get senders(): SdpSender[] {
    return [...this.#senders];
  }

  /** Data channels of the client that were beyond the limit. */
  get refusedDataChannels(): number {
    return this.#channels.refused;
  }

  /** Also closes the transport, and all on it. */
  close(): void {
    this.transport.close();
  }

  /**
   * Answers an offer of the client: makes producers of what it sends, closes those of what it no
   * longer sends, sends who waits where the client has made room. An offer of the server that is
   * pending is withdrawn. Rejects with an SdpError, and everything stays as it was, if the offer
   * makes no sense; what merely cannot be granted is refused in the answer, and `sections` tells why.
   * An offer that was parsed already is taken as it is.
   */
  answer(offer: string | SessionDescription, options: SdpAnswerOptions = {}): Promise<string> {
    return this.#exclusively(async () => {
      const parsed = typeof offer === 'string' ? parseSdp(offer) : asParsed(offer);
      const negotiation = this.#negotiation;
      const remote = negotiation.checkRemote(parsed, 'offer');
      const plan = planAnswer(parsed, negotiation.slots, {
        router: this.router.rtpCapabilities,
        prefer: negotiation.prefer,
        hasSctp: this.transport.sctpParameters !== undefined,
        maxSections: this.#limits.sections,
        accept: options.accept ?? (() => true),
        waiting: this.#waitingSenders(),
      });
      if (this.#withdraw()) this.safeEmit('signalingstatechange', this.signalingState);
      if (remote && (await negotiation.meet(remote))) this.#candidates = 0;
      negotiation.numbers.learn(parsed.sections);
      await negotiation.apply(plan);
      this.#restartWanted &&= !negotiation.restarted;
      this.#settled();
      return negotiation.write(negotiation.slots, negotiation.ownSetup(remote?.setup));
    });
  }

  /**
   * Offers what the client is to receive. An offer that is pending is withdrawn, and everything is
   * in the new one.
   */
  offer(): Promise<string> {
    return this.#exclusively(async () => {
      this.#withdraw();
      const negotiation = this.#negotiation;
      const restarts = this.#restartWanted;
      if (restarts) await negotiation.renewIce();
      const slots = planOffer(negotiation.slots, {
        capabilities: negotiation.numbers.capabilities(this.router.rtpCapabilities),
        maxSections: this.#limits.sections,
        waiting: this.#waitingSenders(),
        wantsData: this.#dataWanted,
        reserveSsrc: () => this.transport.reserveSsrc(),
        nextMid: () => negotiation.nextMid(),
      });
      for (const { transmission, mid } of slots) transmission?.sender.offeredAs(mid);
      this.#pending = slots;
      this.#restarting = restarts;
      this.#announced = false;
      this.safeEmit('signalingstatechange', this.signalingState);
      return negotiation.write(slots, 'actpass', restarts);
    });
  }

  /**
   * Takes the client's answer to the last offer(). Rejects with an SdpError, and the offer stays
   * pending, if the answer makes no sense or does not fit; with an InvalidStateError without an offer.
   */
  acceptAnswer(answer: string): Promise<void> {
    return this.#exclusively(async () => {
      const pending = this.#pending;
      if (!pending) throw new InvalidStateError('no offer is pending');
      const parsed = parseSdp(answer);
      requireFit(parsed, pending);
      const remote = this.#negotiation.checkRemote(parsed, 'answer');
      if (remote && (await this.#negotiation.meet(remote))) this.#candidates = 0;
      this.#negotiation.numbers.learn(parsed.sections);
      this.#pending = undefined;
      if (this.#restarting) {
        this.#negotiation.settleIce();
        this.#restartWanted = false;
      }
      await this.#negotiation.applyAnswer(parsed, pending);
      this.#settled();
      this.safeEmit('signalingstatechange', this.signalingState);
    });
  }

  /** Withdraws the offer that is pending, if one is. */
  rollback(): Promise<void> {
    return this.#exclusively(async () => {
      if (!this.#withdraw()) return;
      this.#settled();
      this.safeEmit('signalingstatechange', this.signalingState);
    });
  }

  /**
   * What came from the client as JSON: an offer, whose answer is returned, an answer, or a
   * candidate.
   */
  async handle(
    message: SdpMessage | SdpCandidateMessage,
    options: SdpAnswerOptions = {},
  ): Promise<SdpMessage | undefined> {
    const fields = asDictionary(message, 'message') as Partial<SdpMessage & SdpCandidateMessage>;
    if (fields.type === 'offer')
      return { type: 'answer', sdp: await this.answer(asText(fields.sdp), options) };
    if (fields.type === 'answer') await this.acceptAnswer(asText(fields.sdp));
    else if (fields.type === undefined) this.addRemoteCandidate(message as SdpCandidateMessage);
    else throw new SdpError('type is neither offer nor answer');
    return undefined;
  }

  /**
   * Looks at a candidate of the client. An ICE-lite server needs none, as it is the client who tries
   * the paths; throws an SdpError for what is none, or too many.
   */
  addRemoteCandidate(candidate: SdpCandidateMessage | string | null): void {
    this.#requireOpen();
    const { candidate: text, sdpMid } =
      typeof candidate === 'object' && candidate !== null
        ? candidate
        : { candidate: candidate ?? '', sdpMid: undefined };
    // The end of them (RFC 8838 §14).
    if (text === '') return;
    this.#countCandidates(1);
    const parsed = parseCandidate(text);
    const slots = this.#pending ?? this.#negotiation.slots;
    // One that overtakes the offer it belongs to is none the worse.
    const settled = this.#waiting === 0 && slots.length > 0;
    if (settled && typeof sdpMid === 'string' && !slots.some(({ mid }) => mid === sdpMid))
      throw new SdpError(
        `candidate of a section ${JSON.stringify(sdpMid.slice(0, 16))} that is not`,
      );
    this.safeEmit('candidate', parsed);
  }

  /**
   * Takes a fragment of the client (RFC 8840 §9), as WHIP and WHEP send it: looks at its candidates
   * as addRemoteCandidate() does, and begins ICE anew if it has other credentials than before.
   * Returns the server's fragment then, and undefined otherwise. Rejects with an SdpError for what is
   * none, with an InvalidStateError before the first description of the client.
   */
  takeFragment(fragment: string | SdpFragment): Promise<string | undefined> {
    return this.#exclusively(async () => {
      const parsed = typeof fragment === 'string' ? parseSdpFragment(fragment) : asParsed(fragment);
      const candidates = parsed.sections.flatMap((section) => section.candidates);
      // Before anything changes: a restart begins to count anew.
      if (candidates.length > this.#limits.candidates)
        throw new SdpError(`more than ${this.#limits.candidates} candidates`);
      const restarts = await this.#negotiation.takeIce(parsed.ice);
      if (restarts) [this.#candidates, this.#restartWanted] = [0, false];
      this.#countCandidates(candidates.length);
      for (const candidate of candidates) this.safeEmit('candidate', candidate);
      return restarts ? this.#negotiation.writeFragment() : undefined;
    });
  }

  /**
   * Sends a stream to the client: a producer of the router, by its id, or any other one that
   * `consume` can fetch. It goes into the next answer, if the client has made room for it, or the
   * next offer. Throws a NotFoundError for a producer that is not, a ResourceExhaustedError if all
   * sections are taken.
   */
  send(what: string | SdpSource, options: SdpSendOptions = {}): SdpSender {
    this.#requireOpen();
    const source = typeof what === 'string' ? this.router.pipeInternals().findProducer(what) : what;
    if (!source || source.closed)
      throw new NotFoundError('producerId: the router has no such producer');
    this.#requirePlace(source.kind);
    const sender = new SdpSender(source as SdpSource, options);
    this.#senders.add(sender);
    const over = (): void => sender.producerClosed();
    source.observer.once('close', over);
    sender.once('close', () => {
      source.observer.off('close', over);
      this.#senders.delete(sender);
      this.#check();
    });
    this.#check();
    return sender;
  }

  /** The client is told by the next offer; its packets end at once. */
  stopSending(sender: SdpSender): void {
    if (!this.#senders.has(sender)) throw new NotFoundError('sender: not of this connection');
    sender.end('stopped');
  }

  /**
   * What a data producer says, as a data channel of the client: one of `streamId` that the client has
   * opened, or a new one. Asks for a section of data channels if there is none, and waits for it.
   */
  async sendData(options: DataConsumerOptions): Promise<DataConsumer> {
    this.#requireOpen();
    const hasData = this.#negotiation.slots.some(
      ({ kind, stopped }) => kind === 'application' && !stopped,
    );
    if (!hasData) {
      this.#dataWanted = true;
      this.#check();
    }
    return this.#channels.consume(options);
  }

  /** New ICE credentials of the server, with the next offer. */
  restartIce(): void {
    this.#requireOpen();
    this.#restartWanted = true;
    this.#check();
  }

  #producerCame(producer: Producer, slot: Slot): void {
    const status = statusOf(slot);
    producer.observer.once('close', () => {
      this.safeEmit('producerclose', producer, status);
      this.#check();
    });
    this.safeEmit('producer', producer, status);
  }

  #consumerCame(consumer: Consumer, sender: SdpSender): void {
    consumer.observer.once('close', () => {
      sender.end('the consumer is closed');
      this.safeEmit('consumerclose', consumer, sender);
    });
    this.safeEmit('consumer', consumer, sender);
  }

  #countCandidates(more: number): void {
    if (this.#candidates + more > this.#limits.candidates)
      throw new SdpError(`more than ${this.#limits.candidates} candidates`);
    this.#candidates += more;
  }

  #requirePlace(kind: string): void {
    const slots = this.#pending ?? this.#negotiation.slots;
    const taken = slots.filter((slot) => !slot.stopped && !isFreeFor(slot, kind));
    const waiting = [...this.#senders].filter(({ state }) => state === 'waiting');
    if (taken.length + waiting.length >= this.#limits.sections)
      throw new ResourceExhaustedError(`all ${this.#limits.sections} sections are taken`);
    // RFC 8843 §7.1: sections are bundled by their mids.
    if (slots.some(({ anonymous }) => anonymous) && !slots.some((slot) => isFreeFor(slot, kind)))
      throw new InvalidStateError('the client offered a section without a mid, which stays alone');
  }

  #waitingSenders(): SdpSender[] {
    const offered = this.#pending ? ['waiting', 'offered'] : ['waiting'];
    return [...this.#senders].filter(({ state }) => offered.includes(state));
  }

  // Whose offer is withdrawn waits again.
  #withdraw(): boolean {
    const pending = this.#pending;
    this.#pending = undefined;
    for (const slot of pending ?? []) this.#negotiation.withdraw(slot);
    return pending !== undefined;
  }

  #settled(): void {
    this.#announced = false;
    if (this.#negotiation.slots.some(({ kind, stopped }) => kind === 'application' && !stopped))
      this.#dataWanted = false;
    this.#check();
  }

  // Whatever happens in one turn is told once; and not before the answer that is on its way to the
  // client has been handed over, as an offer that came first would be taken for one that gives way.
  #check(): void {
    if (this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      if (this.#announced || this.#waiting > 0 || this.signalingState !== 'stable') return;
      if (!this.#isDue()) return;
      this.#announced = true;
      this.safeEmit('negotiationneeded');
    });
  }

  #isDue(): boolean {
    const { slots, written } = this.#negotiation;
    if (this.#restartWanted || this.#dataWanted) return true;
    if ([...this.#senders].some(({ state }) => state === 'waiting')) return true;
    return slots.some((slot, index) => !slot.stopped && directionOf(slot) !== written[index]);
  }

  // One after another: each looks at what the one before has left.
  #exclusively<Result>(perform: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= maxWaiting)
      return Promise.reject(new ResourceExhaustedError(`${maxWaiting} calls are under way`));
    this.#waiting += 1;
    const call = this.#last.then(async () => {
      try {
        this.#requireOpen();
        return await perform();
      } finally {
        this.#waiting -= 1;
        this.#check();
      }
    });
    this.#last = call.catch((error: Error) => logger.debug(`refused: ${error.message}`));
    return call;
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the connection is closed');
  }

  #end(): void {
    this.#closed = true;
    this.#pending = undefined;
    for (const sender of [...this.#senders]) sender.end('the connection is closed');
    this.#channels.close();
    this.safeEmit('signalingstatechange', 'closed');
    this.safeEmit('close');
  }
}

// What comes as JSON was not parsed by this library, whatever it looks like.
function asText(value: unknown): string {
  if (typeof value !== 'string') throw new SdpError('it is not a string');
  return value;
}

function asParsed<Parsed extends { sections: unknown[] }>(value: Parsed): Parsed {
  if (!Array.isArray((value as Parsed | null | undefined)?.sections))
    throw new SdpError('it is neither a string nor a description');
  return value;
}
