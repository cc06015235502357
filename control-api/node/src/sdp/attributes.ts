// What each attribute of a description means. Attributes that are not here are passed over, as
// RFC 8866 §5.13 asks.
import { readCandidate } from './candidate.js';
import {
  sdpBounds,
  type SdpCodec,
  type SdpFingerprint,
  type SdpSection,
  type SdpSimulcastStream,
  type SdpSource,
} from './description.js';
import { asIceChars, asInteger, asOneOf, asToken, cut, Fault, words } from './fields.js';
import { quoted } from './sdp_error.js';

type Reader = (section: SdpSection, value: string) => void;

const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
const setups = ['actpass', 'active', 'passive', 'holdconn'] as const;
const maxUint32 = 0xffffffff;
/** Of a codec; H264 has five. */
const maxParameters = 32;
/** RFC 8851 §10: letters and digits; what is in the field has - and _ as well. */
const ridPattern = /^[A-Za-z0-9_-]{1,16}$/;
const fingerprintPattern = /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$/;

/** Of sections; those for all sections may stand at session level as well. */
const readers: Record<string, Reader> = {
  mid: (section, value) => {
    section.mid = asToken(value, 'mid', 16);
  },
  setup: (section, value) => {
    section.setup = asOneOf(value, 'setup', setups);
  },
  fingerprint: (section, value) => {
    push(section.fingerprints, readFingerprint(value), 8);
  },
  'ice-ufrag': (section, value) => {
    const usernameFragment = asIceChars(value, 'ice-ufrag', 4, 256);
    section.ice = { password: '', ...section.ice, usernameFragment };
  },
  'ice-pwd': (section, value) => {
    const password = asIceChars(value, 'ice-pwd', 22, 256);
    section.ice = { usernameFragment: '', ...section.ice, password };
  },
  'ice-options': (section, value) => {
    section.iceOptions = words(value).slice(0, 16);
  },
  candidate: (section, value) => {
    push(section.candidates, readCandidate(value));
  },
  'end-of-candidates': (section) => {
    section.endOfCandidates = true;
  },
  'bundle-only': (section) => {
    section.bundleOnly = true;
  },
  'rtcp-mux': (section) => {
    section.rtcpMux = true;
  },
  'rtcp-mux-only': (section) => {
    section.rtcpMuxOnly = true;
  },
  'rtcp-rsize': (section) => {
    section.rtcpReducedSize = true;
  },
  'extmap-allow-mixed': (section) => {
    section.extmapAllowMixed = true;
  },
  rtpmap: readRtpmap,
  fmtp: readFmtp,
  'rtcp-fb': readFeedback,
  extmap: readExtmap,
  msid: (section, value) => {
    const [stream, track] = words(value);
    if (stream === undefined) throw new Fault('msid is empty');
    push(section.msids, track === undefined ? { stream } : { stream, track }, 64);
  },
  ssrc: readSource,
  'ssrc-group': (section, value) => {
    const [semantics, ...ssrcs] = words(value);
    const numbers = ssrcs.slice(0, 64).map((text) => asInteger(text, 'ssrc', 0, maxUint32));
    push(section.sourceGroups, { semantics: asToken(semantics, 'ssrc-group'), ssrcs: numbers });
  },
  rid: readRid,
  simulcast: readSimulcast,
  'sctp-port': (section, value) => {
    section.sctpPort = asInteger(value, 'sctp-port', 0, 0xffff);
  },
  'max-message-size': (section, value) => {
    section.maxMessageSize = asInteger(value, 'max-message-size', 0, maxUint32);
  },
};
for (const direction of directions) {
  readers[direction] = (section) => {
    section.direction = direction;
  };
}

/** What may stand before the first section, and is meant for every one. */
const shared = new Set([
  ...directions,
  'setup',
  'fingerprint',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'extmap-allow-mixed',
  'end-of-candidates',
]);

/** Notes an attribute. Throws a Fault if its value makes no sense. */
export function readAttribute(section: SdpSection, name: string, value: string): void {
  if (Object.hasOwn(readers, name)) readers[name]?.(section, value);
}

export function isForAllSections(name: string): boolean {
  return shared.has(name);
}

export function isRid(text: string): boolean {
  return ridPattern.test(text);
}

function push<Entry>(list: Entry[], entry: Entry, most: number = sdpBounds.attributes): void {
  if (list.length >= most) throw new Fault(`more than ${most} attributes of one kind`);
  list.push(entry);
}

function readFingerprint(value: string): SdpFingerprint {
  const [algorithm, hex] = words(value);
  if (!fingerprintPattern.test(hex ?? '')) throw new Fault('fingerprint is not of pairs of digits');
  return {
    algorithm: asToken(algorithm, 'algorithm of the fingerprint', 32).toLowerCase(),
    value: (hex as string).toUpperCase(),
  };
}

function codecOf(section: SdpSection, text: string | undefined): SdpCodec | undefined {
  const payloadType = asInteger(text, 'payload type', 0, 127);
  return section.codecs.find((codec) => codec.payloadType === payloadType);
}

// RFC 8866 §6.6: PT NAME/RATE[/CHANNELS].
function readRtpmap(section: SdpSection, value: string): void {
  const [type, encoding = ''] = words(value);
  const payloadType = asInteger(type, 'payload type', 0, 127);
  const [name, rate, channels] = encoding.split('/');
  if (codecOf(section, type)) throw new Fault(`payload type ${payloadType} is described twice`);
  const count = asInteger(channels ?? '1', 'channels', 1, 255);
  const codec: SdpCodec = {
    payloadType,
    name: asToken(name, 'name of the codec', 64),
    clockRate: asInteger(rate, 'clock rate', 1, maxUint32),
    ...(count === 1 ? {} : { channels: count }),
    parameters: {},
    rtcpFeedback: [],
  };
  push(section.codecs, codec, 128);
}

// RFC 8866 §6.15. Lists of name=value are what codecs of WebRTC have; others (RED, "0-15" of
// telephone-event) are kept under a name of their own, as the whole text with an empty value.
function readFmtp(section: SdpSection, value: string): void {
  const [type, text = ''] = cut(value, ' ');
  const codec = codecOf(section, type);
  if (!codec) return;
  // No more are looked at than there may be, with as many that are empty.
  const parts = text.split(';', 2 * maxParameters + 1);
  const named = parts.map((part) => cut(part.trim(), '=')).filter(([name]) => name !== '');
  if (named.length > maxParameters || parts.length > 2 * maxParameters)
    throw new Fault(`more than ${maxParameters} parameters of a codec`);
  codec.parameters = Object.fromEntries(
    named.map(([name, setting]) => [name.trim(), settingOf((setting ?? '').trim())]),
  );
}

function settingOf(text: string): string | number {
  return /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : text;
}

// RFC 4585 §4.2: "*" is for all payload types.
function readFeedback(section: SdpSection, value: string): void {
  const [type, name, ...parameter] = words(value);
  const feedback = { type: asToken(name, 'rtcp-fb', 64), parameter: parameter.join(' ') };
  const meant = type === '*' ? section.codecs.filter(isMedia) : [codecOf(section, type)];
  for (const codec of meant) if (codec) push(codec.rtcpFeedback, { ...feedback }, 32);
}

function isMedia({ name }: SdpCodec): boolean {
  return name.toLowerCase() !== 'rtx';
}

// RFC 8285 §8: ID[/DIRECTION] URI [ATTRIBUTES].
function readExtmap(section: SdpSection, value: string): void {
  const [number, uri] = words(value);
  const [id, direction] = cut(number ?? '', '/');
  if (uri === undefined || !/^[!-~]{1,255}$/.test(uri))
    throw new Fault('extmap without a URI of 1 to 255 printable characters');
  push(section.headerExtensions, {
    // §5: what is above stands for more than fits, and is to be numbered anew.
    id: asInteger(id, 'id of the header extension', 1, 255),
    uri,
    ...(direction === undefined ? {} : { direction: asOneOf(direction, 'direction', directions) }),
  });
}

// RFC 5576 §4.1. One line for each attribute of a source.
function readSource(section: SdpSection, value: string): void {
  const [number, attribute] = cut(value, ' ');
  const ssrc = asInteger(number, 'ssrc', 0, maxUint32);
  let source = section.sources.find((each) => each.ssrc === ssrc);
  if (!source) {
    source = { ssrc } satisfies SdpSource;
    push(section.sources, source, 64);
  }
  const [name, text] = cut(attribute ?? '', ':');
  if (name === 'cname' && text !== undefined) source.cname = text.slice(0, 255);
  if (name === 'msid' && text !== undefined) source.msid = text.slice(0, 255);
}

// RFC 8851 §10: ID DIRECTION [pt=LIST;name=value].
function readRid(section: SdpSection, value: string): void {
  const [id = '', direction, text = ''] = words(value);
  if (!ridPattern.test(id))
    throw new Fault(`rid ${quoted(id)} is not of 1 to 16 letters and digits`);
  if (section.rids.some((rid) => rid.id === id)) throw new Fault(`rid ${id} is described twice`);
  const restrictions = text.split(';').flatMap((part): [string, string][] => {
    const [name, setting = ''] = cut(part, '=');
    return name === '' ? [] : [[name, setting]];
  });
  push(
    section.rids,
    {
      id,
      direction: asOneOf(direction, 'direction of the rid', ['send', 'recv'] as const),
      restrictions: Object.fromEntries(restrictions.slice(0, 32)),
    },
    32,
  );
}

// RFC 8853 §5.1: send A,B;~C recv D.
function readSimulcast(section: SdpSection, value: string): void {
  if (section.simulcast) throw new Fault('simulcast is described twice');
  const simulcast = { send: [] as SdpSimulcastStream[][], recv: [] as SdpSimulcastStream[][] };
  const parts = words(value);
  if (parts.length !== 2 && parts.length !== 4) throw new Fault('simulcast is malformed');
  for (let at = 0; at < parts.length; at += 2) {
    const direction = asOneOf(parts[at], 'direction', ['send', 'recv'] as const);
    if (simulcast[direction].length > 0) throw new Fault('simulcast has one direction twice');
    simulcast[direction] = readStreams(parts[at + 1] as string);
  }
  section.simulcast = simulcast;
}

function readStreams(list: string): SdpSimulcastStream[][] {
  const streams = list.split(';');
  if (streams.length > 16) throw new Fault('simulcast of more than 16 streams');
  return streams.map((alternatives) =>
    alternatives.split(',').map((text) => {
      const paused = text.startsWith('~');
      const rid = paused ? text.slice(1) : text;
      if (!ridPattern.test(rid)) throw new Fault(`simulcast names a rid ${quoted(rid)}`);
      return { rid, paused };
    }),
  );
}
