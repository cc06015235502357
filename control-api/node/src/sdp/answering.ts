// What an offer of the client asks for, and what of it is granted: a plan, made without changing
// anything, so that an offer that makes no sense leaves everything as it was.
import { canConsume } from '../ortc/parameters.js';
import { validateRtpParameters } from '../ortc/validation.js';
import type { RtpCapabilities } from '../rtp_types.js';
import {
  acceptCodecs,
  capabilitiesOf,
  mediaKind,
  whyNoCodec,
  type AcceptedCodecs,
} from './capabilities.js';
import {
  isStopped,
  receives,
  sdpBounds,
  sends,
  type SdpDirection,
  type SdpSection,
  type SessionDescription,
} from './description.js';
import { remoteTransport, whyNot } from './remote.js';
import { quoted, SdpError } from './sdp_error.js';
import type { SdpSender } from './sender.js';
import { senderParameters, type SenderParameters } from './sender_parameters.js';
import { emptied, isFreeFor, refusedSlot, slotOf, type Slot } from './slots.js';

/** What the application may refuse: a section in which the client wants to send. */
export interface SdpIncoming {
  mid: string;
  kind: 'audio' | 'video';
  /** The stream and track that it belongs to, as the client calls them. */
  msid: string | undefined;
  /** How many sizes of it there are. */
  encodings: number;
  codec: string;
}

export interface SdpAnswerOptions {
  /** False leaves the section inactive; everything is accepted if missing. */
  accept?: (incoming: SdpIncoming) => boolean;
}

/** What an answer would say to a section of an offer. */
export interface SdpVerdict {
  mid: string;
  kind: string;
  /** As the client wants it. */
  direction: SdpDirection;
  /** Not in use, by the client's own word. */
  stopped: boolean;
  /** Why it cannot be granted; undefined if it can, or is not in use. */
  reason?: string;
}

export interface ExamineOptions {
  /** The transport is to have data channels; false if missing. */
  enableSctp?: boolean;
}

export interface AnswerRules {
  router: RtpCapabilities;
  prefer: string[];
  hasSctp: boolean;
  maxSections: number;
  accept: (incoming: SdpIncoming) => boolean;
  /** Who waits to be sent, in turn. */
  waiting: SdpSender[];
}

export interface PlannedSlot {
  slot: Slot;
  /** To be produced. */
  incoming?: { parameters: SenderParameters; accepted: AcceptedCodecs };
  /** To be consumed, by a receiver of these capabilities. */
  outgoing?: { sender: SdpSender; capabilities: Required<RtpCapabilities> };
  /** The client takes, or does not take, what it gets. */
  held?: boolean;
}

/** Throws an SdpError for an offer that cannot follow what was agreed on. */
export function planAnswer(
  offer: SessionDescription,
  slots: readonly Slot[],
  rules: AnswerRules,
): PlannedSlot[] {
  requireOrder(offer, slots, rules.maxSections);
  const waiting = [...rules.waiting];
  const plan = offer.sections.map((section, index) => {
    const before = slots[index];
    const mid = section.mid ?? `${index}`;
    const known = before && !before.stopped && before.mid === mid ? before : undefined;
    const context = { index, offer, rules, known };
    const planned = planSection(section, context);
    return attach(planned, section, waiting);
  });
  requireOneOfEach(plan);
  requireOneMeaning(plan);
  return plan;
}

/**
 * What SdpConnection.answer() would say to a first offer, section by section, found out without a
 * connection: for whoever grants all of an offer or nothing. Throws an SdpError for an offer that
 * it would reject as a whole, unless that is because nothing of it is in use.
 */
export function examineOffer(
  offer: SessionDescription,
  router: RtpCapabilities,
  { enableSctp = false }: ExamineOptions = {},
): SdpVerdict[] {
  const plan = planAnswer(offer, [], {
    router,
    prefer: [],
    hasSctp: enableSctp,
    maxSections: sdpBounds.sections,
    accept: () => true,
    waiting: [],
  });
  remoteTransport(offer);
  return plan.map(({ slot: { mid, kind, reason } }, index) => {
    const section = offer.sections[index] as SdpSection;
    const stopped = isStopped(section);
    const why = stopped || reason === undefined ? {} : { reason };
    return { mid, kind, direction: section.direction, stopped, ...why };
  });
}

// JSEP (RFC 8829 §5.2.2): sections stay where they are, and their mids stay theirs, until they are
// stopped.
function requireOrder(
  { sections }: SessionDescription,
  slots: readonly Slot[],
  maxSections: number,
): void {
  if (sections.length === 0) throw new SdpError('it has no sections');
  if (sections.length > maxSections) throw new SdpError(`it has more than ${maxSections} sections`);
  if (sections.length < slots.length)
    throw new SdpError(`it has ${sections.length} sections where there were ${slots.length}`);
  for (const [index, slot] of slots.entries()) {
    const section = sections[index] as SdpSection;
    if (slot.stopped) continue;
    const mid = section.mid ?? `${index}`;
    if (mid !== slot.mid && !isStopped(section))
      throw new SdpError(`mid ${quoted(mid)} stands where ${slot.mid} was`, { section: index });
    if (section.kind !== slot.kind)
      throw new SdpError(`${quoted(section.kind)} stands where ${slot.kind} was`, {
        section: index,
      });
  }
  if (
    sections.length > 1 &&
    sections.some((section) => section.mid === undefined && !isStopped(section))
  )
    throw new SdpError('of several sections each needs a mid');
}

interface Context {
  index: number;
  offer: SessionDescription;
  rules: AnswerRules;
  /** What the section was so far. */
  known: Slot | undefined;
}

function planSection(section: SdpSection, { index, offer, rules, known }: Context): PlannedSlot {
  const { router, prefer } = rules;
  const accepted = acceptCodecs(section, router, prefer);
  const fresh = slotOf(section, { index, router, accepted });
  if (isStopped(section)) return { slot: refusedSlot(fresh, known ? undefined : 'stopped') };
  const reason = whyNot(section, offer, rules);
  if (reason !== undefined) return { slot: refusedSlot(fresh, reason) };
  const kind = mediaKind(section);
  if (!kind) return { slot: fresh };
  requirePayloadTypes(section, index);
  if (!accepted) return { slot: refusedSlot(fresh, whyNoCodec(section, router)) };
  if (!sends(section.direction)) {
    const { transmission } = known ?? {};
    if (!transmission || transmission.sender.closed) return { slot: fresh };
    return { slot: { ...fresh, transmission }, held: !receives(section.direction) };
  }
  const parameters = senderParameters(section, accepted, { mid: fresh.mid, index });
  requireProducible(parameters, index);
  const same = known?.reception;
  if (same && isSame(same.parameters, parameters))
    return { slot: { ...fresh, reception: { ...same, accepted } } };
  const granted = rules.accept({
    mid: fresh.mid,
    kind,
    msid: parameters.rtpParameters.msid,
    encodings: parameters.rtpParameters.encodings?.length ?? 1,
    codec: accepted.codecs[0]?.mimeType ?? '',
  });
  if (granted) return { slot: fresh, incoming: { parameters, accepted } };
  return { slot: { ...fresh, reception: { parameters, accepted, producer: undefined } } };
}

// Who waits is sent where the client has made room for it.
function attach(planned: PlannedSlot, section: SdpSection, waiting: SdpSender[]): PlannedSlot {
  if (planned.incoming || !isFreeFor(planned.slot, section.kind)) return planned;
  const capabilities = capabilitiesOf(section);
  const at = waiting.findIndex(
    ({ kind, source, closed }) =>
      kind === section.kind && !closed && canConsume(source.consumableRtpParameters, capabilities),
  );
  const [sender] = at < 0 ? [] : waiting.splice(at, 1);
  return sender ? { slot: emptied(planned.slot), outgoing: { sender, capabilities } } : planned;
}

// RFC 8841 §10: one association. RFC 8843 §9.1: what is told apart by SSRC has one of its own.
function requireOneOfEach(plan: PlannedSlot[]): void {
  const data = plan.filter(({ slot }) => slot.kind === 'application' && !slot.stopped);
  if (data.length > 1) throw new SdpError('it has more than one section of data channels');
  const seen = new Map<number, number>();
  for (const [index, { slot, incoming }] of plan.entries()) {
    const parameters = incoming?.parameters ?? slot.reception?.parameters;
    for (const { ssrc, rtx } of parameters?.rtpParameters.encodings ?? []) {
      for (const each of [ssrc, rtx?.ssrc]) {
        if (each === undefined) continue;
        const other = seen.get(each);
        if (other !== undefined)
          throw new SdpError(`ssrc ${each} is that of section ${other} as well`, {
            section: index,
          });
        seen.set(each, index);
      }
    }
  }
}

// RFC 5761 §4: of what shares a port with RTCP these cannot be told from it.
function requirePayloadTypes({ codecs }: SdpSection, index: number): void {
  const unclear = codecs.find(({ payloadType }) => payloadType >= 64 && payloadType <= 95);
  if (!unclear) return;
  const { payloadType } = unclear;
  throw new SdpError(`payload type ${payloadType} cannot be told from RTCP`, { section: index });
}

// What would be refused when it is produced is found out before anything of what was has ended.
function requireProducible({ rtpParameters }: SenderParameters, index: number): void {
  try {
    validateRtpParameters(rtpParameters);
  } catch (error) {
    throw new SdpError((error as Error).message, { section: index });
  }
}

// RFC 8285 §7, RFC 8843 §9.2: in a bundle a header extension has one id, and an id one meaning.
function requireOneMeaning(plan: PlannedSlot[]): void {
  const uris = new Map<number, string>();
  const ids = new Map<string, number>();
  for (const [index, { slot, incoming }] of plan.entries()) {
    const parameters = incoming?.parameters ?? slot.reception?.parameters;
    for (const { id, uri } of parameters?.rtpParameters.headerExtensions ?? []) {
      if ((uris.get(id) ?? uri) !== uri || (ids.get(uri) ?? id) !== id)
        throw new SdpError(`extmap ${id} contradicts that of another section`, { section: index });
      uris.set(id, uri);
      ids.set(uri, id);
    }
  }
}

// Nothing that the router was told of has changed.
function isSame(a: SenderParameters, b: SenderParameters): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
