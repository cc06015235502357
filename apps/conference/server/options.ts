// The command line of the conference server.
//
// Parsing is a function of its arguments and environment: it reads no file and prints nothing. A
// wrong option becomes one sentence that names it.

import { isIP } from 'node:net';
import * as os from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { kLogLevels } from './log';
import type { LogLevel } from './log';
import { kMinSecretBytes } from './tokens';

export interface Options {
  listen: string;
  port: number;
  announcedAddress: string | null;
  rtcPort: number;
  // Media connections over TCP that one worker takes; 0 turns TCP off.
  maxTcp: number;
  https: boolean;
  cert: string | null;
  key: string | null;
  stateDir: string;
  workers: number;
  workerBin: string | null;
  roomSpread: number;
  maxRooms: number;
  maxPeersPerRoom: number;
  maxPeers: number;
  tokenSecret: string | null;
  allowedOrigins: string[];
  // Where programs of the same user reach this server; null for the place by the page's port.
  controlSocket: string | null;
  logLevel: LogLevel;
}

export type Parsed =
  | { kind: 'run'; options: Options }
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'wrong'; message: string };

// A core forwards a room of this size with about a tenth of its time, and most rooms are smaller: they
// need no pipe. Beyond it load grows with the square of the people, and another worker's with them.
const kRoomSpread = 16;

class WrongOption extends Error {}

const kSpec = {
  listen: { type: 'string' },
  port: { type: 'string' },
  'announced-address': { type: 'string' },
  'rtc-port': { type: 'string' },
  'max-tcp': { type: 'string' },
  https: { type: 'boolean' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'state-dir': { type: 'string' },
  workers: { type: 'string' },
  'worker-bin': { type: 'string' },
  'room-spread': { type: 'string' },
  'max-rooms': { type: 'string' },
  'max-peers-per-room': { type: 'string' },
  'max-peers': { type: 'string' },
  'token-secret': { type: 'string' },
  'allowed-origin': { type: 'string', multiple: true },
  'control-socket': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export const kUsage = `Usage: sluice-conference [options]

  --listen ADDR             address to listen on (default 127.0.0.1)
  --port P                  port of the page; 0 takes any free one (default 3000)
  --announced-address A     address or host name that browsers reach the media ports by
  --rtc-port BASE           media port of the first worker, UDP and TCP, the next worker takes the
                            next port; 0 takes any free ones (default 40000)
  --max-tcp N               media connections over TCP per worker, for browsers that UDP does not
                            reach; 0 turns TCP off (default 1000)
  --https                   serve HTTPS, with a certificate made on the first start
  --cert FILE, --key FILE   serve HTTPS with this certificate and key (PEM)
  --state-dir DIR           where the made certificate is kept (default ~/.local/state/sluice)
  --workers N               media workers (default: one per core)
  --worker-bin PATH         the sluice-worker program (default: $SLUICE_WORKER_BIN, build/release)
  --room-spread PEOPLE      from so many people on a room takes more workers; 1 spreads every
                            room over all of them (default 16)
  --max-rooms N             rooms at one time (default 200)
  --max-peers-per-room N    people in one room (default 32)
  --max-peers N             people on this server (default 500)
  --token-secret SECRET     let in only who holds a token signed with this secret, at least 32
                            bytes (default: $SLUICE_TOKEN_SECRET, which keeps it out of \`ps\`)
  --allowed-origin ORIGIN   another site that may open rooms here, like https://example.org;
                            may be given more than once
  --control-socket PATH     Unix socket for recorders of the same user (default control-PORT.sock in
                            the state directory, PORT being that of the page)
  --log-level LEVEL         debug, info, warn, error or none (default info)
  --help, --version
`;

export function parseOptions(args: string[], env: NodeJS.ProcessEnv): Parsed {
  let values: Values;
  try {
    values = parseArgs({ args, options: kSpec, allowPositionals: false, strict: true }).values;
  } catch (error) {
    return { kind: 'wrong', message: sentenceFor(error) };
  }
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  try {
    return { kind: 'run', options: check(values, env) };
  } catch (error) {
    if (error instanceof WrongOption) return { kind: 'wrong', message: error.message };
    throw error;
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof kSpec }>>['values'];

function check(values: Values, env: NodeJS.ProcessEnv): Options {
  if ((values.cert === undefined) !== (values.key === undefined)) {
    throw new WrongOption('--cert and --key belong together: give both or neither.');
  }
  const workers = integer('--workers', values.workers, 1, 256, coreCount());
  return {
    listen: listenAddress(values.listen ?? '127.0.0.1'),
    port: integer('--port', values.port, 0, 65535, 3000),
    announcedAddress: announced(values['announced-address']),
    rtcPort: rtcPort(values['rtc-port'], workers),
    // Each person has two, for sending and for receiving.
    maxTcp: integer('--max-tcp', values['max-tcp'], 0, 20_000, 1000),
    https: values.https === true || values.cert !== undefined,
    cert: path('--cert', values.cert),
    key: path('--key', values.key),
    stateDir: path('--state-dir', values['state-dir']) ?? defaultStateDir(env),
    workers,
    workerBin: path('--worker-bin', values['worker-bin'] ?? (env.SLUICE_WORKER_BIN || undefined)),
    roomSpread: integer('--room-spread', values['room-spread'], 1, 500, kRoomSpread),
    maxRooms: integer('--max-rooms', values['max-rooms'], 1, 100_000, 200),
    maxPeersPerRoom: integer('--max-peers-per-room', values['max-peers-per-room'], 1, 500, 32),
    maxPeers: integer('--max-peers', values['max-peers'], 1, 100_000, 500),
    tokenSecret: secret(values['token-secret'], env.SLUICE_TOKEN_SECRET),
    allowedOrigins: (values['allowed-origin'] ?? []).map(origin),
    controlSocket: path('--control-socket', values['control-socket']),
    logLevel: logLevel(values['log-level'] ?? 'info'),
  };
}

function integer(
  option: string,
  text: string | undefined,
  low: number,
  high: number,
  fallback: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < low || value > high) {
    throw new WrongOption(
      `${option} must be a whole number from ${low} to ${high}, not "${text}".`,
    );
  }
  return value;
}

function rtcPort(text: string | undefined, workers: number): number {
  const base = integer('--rtc-port', text, 0, 65535, 40000);
  if (base !== 0 && base + workers - 1 > 65535) {
    throw new WrongOption(`--rtc-port ${base} leaves no ports for ${workers} workers below 65536.`);
  }
  return base;
}

function listenAddress(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) throw new WrongOption(`--listen must be an IP address, not "${text}".`);
  return text;
}

function announced(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (isIP(text) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text)) {
    throw new WrongOption(
      `--announced-address must be an IP address or a host name, not "${text}".`,
    );
  }
  return text;
}

function path(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text === '') throw new WrongOption(`${option} must not be empty.`);
  return resolve(text);
}

// The message must not repeat the secret: it may end up in a log.
function secret(option: string | undefined, fromEnv: string | undefined): string | null {
  const value = option ?? (fromEnv || undefined);
  if (value === undefined) return null;
  if (Buffer.byteLength(value) < kMinSecretBytes) {
    const name = option === undefined ? 'SLUICE_TOKEN_SECRET' : '--token-secret';
    throw new WrongOption(`${name} must have at least ${kMinSecretBytes} bytes.`);
  }
  return value;
}

function origin(text: string): string {
  try {
    const url = new URL(text);
    if (url.origin !== 'null' && url.origin === text.replace(/\/$/, '').toLowerCase()) {
      return url.origin;
    }
  } catch {
    // Falls through to the sentence below.
  }
  throw new WrongOption(
    `--allowed-origin must look like https://example.org, without a path, not "${text}".`,
  );
}

function logLevel(text: string): LogLevel {
  const level = kLogLevels.find((known) => known === text);
  if (level === undefined) {
    throw new WrongOption(`--log-level must be one of ${kLogLevels.join(', ')}, not "${text}".`);
  }
  return level;
}

function coreCount(): number {
  // availableParallelism came with Node 18.14; Debian 12 began with 18.13. Imported by name, its
  // absence would keep the module from loading, hence the namespace.
  return os.availableParallelism?.() ?? os.cpus().length;
}

export function defaultControlSocket(stateDir: string, port: number): string {
  return resolve(stateDir, `control-${port}.sock`);
}

export function defaultStateDir(env: NodeJS.ProcessEnv): string {
  return resolve(env.XDG_STATE_HOME || resolve(os.homedir(), '.local/state'), 'sluice');
}

// Node's own messages run over several sentences of advice; the first one names the option.
function sentenceFor(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split(/\. |\n/)[0] ?? text;
  return `${first.replace(/\.$/, '')}. See --help.`;
}
