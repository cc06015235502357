// Signed invitations: a JSON Web Token (RFC 7519) that says who may enter which room, until when.
//
// The algorithm is pinned (RFC 8725 §3.1): a token that names another one, or "none", is refused
// before its claims are looked at. Issuing tokens is the embedding application's job.

import { jwtVerify, errors } from 'jose';

import { isRoomName, tidyName } from '../protocol/messages';
import { Refusal } from './refusal';

export const kTokenAudience = 'sluice-conference';
// HS256 is no stronger than its key; RFC 7518 §3.2 asks for at least the hash size.
export const kMinSecretBytes = 32;

export interface Invitation {
  // What the token calls the person; null leaves the choice to the page.
  name: string | null;
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
    if (typeof claims.room !== 'string' || !isRoomName(claims.room)) {
      throw new Refusal('unauthorized', 'This invitation names no room.');
    }
    if (claims.room.normalize('NFC') !== room) {
      throw new Refusal('unauthorized', 'This invitation is for another room.');
    }
    const name = typeof claims.name === 'string' ? tidyName(claims.name) : '';
    return { name: name || null };
  }

  private async claimsOf(token: string, now: Date) {
    try {
      return await this.payloadOf(token, now);
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new Refusal('unauthorized', 'This invitation has expired. Ask for a new one.');
      }
      throw new Refusal('unauthorized', 'This invitation is not valid. Ask for a new one.');
    }
  }

  private async payloadOf(token: string, now: Date) {
    let last: unknown = null;
    for (const key of this.keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          audience: kTokenAudience,
          requiredClaims: ['exp', 'room'],
          currentDate: now,
          clockTolerance: 5,
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
