// Every option of the conference server, once. The flags, the names in the environment, the keys of
// the configuration file, --help, --check-config and the table in the README all come from here.

import * as os from 'node:os';
import { resolve } from 'node:path';

import {
  addressOrName,
  bearerSecret,
  iceServer,
  integer,
  ipAddress,
  logLevel,
  onOff,
  origin,
  originOrAny,
  path,
  secret,
  webhookUrl,
  withoutQuery,
} from './option_values';
import type { IceServer } from './option_values';
import { kMinSecretBytes } from './tokens';

// A core forwards a room of this size with about a tenth of its time, and most rooms are smaller: they
// need no pipe. Beyond it load grows with the square of the people, and another worker's with them.
const kRoomSpread = 16;
const kMinMetricsTokenBytes = 16;

interface Row<T> {
  // Without a value: --https, and --no-https to take back what a file says.
  isSwitch?: true;
  // May be given more than once; the value is a list of what `read` gives.
  isList?: true;
  // What to call the value, "" for a switch.
  operand: string;
  // In words, where the value itself does not say it.
  shown?: string;
  fallback: T | ((env: NodeJS.ProcessEnv) => T);
  help: string;
  read: (text: string) => unknown;
  // Masked wherever options are shown.
  isSecret?: true;
  // What of the value is shown, where a part of it may be secret.
  display?: (value: string) => string;
}

// Binds what is read to the type of the option, so that the table is what Options is made of.
function one<T>(row: Row<T> & { read: (text: string) => NonNullable<T> }): Row<T> {
  return row;
}

function list<T>(
  row: Omit<Row<T[]>, 'fallback' | 'isList'> & { read: (text: string) => T },
): Row<T[]> {
  return { ...row, fallback: [], isList: true };
}

export const kOptionTable = {
  listen: one<string>({
    operand: 'ADDR',
    fallback: '127.0.0.1',
    read: ipAddress,
    help: 'address of the page and of the media ports',
  }),
  port: one<number>({
    operand: 'P',
    fallback: 3000,
    read: integer(0, 65535),
    help: 'port of the page; 0 takes any free one',
  }),
  announcedAddress: one<string | null>({
    operand: 'A',
    fallback: null,
    read: addressOrName,
    help: 'address or name that browsers reach the media ports by; for `0.0.0.0` and `::` the first outward address of the machine',
  }),
  rtcPort: one<number>({
    operand: 'BASE',
    fallback: 40000,
    read: integer(0, 65535),
    help: 'media port of the first worker, UDP and TCP, +1 per worker, then as many for their successors; 0 takes any free ones',
  }),
  maxTcp: one<number>({
    operand: 'N',
    fallback: 1000,
    // Each person has two, for sending and for receiving.
    read: integer(0, 20_000),
    help: 'media connections over TCP per worker, two for each person whom UDP does not reach; 0 turns TCP off',
  }),
  iceServers: list<IceServer>({
    operand: 'URI[,USER,CREDENTIAL]',
    read: iceServer,
    isSecret: true,
    help: 'a STUN or TURN server that browsers and WHIP clients are told of',
  }),
  https: one<boolean>({
    isSwitch: true,
    operand: '',
    shown: 'off',
    fallback: false,
    read: onOff,
    help: 'HTTPS with a certificate made on the first start; browsers give camera and microphone to HTTPS and localhost only',
  }),
  cert: one<string | null>({
    operand: 'FILE',
    fallback: null,
    read: path,
    help: 'HTTPS with this certificate (PEM, with its chain); needs `--key`',
  }),
  key: one<string | null>({
    operand: 'FILE',
    fallback: null,
    read: path,
    help: 'the private key of `--cert` (PEM)',
  }),
  stateDir: one<string>({
    operand: 'DIR',
    shown: '`~/.local/state/sluice`',
    fallback: defaultStateDir,
    read: path,
    help: 'where the made certificate and the control socket are kept',
  }),
  workers: one<number>({
    operand: 'N',
    shown: 'one per core',
    fallback: coreCount,
    read: integer(1, 256),
    help: 'media workers',
  }),
  workerBin: one<string | null>({
    operand: 'PATH',
    shown: '`build/release/worker/sluice-worker`',
    fallback: null,
    read: path,
    help: 'the worker program',
  }),
  roomSpread: one<number>({
    operand: 'PEOPLE',
    fallback: kRoomSpread,
    read: integer(1, 500),
    help: 'from how many people on a room takes more workers; 1 spreads every room over all of them',
  }),
  maxRooms: one<number>({
    operand: 'N',
    fallback: 200,
    read: integer(1, 100_000),
    help: 'rooms at one time',
  }),
  maxPeersPerRoom: one<number>({
    operand: 'N',
    fallback: 32,
    read: integer(1, 500),
    help: 'people in one room',
  }),
  maxPeers: one<number>({
    operand: 'N',
    fallback: 500,
    read: integer(1, 100_000),
    help: 'people on this server',
  }),
  tokenSecrets: list<string>({
    operand: 'S',
    shown: 'no tokens',
    read: secret(kMinSecretBytes),
    isSecret: true,
    help: 'only people with a token signed with this secret may enter; at least 32 bytes; give the old one as well while secrets change',
  }),
  allowedOrigins: list<string>({
    operand: 'O',
    read: origin,
    help: 'another site that may open sockets, like `https://example.org`',
  }),
  corsOrigins: list<string>({
    operand: 'O',
    read: originOrAny,
    help: 'another site whose pages may use WHIP and WHEP, or `*`',
  }),
  whip: one<boolean>({
    operand: 'on|off',
    shown: 'on',
    fallback: true,
    read: onOff,
    help: 'publishing by WHIP and watching by WHEP',
  }),
  maxWhipSessions: one<number>({
    operand: 'N',
    fallback: 100,
    read: integer(1, 10_000),
    help: 'WHIP and WHEP sessions at one time',
  }),
  metricsToken: one<string | null>({
    operand: 'T',
    shown: 'only from this machine',
    fallback: null,
    read: bearerSecret(kMinMetricsTokenBytes),
    isSecret: true,
    help: 'bearer token for `/metrics` and `/live`; at least 16 bytes',
  }),
  adminSecrets: list<string>({
    operand: 'S',
    shown: 'no `/admin`',
    read: bearerSecret(kMinSecretBytes),
    isSecret: true,
    help: 'bearer secret for `/admin`; at least 32 bytes',
  }),
  webhookUrls: list<string>({
    operand: 'U',
    read: webhookUrl,
    display: withoutQuery,
    help: 'where events are posted to; needs `--webhook-secret`',
  }),
  webhookSecret: one<string | null>({
    operand: 'S',
    fallback: null,
    read: secret(kMinSecretBytes),
    isSecret: true,
    help: 'what webhooks are signed with; at least 32 bytes',
  }),
  drainTimeout: one<number>({
    operand: 'S',
    fallback: 24 * 3600,
    read: integer(1, 30 * 24 * 3600),
    help: 'seconds after which a drained server ends even if there are still people',
  }),
  controlSocket: one<string | null>({
    operand: 'PATH',
    shown: '`control-PORT.sock` in the state directory',
    fallback: null,
    read: path,
    help: 'Unix socket for the recorder, of mode 0600; PORT is that of the page',
  }),
  logLevel: one<'debug' | 'info' | 'warn' | 'error' | 'none'>({
    operand: 'L',
    fallback: 'info',
    read: logLevel,
    help: 'debug, info, warn, error, none; on stderr',
  }),
};

export type OptionKey = keyof typeof kOptionTable;
export type Options = {
  [K in OptionKey]: (typeof kOptionTable)[K] extends Row<infer T> ? T : never;
};

export const kOptionKeys = Object.keys(kOptionTable) as OptionKey[];

export function rowOf(key: OptionKey): Row<unknown> {
  return kOptionTable[key] as Row<unknown>;
}

// "allowedOrigins" is a list in a file and is built of many --allowed-origin.
export function flagOf(key: OptionKey): string {
  const single = rowOf(key).isList ? key.replace(/s$/, '') : key;
  return single.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function environmentNameOf(key: OptionKey): string {
  return `SLUICE_${flagOf(key).replace(/-/g, '_').toUpperCase()}`;
}

// Throws a sentence if this user has no home, which those that systemd makes up for a service may not.
export function defaultStateDir(env: NodeJS.ProcessEnv): string {
  return resolve(env.XDG_STATE_HOME || resolve(homeFolder(), '.local/state'), 'sluice');
}

function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    throw new Error('--state-dir is needed, because this user has no home.');
  }
}

function coreCount(): number {
  // availableParallelism came with Node 18.14; Debian 12 began with 18.13. Imported by name, its
  // absence would keep the module from loading, hence the namespace.
  return os.availableParallelism?.() ?? os.cpus().length;
}
