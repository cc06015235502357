// FFmpeg at work on one file.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { areBound } from './ports';

const kKeptLines = 30;
const kLookEveryMs = 20;
const kStartMs = 10_000;
// A goodbye on every track ends the input; what has not ended by then is interrupted, then killed.
const kGoodbyeMs = 3000;
const kDiskFull = /No space left on device|Disk quota exceeded/;
const kPortTaken = /Address already in use|bind failed/i;

const kInput = [
  ...['-hide_banner', '-nostdin', '-n', '-loglevel', 'warning', '-protocol_whitelist'],
  // Nobody but this machine can put anything into the recording.
  ...['pipe,fd,file,udp,rtp', '-localaddr', '127.0.0.1', '-buffer_size', '4194304'],
  ...['-reorder_queue_size', '64', '-analyzeduration', '2000000', '-f', 'sdp', '-i', 'pipe:0'],
];

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

  // `sdp` is what it receives, `output` what it makes of it.
  static start(program: string, sdp: string, output: string[]): Ffmpeg {
    const stdio = ['pipe', 'ignore', 'pipe'] as ['pipe', 'ignore', 'pipe'];
    const child = spawn(program, [...kInput, ...output], { stdio, detached: true });
    child.stdin.on('error', () => {});
    child.stdin.end(sdp);
    return new Ffmpeg(child);
  }

  get pid(): number | undefined {
    return this.child.pid;
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
    throw new ToolFailure('died', `FFmpeg did not listen within ${kStartMs / 1000} s: ${this.last}`);
  }

  // After the goodbyes.
  async stop(): Promise<void> {
    this.ending = true;
    // The first SIGINT lets it wait for what it is reading, the second does not.
    for (const signal of ['SIGINT', 'SIGINT', 'SIGKILL'] as const) {
      if (this.isOver) return;
      const timer = setTimeout(() => this.child.kill(signal), kGoodbyeMs);
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, kGoodbyeMs + 500))]);
      clearTimeout(timer);
    }
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
