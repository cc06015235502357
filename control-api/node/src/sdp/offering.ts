// What the server offers the client, and what an answer makes of it.
import { getConsumerRtpParameters } from '../ortc/parameters.js';
import { inReceiverNumbers } from '../ortc/receiver_numbers.js';
import type { RtpCapabilities, RtpParameters } from '../rtp_types.js';
import { sdpCodec } from './capabilities.js';
import {
  isStopped,
  sends,
  receives,
  type SdpSection,
  type SessionDescription,
} from './description.js';
import { ofKind } from './numbers.js';
import { quoted, SdpError } from './sdp_error.js';
import type { SdpSender } from './sender.js';
import { emptied, isFreeFor, type Slot } from './slots.js';

export interface OfferRules {
  /** The router's capabilities, in the numbers of the connection. */
  capabilities: RtpCapabilities;
  maxSections: number;
  waiting: SdpSender[];
  /** A section of data channels, if there is none yet. */
  wantsData: boolean;
  reserveSsrc: () => number;
  /** Mids that nobody has had. */
  nextMid: () => string;
}

/**
 * The sections as the offer has them: who waits gets a section that is idle, the place of a stopped
 * one, or a new one. Who finds no place goes on waiting.
 */
export function planOffer(slots: readonly Slot[], rules: OfferRules): Slot[] {
  const planned = slots.map((slot) => (slot.transmission?.sender.closed ? emptied(slot) : slot));
  for (const sender of rules.waiting) {
    const at = placeFor(sender.kind, planned, rules.maxSections);
    if (at === undefined) break;
    const slot = reusable(planned[at]) ?? freshSlot(sender.kind, rules.nextMid());
    planned[at] = transmitting(slot, sender, rules);
  }
  const hasData = planned.some(({ kind, stopped }) => kind === 'application' && !stopped);
  if (rules.wantsData && !hasData) {
    const at = newPlace(planned, rules.maxSections);
    if (at !== undefined) planned[at] = freshSlot('application', rules.nextMid());
  }
  return planned;
}

/** Where a stream of a kind could go; undefined if all sections are taken. */
export function placeFor(kind: string, slots: Slot[], maxSections: number): number | undefined {
  const idle = slots.findIndex((slot) => isFreeFor(slot, kind));
  return idle >= 0 ? idle : newPlace(slots, maxSections);
}

function newPlace(slots: Slot[], maxSections: number): number | undefined {
  // RFC 8829 §5.2.2: the place of a stopped section is used anew, under another mid.
  const stopped = slots.findIndex((slot) => slot.stopped);
  if (stopped >= 0) return stopped;
  return slots.length < maxSections ? slots.length : undefined;
}

function reusable(slot: Slot | undefined): Slot | undefined {
  return slot && !slot.stopped ? slot : undefined;
}

function freshSlot(kind: string, mid: string): Slot {
  const data = kind === 'application';
  return {
    kind,
    protocol: data ? 'UDP/DTLS/SCTP' : 'UDP/TLS/RTP/SAVPF',
    formats: data ? ['webrtc-datachannel'] : [],
    mid,
    anonymous: false,
    stopped: false,
    wanted: data ? 'sendrecv' : 'recvonly',
    idle: { codecs: [], headerExtensions: [] },
    extmapAllowMixed: true,
    rtcpReducedSize: true,
  };
}

function transmitting(slot: Slot, sender: SdpSender, rules: OfferRules): Slot {
  const ssrc = rules.reserveSsrc();
  const rtpParameters = parametersFor(sender, { ssrc, mid: slot.mid }, rules.capabilities);
  const { codecs, headerExtensions = [] } = rtpParameters;
  return {
    ...slot,
    formats: codecs.map(({ payloadType }) => `${payloadType}`),
    idle: {
      codecs: codecs.map(sdpCodec),
      headerExtensions: headerExtensions.map(({ id, uri }) => ({ id, uri })),
    },
    transmission: { sender, ssrc, rtpParameters, consumer: undefined },
  };
}

// What the consumer will be, if the client takes all that the router can send.
function parametersFor(
  { kind, source, options }: SdpSender,
  names: { ssrc: number; mid: string },
  capabilities: RtpCapabilities,
): RtpParameters {
  const receiver = ofKind(capabilities, kind);
  const enableRtx = options.enableRtx ?? kind === 'video';
  const parameters = getConsumerRtpParameters(source.consumableRtpParameters, receiver, {
    ...names,
    enableRtx,
  });
  return inReceiverNumbers(parameters, receiver).rtpParameters;
}

/** Throws an SdpError for an answer that does not fit the offer. */
export function requireFit({ sections }: SessionDescription, offered: readonly Slot[]): void {
  if (sections.length !== offered.length)
    throw new SdpError(`it has ${sections.length} sections, the offer has ${offered.length}`);
  for (const [index, slot] of offered.entries()) {
    const section = sections[index] as SdpSection;
    if (section.kind !== slot.kind)
      throw new SdpError(`${quoted(section.kind)} answers ${slot.kind}`, { section: index });
    if (isStopped(section)) continue;
    if (slot.stopped) throw new SdpError('it takes what was refused', { section: index });
    if (!slot.anonymous && section.mid !== slot.mid)
      throw new SdpError(`mid ${quoted(section.mid ?? '')} answers ${slot.mid}`, {
        section: index,
      });
  }
}

/** What an answer says to a section that was offered. */
export function verdictOn(section: SdpSection): 'stopped' | 'sends' | 'takes' | 'neither' {
  if (isStopped(section)) return 'stopped';
  if (sends(section.direction)) return 'sends';
  return receives(section.direction) ? 'takes' : 'neither';
}
