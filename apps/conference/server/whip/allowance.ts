// How much one address, and all together, may ask for.
//
// Rates are token buckets. A reverse proxy on this machine makes everybody come from loopback, so
// what comes from there is held to the bounds of the whole server only. Whoever has an IPv6 address has
// the 2^64 of its network (RFC 7934 §3), so that one of those counts as one address.

import { isIPv6 } from 'node:net';

import { TokenBucket } from '../token_bucket';
import { tryLater } from '../http_problem';

export interface AllowanceLimits {
  // At one time, on this server.
  maxSessions: number;
  maxSessionsPerAddress: number;
  // Requests a second, and at once.
  addressRate: number;
  addressBurst: number;
  serverRate: number;
  serverBurst: number;
}

export const kAllowance: Omit<AllowanceLimits, 'maxSessions'> = {
  // A studio behind one address; a viewer's page asks for one session.
  maxSessionsPerAddress: 32,
  // A client with trickle makes a handful of requests in its first second, then none.
  addressRate: 5,
  addressBurst: 40,
  // An offer costs this process one or two milliseconds, and a hostile one four at the most (offer.ts), so
  // that a flood leaves more than half of it.
  serverRate: 100,
  serverBurst: 300,
};

// Beyond it addresses without a session are forgotten, the longest unheard first.
const kMaxAddresses = 10_000;
const kRetrySeconds = 5;

interface Account {
  bucket: TokenBucket;
  sessions: number;
}

export class Allowance {
  private readonly accounts = new Map<string, Account>();
  private readonly bucket: TokenBucket;
  private sessions = 0;

  constructor(
    private readonly limits: AllowanceLimits,
    private readonly now: () => number,
  ) {
    this.bucket = new TokenBucket(limits.serverRate, limits.serverBurst, now());
  }

  // Throws 429, or 503 if it is the server that is asked too much.
  takeRequest(address: string): void {
    const account = this.account(address);
    if (account && !account.bucket.take(this.now())) {
      throw tryLater(429, 1, 'Too many requests come from this address.');
    }
    if (!this.bucket.take(this.now())) {
      throw tryLater(503, 1, 'This server is asked too much at the moment.');
    }
  }

  // Counts a session from before it is opened. Throws 429 or 503. Returns how to give it back.
  takeSession(address: string): () => void {
    const { maxSessions, maxSessionsPerAddress: most } = this.limits;
    if (this.sessions >= maxSessions) {
      throw tryLater(503, kRetrySeconds, `This server is full (${maxSessions} sessions).`);
    }
    const account = this.account(address);
    if (account && account.sessions >= most) {
      throw tryLater(429, kRetrySeconds, `This address has ${most} sessions already.`);
    }
    this.sessions += 1;
    if (account) account.sessions += 1;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.sessions -= 1;
      if (account) account.sessions -= 1;
    };
  }

  private account(address: string): Account | null {
    if (isLoopback(address)) return null;
    const holder = holderOf(address);
    const found = this.accounts.get(holder);
    const { addressRate, addressBurst } = this.limits;
    const account = found ?? {
      bucket: new TokenBucket(addressRate, addressBurst, this.now()),
      sessions: 0,
    };
    // The order of the map is the order in which they were heard of.
    this.accounts.delete(holder);
    if (this.accounts.size >= kMaxAddresses) this.forgetOne();
    this.accounts.set(holder, account);
    return account;
  }

  private forgetOne(): void {
    for (const [address, { sessions }] of this.accounts) {
      if (sessions > 0) continue;
      this.accounts.delete(address);
      return;
    }
  }
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

// The network of an IPv6 address, as its first four groups; any other address as it is.
function holderOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain) || plain.includes('.')) return address;
  const [before = [], after] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [...before];
  if (after) groups.push(...Array<string>(8 - before.length - after.length).fill('0'), ...after);
  return groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
