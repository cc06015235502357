// What two sides have agreed on, and the steps from one agreement to the next.
import { randomInt } from 'node:crypto';

import type { Consumer } from '../consumer.js';
import type { IceParameters } from '../ice_dtls.js';
import { Logger } from '../logger.js';
import { InvalidStateError } from '../errors.js';
import type { Producer } from '../producer.js';
import type { RtpCapabilities } from '../rtp_types.js';
import type { ConsumeOptions, ProduceOptions } from '../transport_types.js';
import type { WebRtcTransport } from '../webrtc_transport.js';
import type { PlannedSlot } from './answering.js';
import { sdpCandidate } from './candidate.js';
import { capabilitiesOf } from './capabilities.js';
import type {
  SdpDirection,
  SdpGroup,
  SdpIceParameters,
  SdpSection,
  SdpSetup,
  SessionDescription,
} from './description.js';
import { writeSdpFragment } from './fragment.js';
import { Numbers } from './numbers.js';
import { verdictOn } from './offering.js';
import { isSameFingerprint, isSameIce, remoteTransport, type RemoteTransport } from './remote.js';
import { SdpError } from './sdp_error.js';
import type { SdpSender } from './sender.js';
import {
  describeCandidates,
  describeSlot,
  directionOf,
  emptied,
  refusedSlot,
  type Reception,
  type Slot,
} from './slots.js';
import { stringifySdp } from './writer.js';

const logger = new Logger('SdpNegotiation');

export interface NegotiationMeans {
  router: () => RtpCapabilities;
  prefer: string[];
  produce: (options: ProduceOptions, mid: string) => Promise<Producer>;
  consume: (options: ConsumeOptions) => Promise<Consumer>;
  events: {
    producer: (producer: Producer, slot: Slot) => void;
    consumer: (consumer: Consumer, sender: SdpSender) => void;
  };
}

export class Negotiation {
  readonly numbers = new Numbers();
  readonly #transport: WebRtcTransport;
  readonly #means: NegotiationMeans;
  // RFC 8829 §5.2.1: 63 random bits would do; what JavaScript counts exactly is enough.
  readonly #sessionId = `${randomInt(2 ** 47)}`;
  #version = 0;
  #mids = 0;
  #slots: readonly Slot[] = [];
  #written: SdpDirection[] = [];
  #remote: RemoteTransport | undefined;
  #connected = false;
  #restarted = false;
  #ice: IceParameters;
  #nextIce: IceParameters | undefined;
  /** Ours, once there is DTLS. */
  #setup: 'active' | 'passive' | undefined;

  constructor(transport: WebRtcTransport, means: NegotiationMeans) {
    this.#transport = transport;
    this.#means = means;
    this.#ice = transport.iceParameters;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The directions that the client has been told last. */
  get written(): readonly SdpDirection[] {
    return this.#written;
  }

  get prefer(): string[] {
    return this.#means.prefer;
  }

  /** The last description of the client brought other ICE credentials. */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** RFC 8829 §5.2.1: names that no client takes by itself. */
  nextMid(): string {
    this.#mids += 1;
    return `s${this.#mids}`;
  }

  /** Throws an SdpError if the description cannot be of the transport that there is. */
  checkRemote(
    description: SessionDescription,
    type: 'offer' | 'answer',
  ): RemoteTransport | undefined {
    const remote = remoteTransport(description);
    if (!remote) {
      if (this.#remote || type === 'answer') return undefined;
      throw new SdpError('it has no section that is in use');
    }
    if (type === 'answer' && remote.setup === 'actpass')
      throw new SdpError('setup:actpass is no answer');
    // RFC 8842 §5.5: either would be a new association.
    if (this.#remote && !isSameFingerprint(this.#remote.fingerprints, remote.fingerprints))
      throw new SdpError('fingerprint has changed, which takes a new connection');
    if (this.#setup !== undefined && remote.setup === this.#setup)
      throw new SdpError(`setup:${remote.setup} would turn round who began DTLS`);
    return remote;
  }

  /** True if the client begins ICE anew, the first time included. */
  async meet(remote: RemoteTransport): Promise<boolean> {
    const before = this.#remote;
    if (!this.#connected) {
      // Of the client: who is asked to choose has it begin.
      const role = remote.setup === 'passive' ? 'server' : 'client';
      const { fingerprints } = remote;
      await this.#transport.connect({ dtlsParameters: { role, fingerprints } });
      this.#connected = true;
      this.#setup = role === 'server' ? 'active' : 'passive';
    }
    this.#restarted = before !== undefined && !isSameIce(before.ice, remote.ice);
    this.#remote = remote;
    return before === undefined || this.#restarted;
  }

  /** New credentials, which hold once the client knows them; until then the old ones do. */
  async renewIce(): Promise<void> {
    this.#nextIce ??= await this.#transport.restartIce();
  }

  /** The client has learnt of them. */
  settleIce(): void {
    this.#ice = this.#nextIce ?? this.#ice;
    this.#nextIce = undefined;
  }

  /**
   * What a fragment says of the client's ICE. Other credentials than the current ones begin ICE anew
   * without a description (RFC 9725 §4.3.3); true then.
   */
  async takeIce(ice: SdpIceParameters | undefined): Promise<boolean> {
    if (!this.#remote) throw new InvalidStateError('the client has described nothing yet');
    if (!ice || isSameIce(this.#remote.ice, ice)) return false;
    await this.renewIce();
    this.settleIce();
    this.#remote = { ...this.#remote, ice };
    return true;
  }

  /** The server's fragment: its credentials, and all candidates in the section that stands for all. */
  writeFragment(): string {
    const { usernameFragment, password } = this.#ice;
    const first = this.#slots.find(({ stopped }) => !stopped);
    const candidates = this.#transport.iceCandidates.map(sdpCandidate);
    const mid = first === undefined || first.anonymous ? {} : { mid: first.mid };
    return writeSdpFragment({
      ice: { usernameFragment, password },
      iceLite: true,
      endOfCandidates: true,
      sections: first ? [{ kind: first.kind, ...mid, candidates, endOfCandidates: true }] : [],
    });
  }

  /** What to answer to an offer. */
  ownSetup(theirs: SdpSetup | undefined): SdpSetup {
    return this.#setup ?? (theirs === 'passive' ? 'active' : 'passive');
  }

  /** Carries out what was planned of an offer. Rejects, and closes what it has made, if it fails. */
  async apply(plan: PlannedSlot[]): Promise<void> {
    // RFC 8839 §4.4.3.1: who is asked to begin anew answers with new credentials of its own.
    if (this.#restarted) {
      await this.renewIce();
      this.settleIce();
    }
    const replaced = this.#closeReplaced(plan);
    const made = await Promise.allSettled(
      plan.map(async (planned, index) => {
        try {
          return await this.#make(planned);
        } catch (error) {
          throw asSdpError(error, index);
        }
      }),
    );
    const failed = made.find((result) => result.status === 'rejected');
    if (failed) {
      for (const result of made) {
        if (result.status !== 'fulfilled') continue;
        result.value.fresh?.close();
      }
      // The client goes back to what was before. What had to go is made again when it is offered again.
      this.#slots = this.#slots.map((slot) =>
        replaced.has(slot) ? emptied(slot) : withoutClosed(slot),
      );
      throw (failed as PromiseRejectedResult).reason;
    }
    const settled = made.map((result) => (result as PromiseFulfilledResult<Made>).value);
    this.#slots = settled.map(({ slot }) => slot);
    for (const { slot, producer, consumer } of settled) {
      if (producer) this.#means.events.producer(producer, slot);
      if (consumer && slot.transmission) this.#announce(consumer, slot.transmission.sender, slot);
    }
  }

  /** Carries out what the client has made of an offer. What fails ends by itself. */
  async applyAnswer({ sections }: SessionDescription, offered: Slot[]): Promise<void> {
    await Promise.resolve();
    const made = await Promise.all(
      offered.map((slot, index) =>
        this.#settle(slot, sections[index] as SdpSection, this.#written[index] ?? 'inactive'),
      ),
    );
    this.#slots = made.map(({ slot }) => slot);
    // The client knows what it refused; what ended meanwhile, or failed here, it has to be told.
    this.#written = this.#written.map((direction, index) =>
      verdictOn(sections[index] as SdpSection) === 'neither' ? 'inactive' : direction,
    );
    for (const { slot, consumer } of made) {
      if (consumer && slot.transmission) this.#announce(consumer, slot.transmission.sender, slot);
    }
  }

  /** Lets go of what was offered and not agreed on. */
  withdraw({ transmission }: Slot): void {
    if (!transmission || transmission.consumer) return;
    this.#transport.releaseSsrc(transmission.ssrc);
    transmission.sender.waits();
  }

  /** The text of a description of the server; with the new ICE credentials if it `restarts`. */
  write(slots: readonly Slot[], setup: SdpSetup, restarts = false): string {
    this.#version += 1;
    const ice = (restarts ? this.#nextIce : undefined) ?? this.#ice;
    const local = { transport: this.#transport, setup, ice };
    const sections = slots.map((slot) => describeSlot(slot, local));
    // RFC 8843 §7.1.3: the first one that is in use speaks for the bundle.
    const first = sections.find(({ port }) => port !== 0);
    if (first) describeCandidates(first, this.#transport.iceCandidates.map(sdpCandidate));
    this.#written = slots.map(directionOf);
    const bundled = sections.flatMap(({ mid, port }) =>
      mid === undefined || port === 0 ? [] : [mid],
    );
    return stringifySdp({
      origin: {
        username: '-',
        sessionId: this.#sessionId,
        sessionVersion: `${this.#version}`,
        address: '127.0.0.1',
      },
      name: '-',
      iceLite: true,
      iceOptions: [],
      groups: this.#groups(bundled),
      sections,
    });
  }

  // RFC 8843 §7.3: whoever did not ask for a bundle is not told of one, be it of a single section.
  #groups(mids: string[]): SdpGroup[] {
    const wanted = mids.length > 1 || (this.#remote?.bundled ?? true);
    return wanted && mids.length > 0 ? [{ semantics: 'BUNDLE', mids }] : [];
  }

  // What is replaced has to go first: two producers cannot share a MID. Returns where one has gone.
  #closeReplaced(plan: PlannedSlot[]): Set<Slot> {
    const replaced = new Set<Slot>();
    for (const [index, slot] of this.#slots.entries()) {
      const next = plan[index]?.slot;
      const producer = slot.reception?.producer;
      if (producer && next?.reception?.producer !== producer) {
        if (!producer.closed) replaced.add(slot);
        producer.close();
      }
      const sender = slot.transmission?.sender;
      if (sender && next?.transmission?.sender !== sender) sender.end('the client has stopped it');
    }
    return replaced;
  }

  async #make({ slot, incoming, outgoing, held }: PlannedSlot): Promise<Made> {
    if (incoming) {
      const { parameters, accepted } = incoming;
      const { kind, rtpParameters } = parameters;
      const producer = await this.#means.produce({ kind, rtpParameters }, slot.mid);
      const reception = { parameters, accepted, producer };
      return { slot: { ...slot, reception }, producer, fresh: producer };
    }
    if (outgoing) {
      const { sender, capabilities } = outgoing;
      const consumer = await this.#consume(sender, capabilities, { mid: slot.mid });
      const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc as number;
      const { rtpParameters } = consumer;
      const transmission = { sender, ssrc, rtpParameters, consumer };
      return { slot: { ...slot, transmission }, consumer, fresh: consumer };
    }
    const consumer = slot.transmission?.consumer;
    if (consumer && !consumer.closed) await this.#hold(slot, consumer, held ?? false);
    return { slot };
  }

  // A client that does not take it for now need not be sent anything.
  async #hold({ transmission }: Slot, consumer: Consumer, held: boolean): Promise<void> {
    if (held) await consumer.pause();
    else if (consumer.paused && !(transmission?.sender.options.paused ?? false))
      await consumer.resume();
  }

  async #settle(slot: Slot, section: SdpSection, offered: SdpDirection): Promise<Made> {
    const verdict = verdictOn(section);
    const { transmission, reception } = slot;
    if (slot.stopped) return { slot };
    if (verdict === 'stopped') {
      reception?.producer?.close();
      this.#refuse(slot, 'the client has stopped it');
      return { slot: refusedSlot(slot) };
    }
    // To what was offered as inactive there is no other answer, whatever the client would like.
    const wanted = offered === 'inactive' ? slot.wanted : section.direction;
    const seen: Slot = { ...slot, wanted };
    if (reception && verdict !== 'sends') return { slot: unheard(seen, reception) };
    if (!transmission || transmission.consumer || transmission.sender.closed)
      return { slot: withoutClosed(seen) };
    if (verdict !== 'takes') {
      this.#refuse(slot, 'the client does not take it');
      return { slot: emptied(seen) };
    }
    try {
      const { sender, ssrc } = transmission;
      const options = { mid: slot.mid, ssrc };
      const consumer = await this.#consume(sender, capabilitiesOf(section), options);
      const { rtpParameters } = consumer;
      return {
        slot: { ...seen, transmission: { sender, ssrc, rtpParameters, consumer } },
        consumer,
      };
    } catch (error) {
      logger.warn(`section ${slot.mid}: ${(error as Error).message}`);
      transmission.sender.end((error as Error).message);
      return { slot: emptied(seen) };
    }
  }

  #refuse({ transmission }: Slot, reason: string): void {
    if (!transmission) return;
    if (!transmission.consumer) this.#transport.releaseSsrc(transmission.ssrc);
    transmission.sender.end(reason);
  }

  #consume(
    sender: SdpSender,
    rtpCapabilities: RtpCapabilities,
    names: { mid: string; ssrc?: number },
  ): Promise<Consumer> {
    const { paused, enableRtx, preferredLayers, priority, ignoreDtx, appData } = sender.options;
    return this.#means.consume({
      producerId: sender.producerId,
      rtpCapabilities,
      numbering: 'receiver',
      ...names,
      ...{ paused, enableRtx, preferredLayers, priority, ignoreDtx, appData },
    });
  }

  #announce(consumer: Consumer, sender: SdpSender, { mid }: Slot): void {
    if (sender.closed) {
      consumer.close();
      return;
    }
    sender.sends(consumer, mid);
    this.#means.events.consumer(consumer, sender);
  }
}

interface Made {
  slot: Slot;
  producer?: Producer;
  consumer?: Consumer;
  /** What was made for it, and goes if something else fails. */
  fresh?: { close(): void };
}

// What is wrong with the dictionaries that a section became, as the worker found out, is wrong with
// the section. Errors of the application are its own, also those of the same class.
function asSdpError(error: unknown, section: number): unknown {
  if (!(error instanceof TypeError) || error instanceof SdpError) return error;
  if (!/^rtp_?(parameters|capabilities)\b/i.test(error.message)) return error;
  return new SdpError(error.message, { section });
}

function withoutClosed(slot: Slot): Slot {
  return slot.transmission?.sender.closed ? emptied(slot) : slot;
}

// What the application has closed is remembered, so that the client's next offer of the same is not
// taken for something new; what the client has stopped is not.
function unheard(slot: Slot, reception: Reception): Slot {
  const { producer } = reception;
  if (!producer || producer.closed)
    return { ...slot, reception: { ...reception, producer: undefined } };
  producer.close();
  return emptied(slot);
}
