// What a client offers, and whether all of it can be granted.
//
// A session is all or nothing (RFC 9725 §4.4.3): whoever reads an answer that refuses half of the
// offer would believe to be on air. So everything is looked at before anything is made. What SDP
// means, and what can be granted of it, is for the SDK to say; what is here is what WHIP and WHEP
// ask for beyond that.

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import { problem } from '../http_problem';
import type { Problem } from '../http_problem';

// What is looked at of an offer, before anything is known of who sends it. The longest of browsers,
// with every codec twice, has some 400 lines and three sections; within these bounds the worst that
// fits into a body takes about four milliseconds of processor time, one of a browser half of one.
const kBounds = { lines: 1024, sections: 8 };

export interface PlannedSection {
  section: sdp.SdpSection;
  // Of the description.
  index: number;
  kind: 'audio' | 'video';
}

export interface OfferPlan {
  // As it is to be answered: what was offered both ways goes one way.
  description: sdp.SessionDescription;
  // Those that carry something, at most one of a kind (RFC 9725 §4.4.2).
  sections: PlannedSection[];
}

// The way of the media, from the client's point of view.
export type Way = 'sends' | 'receives';

const kDirections: Record<Way, sdp.SdpDirection> = { sends: 'sendonly', receives: 'recvonly' };

// Throws 400 for what is no description and 422 for one that cannot be granted as a whole.
export function planOffer(text: string, way: Way, router: types.RtpCapabilities): OfferPlan {
  const parsed = orProblem(400, () => sdp.parseSdp(text, kBounds));
  const sections = parsed.sections.map((section) => oneWay(section, way));
  const description = { ...parsed, sections };
  const verdicts = orProblem(422, () => sdp.examineOffer(description, router as never));
  const planned = verdicts.flatMap((verdict, index) =>
    verdict.stopped ? [] : [plan(sections[index] as sdp.SdpSection, { ...verdict, index, way })],
  );
  if (planned.length === 0) throw problem(422, 'SDP: nothing is offered.');
  for (const kind of ['audio', 'video']) {
    const second = planned.filter((one) => one.kind === kind)[1];
    if (second) throw refused(second.index, `a second ${kind} track; there may be one of a kind`);
  }
  return { description, sections: planned };
}

export function refused(index: number, why: string): Problem {
  return problem(422, `SDP section ${index}: ${why}.`);
}

// What the SDK says is wrong with the client's words, as a Problem.
export function orProblem<Result>(status: 400 | 422, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw asProblem(status, error);
  }
}

export function asProblem(status: 400 | 422, error: unknown): unknown {
  return error instanceof sdp.SdpError ? problem(status, error.message) : error;
}

// draft-ietf-wish-whep §4.2 lets a player offer sendrecv, and encoders do so as well. The other way
// stands for nothing.
function oneWay(section: sdp.SdpSection, way: Way): sdp.SdpSection {
  if (section.direction !== 'sendrecv') return section;
  return { ...section, direction: kDirections[way] };
}

function plan(
  section: sdp.SdpSection,
  { index, way, reason }: sdp.SdpVerdict & { index: number; way: Way },
): PlannedSection {
  const { kind, direction } = section;
  if (kind !== 'audio' && kind !== 'video') throw refused(index, 'neither audio nor video');
  if (direction !== kDirections[way]) {
    throw refused(index, `${direction}, where the client ${way} only`);
  }
  if (reason !== undefined) throw refused(index, reason);
  return { section, index, kind };
}
