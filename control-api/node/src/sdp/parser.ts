// Reads session descriptions (RFC 8866) of WebRTC. What is not understood is passed over; what is
// understood and wrong is an SdpError with its line.
import { isForAllSections, readAttribute } from './attributes.js';
import {
  emptySection,
  sdpBounds,
  type SdpOrigin,
  type SdpSection,
  type SessionDescription,
} from './description.js';
import { asInteger, asToken, cut, Fault, words } from './fields.js';
import { quoted, SdpError } from './sdp_error.js';

export interface SdpLine {
  /** The first of the text is 1. */
  number: number;
  type: string;
  value: string;
}

interface Parsing {
  maxSections: number;
  description: SessionDescription;
  /** What stands at session level and is meant for every section that says nothing else. */
  common: SdpSection;
  section: SdpSection | undefined;
  /** Of section `index`: what is about codecs that may be described further below. */
  deferred: { section: SdpSection; index: number; line: number; name: string; value: string }[];
}

// RFC 3551 §6: payload types that need no rtpmap.
const staticCodecs = new Map<number, [string, number]>([
  [0, ['PCMU', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [13, ['CN', 8000]],
]);

const maxFormats = 2;

/** How much of a text is looked at; narrower than what a description may have at most. */
export interface SdpParseBounds {
  /** 1 to 32,768, which is the default. Found out before any line is read. */
  lines?: number;
  /** 1 to 256, which is the default. */
  sections?: number;
}

/**
 * Throws an SdpError, and nothing else, for what is no description. Time grows with the lines, so that
 * whoever is offered descriptions by strangers bounds them.
 */
export function parseSdp(text: string, bounds: SdpParseBounds = {}): SessionDescription {
  const most = { ...sdpBounds, ...bounds };
  const lines = readLines(text, most.lines);
  const first = lines[0];
  if (first?.type !== 'v' || first.value !== '0')
    throw new SdpError('it does not begin with v=0', { line: 1 });
  const parsing = begin(most.sections);
  for (const line of lines) {
    try {
      readLine(parsing, line);
    } catch (error) {
      const section = parsing.description.sections.length - 1;
      throw placed(error, { line: line.number, ...(section < 0 ? {} : { section }) });
    }
  }
  if (parsing.description.origin.sessionId === '') throw new SdpError('o= is missing');
  readDeferred(parsing);
  settle(parsing);
  return parsing.description;
}

/** The lines of a text, whatever ends them; empty ones are passed over. */
export function readLines(text: string, most: number = sdpBounds.lines): SdpLine[] {
  if (typeof text !== 'string') throw new SdpError('it is not a string');
  if (text.length > sdpBounds.text)
    throw new SdpError(`it is longer than ${sdpBounds.text} characters`);
  if (hasMoreLines(text, most)) throw new SdpError(`it has more than ${most} lines`);
  const lines: SdpLine[] = [];
  let number = 0;
  for (const untrimmed of text.split('\n')) {
    number += 1;
    const line = untrimmed.endsWith('\r') ? untrimmed.slice(0, -1) : untrimmed;
    if (line !== '') lines.push(readTyped(line, number));
  }
  return lines;
}

// By their ends, and no more of them than it takes to know.
function hasMoreLines(text: string, most: number): boolean {
  let ends = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    ends += 1;
    // What follows the last end is empty, or one more line.
    if (ends > most || (ends === most && at + 1 < text.length)) return true;
  }
  return false;
}

function readTyped(line: string, number: number): SdpLine {
  if (line.length > sdpBounds.line)
    throw new SdpError(`it is longer than ${sdpBounds.line} characters`, { line: number });
  const type = line.slice(0, 1);
  if (line[1] !== '=' || type < 'a' || type > 'z')
    throw new SdpError(`${quoted(line)} is not TYPE=VALUE`, { line: number });
  // RFC 8866 §9, byte-string.
  if (line.includes('\0')) throw new SdpError('it has a NUL character', { line: number });
  return { number, type, value: line.slice(2) };
}

function begin(maxSections: number): Parsing {
  return {
    maxSections,
    description: {
      origin: { username: '-', sessionId: '', sessionVersion: '', address: '0.0.0.0' },
      name: '-',
      iceLite: false,
      iceOptions: [],
      groups: [],
      sections: [],
    },
    common: emptySection('', ''),
    section: undefined,
    deferred: [],
  };
}

function placed(error: unknown, place: { line: number; section?: number }): unknown {
  return error instanceof Fault ? new SdpError(error.message, place) : error;
}

function readLine(parsing: Parsing, line: SdpLine): void {
  const { description } = parsing;
  if (line.type === 'm') {
    if (description.sections.length >= parsing.maxSections)
      throw new Fault(`more than ${parsing.maxSections} sections`);
    parsing.section = readMedia(line.value, parsing.common);
    description.sections.push(parsing.section);
  } else if (line.type === 'o') {
    description.origin = readOrigin(line.value);
  } else if (line.type === 's') {
    description.name = line.value;
  } else if (line.type === 'a') {
    const { name, value } = attributeOf(line);
    const { section } = parsing;
    const index = description.sections.length - 1;
    if (section && (name === 'rtcp-fb' || name === 'fmtp'))
      parsing.deferred.push({ section, index, line: line.number, name, value });
    else if (section) readAttribute(section, name, value);
    else readSessionAttribute(parsing, name, value);
  }
}

function attributeOf({ value }: SdpLine): { name: string; value: string } {
  const [name, text = ''] = cut(value, ':');
  return { name, value: text };
}

function readSessionAttribute({ description, common }: Parsing, name: string, value: string): void {
  if (name === 'ice-lite') {
    description.iceLite = true;
  } else if (name === 'group') {
    const [semantics, ...mids] = words(value);
    if (description.groups.length >= 64) throw new Fault('more than 64 groups');
    if (mids.length > sdpBounds.sections) throw new Fault('a group names too many sections');
    description.groups.push({
      semantics: asToken(semantics, 'group'),
      mids: mids.map((mid) => asToken(mid, 'mid', 16)),
    });
  } else if (isForAllSections(name)) {
    readAttribute(common, name, value);
    description.iceOptions = common.iceOptions;
  }
}

// RFC 8866 §5.2.
function readOrigin(value: string): SdpOrigin {
  const [username, sessionId, sessionVersion, , , address] = words(value);
  for (const [what, text] of Object.entries({ sessionId, sessionVersion })) {
    if (text === undefined || !/^[0-9]{1,20}$/.test(text)) throw new Fault(`o= without ${what}`);
  }
  return {
    username: (username as string).slice(0, 64),
    sessionId: sessionId as string,
    sessionVersion: sessionVersion as string,
    address: (address ?? '0.0.0.0').slice(0, 255),
  };
}

// RFC 8866 §5.14.
function readMedia(value: string, common: SdpSection): SdpSection {
  const [kind, port, protocol, ...formats] = words(value);
  if (protocol === undefined || !/^[A-Za-z0-9/]{1,64}$/.test(protocol))
    throw new Fault('m= without a protocol');
  if (formats.length === 0 || formats.length > 128) throw new Fault('m= without 1 to 128 formats');
  const section = emptySection(asToken(kind, 'kind of media', 32), protocol);
  section.direction = common.direction;
  section.extmapAllowMixed = common.extmapAllowMixed;
  section.iceOptions = common.iceOptions;
  if (common.setup) section.setup = common.setup;
  if (common.ice) section.ice = { ...common.ice };
  section.port = asInteger(cut(port ?? '', '/')[0], 'port', 0, 0xffff);
  section.formats = formats.map((format) => asToken(format, 'format', 64));
  return section;
}

function readDeferred({ deferred }: Parsing): void {
  const formats = new Map<string, number>();
  for (const { section, index, line, name, value } of deferred) {
    const place = { line, section: index };
    if (name === 'fmtp') countFormat(formats, `${index} ${cut(value, ' ')[0]}`, place);
    try {
      readAttribute(section, name, value);
    } catch (error) {
      throw placed(error, place);
    }
  }
}

// RFC 8866 §6.15: one for each payload type, of which some senders make two; the last one holds.
function countFormat(
  formats: Map<string, number>,
  format: string,
  place: { line: number; section: number },
): void {
  const count = (formats.get(format) ?? 0) + 1;
  if (count > maxFormats) throw new SdpError(`more than ${maxFormats} fmtp of a format`, place);
  formats.set(format, count);
}

// What can only be said once everything has been read.
function settle({ description, common }: Parsing): void {
  const mids = new Set<string>();
  for (const [index, section] of description.sections.entries()) {
    if (section.fingerprints.length === 0) section.fingerprints = [...common.fingerprints];
    section.endOfCandidates ||= common.endOfCandidates;
    if (section.mid !== undefined && mids.has(section.mid))
      throw new SdpError(`mid ${section.mid} is used twice`, { section: index });
    if (section.mid !== undefined) mids.add(section.mid);
    const { ice } = section;
    if (ice && (ice.usernameFragment === '') !== (ice.password === ''))
      throw new SdpError('ice-ufrag and ice-pwd do not come together', { section: index });
    settleCodecs(section, index);
  }
  for (const { semantics, mids: members } of description.groups) {
    if (semantics !== 'BUNDLE') continue;
    const stranger = members.find((mid) => !mids.has(mid));
    if (stranger !== undefined) throw new SdpError(`BUNDLE names a mid ${stranger} of no section`);
  }
}

// In the order of the m-line, which is that of preference (RFC 3264 §5.1).
function settleCodecs(section: SdpSection, index: number): void {
  if (section.kind !== 'audio' && section.kind !== 'video') return;
  const described = new Map(section.codecs.map((codec) => [codec.payloadType, codec]));
  section.codecs = section.formats.flatMap((format) => {
    if (!/^[0-9]{1,3}$/.test(format) || Number(format) > 127)
      throw new SdpError(`format ${quoted(format)} is no payload type`, { section: index });
    const known = described.get(Number(format));
    if (known) return [known];
    const [name, clockRate] = staticCodecs.get(Number(format)) ?? [];
    if (name === undefined || clockRate === undefined || section.kind !== 'audio') return [];
    return [{ payloadType: Number(format), name, clockRate, parameters: {}, rtcpFeedback: [] }];
  });
}
