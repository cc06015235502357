// FFmpeg at work on one file.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

import { areBound } from './ports';

const kKeptLines = 30;
const kLookEveryMs = 20;
const kStartMs = 10_000;
// A goodbye on every track ends the input; what has not ended by then is interrupted, then killed. An
// interrupted FFmpeg goes on reading until it has heard nothing for ten seconds; a second interruption
// would leave the end of the file unwritten.
const kGoodbyeMs = 3000;
const kInterruptedMs = 12_000;
const kDiskFull = /No space left on device|Disk quota exceeded/;
const kPortTaken = /Address already in use|bind failed/i;

const kGeneral = ['-hide_banner', '-nostdin', '-n', '-loglevel', 'warning', '-copyts'];
// Descriptors of the child.
const kSdp = 0;
const kPictures = 3;
const kSound = ['-thread_queue_size', '1024', '-analyzeduration', '2000000'];
const kRtp = [
  ...kSound,
  // Nobody but this machine can put anything into the recording.
  ...[
    '-protocol_whitelist',
    'pipe,fd,file,udp,rtp',
    '-localaddr',
    '127.0.0.1',
    '-buffer_size',
    '4194304',
  ],
  ...['-reorder_queue_size', '64', '-f', 'sdp', '-i', `pipe:${kSdp}`],
];
const kIvf = [...kSound, '-f', 'ivf', '-i', `pipe:${kPictures}`];

// Where its media come from: RTP as the SDP tells, pictures through a pipe, or both.
export interface Input {
  sdp: string | null;
  piped: boolean;
}

export class ToolFailure extends Error {
  constructor(
    readonly kind: 'missing' | 'disk' | 'port' | 'died',
    message: string,
  ) {
    super(message);
  }
}

// Throws one sentence if there is no such program.
export function requireFfmpeg(program: string): void {
  const { error, status } = spawnSync(program, ['-version'], { stdio: 'ignore' });
  if (!error && status === 0) return;
  throw new ToolFailure(
    'missing',
    `FFmpeg was not found as "${program}": install Debian's package ffmpeg, or name it by --ffmpeg`,
  );
}

export class Ffmpeg {
  private readonly lines: string[] = [];
  private ending = false;
  // Null after an orderly end, or why it ended.
  readonly ended: Promise<ToolFailure | null>;
  private isOver = false;

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.keep(text));
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(new ToolFailure('missing', error.message)));
      child.once('close', (code, signal) => {
        this.isOver = true;
        resolve(this.judge(code, signal));
      });
    });
  }

  // In a process group of its own: Ctrl-C is for us, and the files are closed in our order.
  static start(program: string, { sdp, piped }: Input, output: string[]): Ffmpeg {
    const args = [...kGeneral, ...(sdp ? kRtp : []), ...(piped ? kIvf : []), ...output];
    const stdio: ('pipe' | 'ignore')[] = ['pipe', 'ignore', 'pipe', 'pipe'];
    const child = spawn(program, args, { stdio, detached: true });
    child.stdin?.on('error', () => {});
    child.stdin?.end(sdp ?? '');
    return new Ffmpeg(child);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get pipe(): Writable | null {
    return (this.child.stdio[kPictures] ?? null) as Writable | null;
  }

  // Resolves when it has bound these ports; throws a ToolFailure if it ends before.
  async bound(ports: number[]): Promise<void> {
    const deadline = performance.now() + kStartMs;
    let failure: ToolFailure | null | undefined;
    void this.ended.then((why) => (failure = why));
    while (performance.now() < deadline) {
      if (failure !== undefined) throw failure ?? new ToolFailure('died', 'FFmpeg ended at once');
      if (this.pid !== undefined && areBound(ports, this.pid)) return;
      await new Promise((resolve) => setTimeout(resolve, kLookEveryMs));
    }
    throw new ToolFailure(
      'died',
      `FFmpeg did not listen within ${kStartMs / 1000} s: ${this.last}`,
    );
  }

  // After the goodbyes.
  async stop(): Promise<void> {
    this.ending = true;
    await this.endsWithin(kGoodbyeMs);
    if (this.isOver) return;
    this.child.kill('SIGINT');
    await this.endsWithin(kInterruptedMs);
    if (!this.isOver) this.child.kill('SIGKILL');
    await this.ended;
  }

  private async endsWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.ended, patience]);
    clearTimeout(timer);
  }

  get last(): string {
    return this.lines.slice(-3).join(' | ') || 'it said nothing';
  }

  private keep(text: string): void {
    this.lines.push(...text.split(/[\r\n]+/).filter((line) => line !== ''));
    this.lines.splice(0, Math.max(0, this.lines.length - kKeptLines));
  }

  private judge(code: number | null, signal: string | null): ToolFailure | null {
    const said = this.lines.join('\n');
    if (kDiskFull.test(said)) return new ToolFailure('disk', 'the disk is full');
    // 255 is how it ends when interrupted.
    if (this.ending && (code === 0 || code === 255)) return null;
    if (kPortTaken.test(said)) return new ToolFailure('port', 'its port was taken');
    const how = signal ? `was ended by ${signal}` : `ended with status ${code}`;
    return new ToolFailure('died', `FFmpeg ${how}: ${this.last}`);
  }
}
