// Signed invitations: a JSON Web Token (RFC 7519) that says who may enter which room, what they may
// do there, and until when.
//
// The algorithm is pinned (RFC 8725 §3.1): a token that names another one, or "none", is refused
// before its claims are looked at. Issuing tokens is the embedding application's job, or that of
// `npm run token`.

import { jwtVerify, errors } from 'jose';
import type { JWTPayload } from 'jose';

import { isRoomName, tidyName } from '../protocol/messages';
import { readGrants } from './grants';
import type { Grants } from './grants';
import { Refusal } from './refusal';

export const kTokenAudience = 'sluice-conference';
// HS256 is no stronger than its key; RFC 7518 §3.2 asks for at least the hash size.
export const kMinSecretBytes = 32;
// As JSON. It goes into every webhook about this person.
export const kMaxMetadataBytes = 1024;
const kMaxIdentityLength = 128;
const kClockToleranceS = 5;

export interface Invitation {
  // What the token calls the person; null leaves the choice to the page.
  name: string | null;
  // "sub": whom the embedding application means.
  identity: string | null;
  // Whatever the embedding application wants to find again in webhooks and lists.
  metadata: unknown;
  grants: Grants;
  // Milliseconds since 1970; then the stay ends.
  expiresAt: number;
}

export class TokenVerifier {
  private readonly keys: Uint8Array[];

  // Several while secrets change: tokens of each are good.
  constructor(secrets: readonly string[]) {
    this.keys = secrets.map((secret) => new TextEncoder().encode(secret));
  }

  // Throws a Refusal with the reason, never with anything of the token in it.
  async verify(token: string | undefined, room: string, now = new Date()): Promise<Invitation> {
    if (!token) throw new Refusal('unauthorized', 'This room needs an invitation link.');
    const claims = await this.claimsOf(token, now);
    requireRoom(claims.room, room);
    const grants = readGrants(claims.grants);
    if (grants === null) {
      throw new Refusal('unauthorized', 'This invitation lets nobody join. Ask for a new one.');
    }
    const { sub, exp = 0, metadata = null } = claims;
    const fits =
      (sub === undefined || (sub.length > 0 && sub.length <= kMaxIdentityLength)) &&
      Buffer.byteLength(JSON.stringify(metadata)) <= kMaxMetadataBytes;
    if (!fits) {
      throw new Refusal('unauthorized', 'This invitation is too long. Ask for a new one.');
    }
    const name = (typeof claims.name === 'string' ? tidyName(claims.name) : '') || null;
    return { name, identity: sub ?? null, metadata, grants, expiresAt: exp * 1000 };
  }

  private async claimsOf(token: string, now: Date): Promise<JWTPayload> {
    try {
      return await this.payloadOf(token, now);
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new Refusal('unauthorized', 'This invitation has expired. Ask for a new one.');
      }
      if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') {
        throw new Refusal('unauthorized', 'This invitation is not valid yet. Come back later.');
      }
      throw new Refusal('unauthorized', 'This invitation is not valid. Ask for a new one.');
    }
  }

  private async payloadOf(token: string, now: Date): Promise<JWTPayload> {
    let last: unknown = null;
    for (const key of this.keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          audience: kTokenAudience,
          requiredClaims: ['exp', 'room'],
          currentDate: now,
          clockTolerance: kClockToleranceS,
        });
        return payload;
      } catch (error) {
        last = error;
        // Only another key can help against a wrong signature.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw last;
  }
}

// A star at the end stands for any end: "team-*" is every room of that beginning, "*" every room.
// No room is called so, hence no token of before means more than it did.
function requireRoom(claim: unknown, room: string): void {
  const pattern = typeof claim === 'string' ? claim.normalize('NFC') : '';
  const beginning = pattern.endsWith('*') ? pattern.slice(0, -1) : null;
  if (!isRoomName(beginning ?? pattern) && pattern !== '*') {
    throw new Refusal('unauthorized', 'This invitation names no room.');
  }
  if (beginning === null ? pattern !== room : !room.startsWith(beginning)) {
    throw new Refusal('unauthorized', 'This invitation is for another room.');
  }
}
