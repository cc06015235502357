// The command line of `npm run token` and `sluice-conference token`: what is asked for, and the token.

import { parseArgs } from 'node:util';

import { SignJWT } from 'jose';

import { isRoomName, kSources, tidyName } from '../protocol/messages';
import { readGrants } from '../server/grants';
import { kMaxMetadataBytes, kTokenAudience } from '../server/tokens';

// `command` is what it was started as.
export const tokenUsage = (command: string) => `Usage: ${command} --room ROOM [options]

  --room ROOM       the room; "team-*" is every room that begins so, "*" every room
  --grant WORDS     separated by commas: join, publish, publish:SOURCE, subscribe, publishData,
                    admin; SOURCE is ${kSources.join(', ')}
                    (default: join,publish,subscribe,publishData)
  --expires TIME    30s, 15m, 8h or 7d from now (default: 1h)
  --not-before TIME from when on it is good, likewise (default: at once)
  --name NAME       what the person is called; without it the page asks
  --identity ID     who it is, for webhooks and lists
  --metadata JSON   whatever is to be found again there, at most ${kMaxMetadataBytes} bytes
  --config FILE     where the server's tokenSecrets are; or SLUICE_TOKEN_SECRET in the environment

The token goes to the standard output. With several secrets the first one signs.
`;

export interface TokenRequest {
  claims: Record<string, unknown>;
  // Seconds from now.
  expiresIn: number;
  notBefore: number | null;
  config: string | null;
}

export class TokenFault extends Error {}

const kSpec = {
  room: { type: 'string' },
  grant: { type: 'string', multiple: true },
  expires: { type: 'string' },
  'not-before': { type: 'string' },
  name: { type: 'string' },
  identity: { type: 'string' },
  metadata: { type: 'string' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const kUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const kMostSeconds = 366 * 86_400;

// Null asks for the usage. Throws a TokenFault that names the option.
export function readRequest(args: string[]): TokenRequest | null {
  let values;
  try {
    values = parseArgs({ args, options: kSpec, allowPositionals: false }).values;
  } catch (error) {
    throw new TokenFault((error as Error).message.split('\n')[0]);
  }
  if (values.help) return null;
  const claims: Record<string, unknown> = { room: roomOf(values.room) };
  if (values.grant) claims.grants = grantsOf(values.grant);
  if (values.name !== undefined) claims.name = nameOf(values.name);
  if (values.identity !== undefined) claims.sub = identityOf(values.identity);
  if (values.metadata !== undefined) claims.metadata = metadataOf(values.metadata);
  const notBefore = values['not-before'];
  return {
    claims,
    expiresIn: secondsOf('--expires', values.expires ?? '1h'),
    notBefore: notBefore === undefined ? null : secondsOf('--not-before', notBefore),
    config: values.config ?? null,
  };
}

// `now` in milliseconds since 1970.
export function sign(request: TokenRequest, secret: string, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const jwt = new SignJWT(request.claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience(kTokenAudience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + request.expiresIn);
  if (request.notBefore !== null) jwt.setNotBefore(seconds + request.notBefore);
  return jwt.sign(new TextEncoder().encode(secret));
}

function roomOf(text: string | undefined): string {
  if (text === undefined) throw new TokenFault('--room is needed.');
  if (text !== '*' && !isRoomName(text.replace(/\*$/, ''))) {
    throw new TokenFault('--room is no name of a room.');
  }
  return text;
}

// The server overlooks words it does not know; here they are mistakes.
function grantsOf(lists: string[]): string[] {
  const words = lists.flatMap((list) => list.split(',')).map((word) => word.trim());
  const sources = kSources.map((source) => `publish:${source}`);
  const known = ['join', 'publish', 'subscribe', 'publishData', 'admin', ...sources];
  const wrong = words.find((word) => !known.includes(word));
  if (wrong !== undefined)
    throw new TokenFault(`--grant: "${wrong}" is not one of ${known.join(', ')}.`);
  const grants = [...new Set(words)];
  if (readGrants(grants) === null) throw new TokenFault('--grant lets nobody in.');
  return grants;
}

function nameOf(text: string): string {
  const name = tidyName(text);
  if (name === '') throw new TokenFault('--name is empty.');
  return name;
}

function identityOf(text: string): string {
  if (text === '' || text.length > 128) throw new TokenFault('--identity has 1 to 128 letters.');
  return text;
}

function metadataOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TokenFault('--metadata is not JSON.');
  }
  if (Buffer.byteLength(JSON.stringify(value)) > kMaxMetadataBytes) {
    throw new TokenFault(`--metadata has more than ${kMaxMetadataBytes} bytes.`);
  }
  return value;
}

function secondsOf(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (kUnits[unit] ?? 0);
  if (seconds >= 1 && seconds <= kMostSeconds) return seconds;
  throw new TokenFault(
    `${option} must be like 30s, 15m, 8h or 7d and at most a year, not "${text}".`,
  );
}
