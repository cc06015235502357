// The part of a description that trickles (RFC 8840 §9): application/trickle-ice-sdpfrag.
import { readAttribute } from './attributes.js';
import { writeCandidate } from './candidate.js';
import { emptySection, type SdpCandidate, type SdpIceParameters } from './description.js';
import { cut, Fault } from './fields.js';
import { readLines } from './parser.js';
import { SdpError } from './sdp_error.js';

export interface SdpFragment {
  /** Of the generation that the candidates belong to, or of the one that begins with it. */
  ice?: SdpIceParameters;
  iceLite: boolean;
  /** After them nothing more comes, in whichever section. */
  endOfCandidates: boolean;
  sections: SdpFragmentSection[];
}

export interface SdpFragmentSection {
  kind: string;
  mid?: string;
  candidates: SdpCandidate[];
  endOfCandidates: boolean;
}

const maxLines = 1024;
/** Whatever else a fragment says is passed over (RFC 8840 §9). */
const meant = new Set(['mid', 'ice-ufrag', 'ice-pwd', 'candidate', 'end-of-candidates']);

/** Throws an SdpError, and nothing else, for what is no fragment. */
export function parseSdpFragment(text: string): SdpFragment {
  const lines = readLines(text, maxLines);
  // Whatever is not in a section is for the whole.
  const whole = emptySection('', '');
  const sections: ReturnType<typeof emptySection>[] = [];
  let iceLite = false;
  for (const { number, type, value } of lines) {
    if (type === 'm') {
      sections.push(emptySection(cut(value, ' ')[0].slice(0, 32), ''));
      continue;
    }
    if (type !== 'a') continue;
    const [name, text = ''] = cut(value, ':');
    if (name === 'ice-lite') iceLite = true;
    if (!meant.has(name)) continue;
    try {
      readAttribute(sections.at(-1) ?? whole, name, text);
    } catch (error) {
      throw error instanceof Fault ? new SdpError(error.message, { line: number }) : error;
    }
  }
  const all = [whole, ...sections];
  const ice = all.find((each) => each.ice)?.ice;
  if (ice && (ice.usernameFragment === '' || ice.password === ''))
    throw new SdpError('ice-ufrag and ice-pwd do not come together');
  return {
    ...(ice ? { ice } : {}),
    iceLite,
    endOfCandidates: all.some((each) => each.endOfCandidates),
    sections: describeSections(whole, sections),
  };
}

/** With CR LF behind every line. */
export function writeSdpFragment(fragment: SdpFragment): string {
  const { ice, iceLite, sections, endOfCandidates } = fragment;
  const lines = [
    ...(iceLite ? ['a=ice-lite'] : []),
    ...(ice ? [`a=ice-ufrag:${ice.usernameFragment}`, `a=ice-pwd:${ice.password}`] : []),
    ...sections.flatMap(({ kind, mid, candidates, endOfCandidates: ends }) => [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`,
      ...(mid === undefined ? [] : [`a=mid:${mid}`]),
      ...candidates.map((candidate) => `a=${writeCandidate(candidate)}`),
      ...(ends ? ['a=end-of-candidates'] : []),
    ]),
    ...(endOfCandidates && sections.length === 0 ? ['a=end-of-candidates'] : []),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

// Candidates in front of the first section are of the only transport that there is.
function describeSections(
  whole: ReturnType<typeof emptySection>,
  sections: ReturnType<typeof emptySection>[],
): SdpFragmentSection[] {
  const all = whole.candidates.length > 0 ? [whole, ...sections] : sections;
  return all.map(({ kind, mid, candidates, endOfCandidates }) => ({
    kind,
    ...(mid === undefined ? {} : { mid }),
    candidates,
    endOfCandidates,
  }));
}
