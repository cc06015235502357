// The command line of the recorder. As the server's: a function of its arguments, no files, no output.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { isRoomName } from '../protocol/messages';
import type { PictureSize } from '../protocol/messages';
import { defaultControlSocket, defaultStateDir } from '../server/options';
import { kFormats } from './containers';
import type { Format } from './containers';

export interface RecorderOptions {
  room: string;
  // A name or an id; null for everybody.
  participant: string | null;
  out: string;
  format: Format;
  // 0 is the smallest picture; null the largest.
  spatialLayer: number | null;
  transcode: PictureSize | null;
  sdp: { path: string; host: string; port: number } | null;
  controlSocket: string;
  ffmpeg: string;
  wait: boolean;
  graceMs: number;
  seconds: number | null;
}

export type ParsedRecorder =
  { kind: 'run'; options: RecorderOptions } | { kind: 'help' } | { kind: 'wrong'; message: string };

// `command` is what it was started as.
export const recorderUsage = (command: string) => `Usage: ${command} ROOM [options]

Records people of a room of the conference server on this machine, one file for each, with a
manifest that tells how the files lie to one another.

  --participant NAME     only who has this name, or id (default: everybody, also who comes later)
  --out DIR              where the files go (default: the current folder)
  --format F             webm, mp4, or auto: MP4 for H264, WebM for all else (default auto).
                         What the container cannot hold is encoded anew
  --layer N              which picture of several sizes: 0 the smallest, ... (default: the largest)
  --transcode WxH        encode pictures anew, always in this size
  --sdp FILE             hand the streams of one participant to another tool: write what it gets
                         as SDP, and send RTP to --to once it listens
  --to HOST:PORT         where that tool listens, two ports for each stream (default 127.0.0.1:5004)
  --wait                 if nobody is there yet, wait
  --grace SECONDS        end when nobody has been there for so long (default 10)
  --seconds SECONDS      end after so long in any case
  --port P               port of the server's page, by which its control socket is found (default
                         3000)
  --state-dir DIR        the server's --state-dir (default ~/.local/state/sluice)
  --control-socket PATH  the server's --control-socket
  --ffmpeg PATH          the program (default: ffmpeg of the PATH)
  --help

It ends with SIGINT or SIGTERM as well, and closes its files.
Exit status: 0 after an orderly end, 1 if something failed, 2 if an option is wrong, 3 if nobody was
there.
`;

const kSpec = {
  participant: { type: 'string' },
  out: { type: 'string' },
  format: { type: 'string' },
  layer: { type: 'string' },
  transcode: { type: 'string' },
  sdp: { type: 'string' },
  to: { type: 'string' },
  wait: { type: 'boolean' },
  grace: { type: 'string' },
  seconds: { type: 'string' },
  port: { type: 'string' },
  'state-dir': { type: 'string' },
  'control-socket': { type: 'string' },
  ffmpeg: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof kSpec }>>['values'];

class WrongOption extends Error {}

export function parseRecorderOptions(args: string[], env: NodeJS.ProcessEnv): ParsedRecorder {
  try {
    const parsed = parseArgs({ args, options: kSpec, allowPositionals: true, strict: true });
    if (parsed.values.help) return { kind: 'help' };
    return { kind: 'run', options: check(parsed.values, parsed.positionals, env) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const first = text.split(/\. |\n/)[0] ?? text;
    return { kind: 'wrong', message: `${/[.?]$/.test(first) ? first : `${first}.`} See --help.` };
  }
}

function check(values: Values, positionals: string[], env: NodeJS.ProcessEnv): RecorderOptions {
  const [room, ...rest] = positionals;
  if (room === undefined) throw new WrongOption('Which ROOM?');
  if (rest.length > 0) throw new WrongOption(`One ROOM at a time, not also "${rest[0]}"`);
  if (!isRoomName(room)) throw new WrongOption(`"${room}" is no name of a ROOM`);
  const stateDir = values['state-dir'] ? resolve(values['state-dir']) : defaultStateDir(env);
  const port = integer('--port', values.port, 1, 65535) ?? 3000;
  const seconds = integer('--seconds', values.seconds, 1, 1_000_000);
  return {
    room: room.normalize('NFC'),
    participant: values.participant ?? null,
    out: resolve(values.out ?? '.'),
    format: format(values.format ?? 'auto'),
    spatialLayer: integer('--layer', values.layer, 0, 7),
    transcode: values.transcode === undefined ? null : size(values.transcode),
    sdp: sdp(values),
    controlSocket: values['control-socket']
      ? resolve(values['control-socket'])
      : defaultControlSocket(stateDir, port),
    ffmpeg: values.ffmpeg ?? 'ffmpeg',
    wait: values.wait === true,
    graceMs: (integer('--grace', values.grace, 0, 86_400) ?? 10) * 1000,
    seconds,
  };
}

function integer(option: string, text: string | undefined, low: number, high: number) {
  if (text === undefined) return null;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < low || value > high) {
    throw new WrongOption(`${option} must be a whole number from ${low} to ${high}, not "${text}"`);
  }
  return value;
}

function format(text: string): Format {
  const found = kFormats.find((known) => known === text);
  if (!found)
    throw new WrongOption(`--format must be one of ${kFormats.join(', ')}, not "${text}"`);
  return found;
}

// Encoders want even sides.
function size(text: string): PictureSize {
  const [, width, height] = (/^(\d{2,4})x(\d{2,4})$/.exec(text) ?? []).map(Number);
  if (!width || !height || width % 2 !== 0 || height % 2 !== 0) {
    throw new WrongOption(`--transcode must look like 1280x720, both even, not "${text}"`);
  }
  return { width, height };
}

function sdp(values: Values): RecorderOptions['sdp'] {
  if (values.sdp === undefined) {
    if (values.to !== undefined) throw new WrongOption('--to belongs to --sdp');
    return null;
  }
  if (values.sdp === '') throw new WrongOption('--sdp must not be empty');
  const foreign = (['format', 'transcode', 'out', 'ffmpeg'] as const).find((name) => values[name]);
  if (foreign) throw new WrongOption(`--${foreign} is for files; with --sdp the tool decides`);
  const to = values.to ?? '127.0.0.1:5004';
  const [, host, port] = /^\[?([0-9A-Fa-f:.]+?)\]?:(\d{1,5})$/.exec(to) ?? [];
  const number = Number(port);
  // Sound, picture: two ports each.
  if (!host || isIP(host) === 0 || number < 1 || number > 65_532) {
    throw new WrongOption(
      `--to must be an IP address and a port, like 127.0.0.1:5004, not "${to}"`,
    );
  }
  return { path: resolve(values.sdp), host, port: number };
}
