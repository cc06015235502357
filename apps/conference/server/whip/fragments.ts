// Fragments of a description (RFC 8840 §9), which trickle in or restart ICE.

import { sdp } from '@sluice/sdk';

import { asProblem, orProblem } from './offer';

// Throws 400.
export function parseFragment(text: string): sdp.SdpFragment {
  return orProblem(400, () => sdp.parseSdpFragment(text));
}

// Whoever negotiates for a session.
interface Negotiator {
  takeFragment(fragment: sdp.SdpFragment): Promise<string | undefined>;
}

// The server's own fragment if ICE began anew, else null. Rejects with 400, and nothing has changed.
export async function passFragment(
  negotiator: Negotiator,
  fragment: sdp.SdpFragment,
): Promise<string | null> {
  try {
    return (await negotiator.takeFragment(fragment)) ?? null;
  } catch (error) {
    throw asProblem(400, error);
  }
}
