// Fragments of a description (RFC 8840 §9), which trickle in or restart ICE.

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import { problem } from '../http_problem';
import type { IceFragment } from './media';

// Throws 400.
export function parseFragment(text: string): IceFragment {
  try {
    const { ice, sections } = sdp.parseSdpFragment(text);
    const candidates = sections.reduce((count, section) => count + section.candidates.length, 0);
    return { iceUfrag: ice?.usernameFragment, icePwd: ice?.password, candidates };
  } catch (error) {
    if (error instanceof sdp.SdpError) throw problem(400, error.message);
    throw error;
  }
}

// The server's own, after a restart: its new credentials and the same candidates.
export function writeFragment(
  ice: types.IceParameters,
  candidates: types.IceCandidate[],
  { kind, mid }: { kind: string; mid: string },
): string {
  const { usernameFragment, password } = ice;
  const all = candidates.map((candidate) => sdp.sdpCandidate(candidate as never));
  return sdp.writeSdpFragment({
    ice: { usernameFragment, password },
    iceLite: true,
    endOfCandidates: true,
    sections: [{ kind, mid, candidates: all, endOfCandidates: true }],
  });
}
