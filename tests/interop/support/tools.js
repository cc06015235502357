// FFmpeg and GStreamer of the system, as processes that end with their test.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

// Lines of output kept for whoever wants to know why.
const kKept = 30;

function has(command) {
  return spawnSync(command, ['-version'], { stdio: 'ignore' }).error === undefined;
}

function hasElements(...names) {
  const inspect = (name) => spawnSync('gst-inspect-1.0', [name], { stdio: 'ignore' }).status === 0;
  return names.every(inspect);
}

// Reasons to skip, or false.
export function whyNoFfmpeg() {
  return has('ffmpeg') ? false : "there is no ffmpeg: install Debian's package of that name";
}
export function whyNoGStreamer() {
  const found = hasElements('vp8enc', 'rtpvp8pay', 'opusenc', 'srtpenc', 'avdec_h264');
  return found
    ? false
    : 'GStreamer lacks elements: install gstreamer1.0-tools, -plugins-good, -plugins-bad, -libav';
}

// A tool at work. What it writes is kept, and counted by `read` of each line of its standard output.
export class Tool {
  constructor(command, args, { input, read } = {}) {
    this.errors = [];
    this.command = [command, ...args].join(' ');
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdin.end(input);
    lines(this.#process.stderr, (line) => {
      this.errors.push(line);
      if (this.errors.length > kKept) this.errors.shift();
    });
    lines(this.#process.stdout, (line) => read?.(line));
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal);
  }
  #process;

  // As a user would end it.
  terminate() {
    this.#process.kill('SIGTERM');
  }

  async stop() {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

function lines(stream, each) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    parts.filter((line) => line !== '').forEach(each);
  });
}

// A picture in motion and a tone, paced by the clock.
export const kFfmpegSource = [
  ...['-hide_banner', '-loglevel', 'error', '-re'],
  ...['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=15'],
  ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
];

// Encoders of FFmpeg as a caller would set them: no delay, a key frame every second, because it
// answers no request for one.
export const kFfmpegEncoders = {
  'video/VP8': ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k'],
  'video/H264': [
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'baseline',
    ],
    ...['-pix_fmt', 'yuv420p', '-b:v', '600k'],
  ],
};

// Shows what an SDP describes to nobody, and counts its pictures and its complaints.
export class FfmpegReceiver {
  constructor(sdp, { seconds = 60 } = {}) {
    this.frames = 0;
    this.microseconds = 0;
    const args = [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-protocol_whitelist'],
      ...['file,fd,pipe,crypto,data,udp,rtp,srtp', '-f', 'sdp', '-i', 'pipe:0'],
      ...['-t', String(seconds), '-progress', 'pipe:1', '-stats_period', '0.2', '-f', 'null', '-'],
    ];
    this.tool = new Tool('ffmpeg', args, { input: sdp, read: (line) => this.#read(line) });
  }

  #read(line) {
    const [name, value] = line.split('=');
    if (name === 'frame') this.frames = Number(value);
    if (name === 'out_time_us' && value !== 'N/A') this.microseconds = Number(value);
  }
}
