// How far flashes and beeps of a file are apart, frame by frame and sample by sample.

import { spawnSync } from 'node:child_process';

const kRate = 8000;
// Of a fully lit picture and of a full tone, between dark and silent.
const kLit = 128;
const kLoud = 3000;
// Nothing that belongs together lies further apart, as the beat is a second.
const kFarthest = 0.4;
// A beep of a kilohertz passes through zero; two of its periods without it are its end.
const kQuiet = kRate * 0.02;

// Pictures at the times they have, not at those of the nearest round rate.
const kAsTimed = ['-vsync', 'passthrough', '-enc_time_base', '1:90000'];

function run(program, args) {
  const options = { maxBuffer: 1 << 30 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (error || status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  return { stdout, stderr: stderr.toString() };
}

// Streams, packets and what FFmpeg complains about when it decodes all of it.
export function inspect(path) {
  const { stdout } = run('ffprobe', [
    ...['-v', 'error', '-of', 'json', '-show_streams', '-show_format', '-show_packets'],
    ...['-show_entries', 'packet=stream_index,pts_time,duration_time,flags', path],
  ]);
  const { streams, packets, format } = JSON.parse(stdout);
  const tracks = streams.map(({ index, codec_type: kind, codec_name: codec, width, height }) => {
    const own = packets.filter(({ stream_index: of }) => of === index);
    const times = own.map(({ pts_time: time }) => Number(time));
    const first = own[0];
    return {
      ...{ kind, codec, width, height, packets: own.length },
      ...{ start: Math.min(...times), end: Math.max(...times) },
      beginsWithKeyFrame: first?.flags.startsWith('K') ?? false,
      longestGap: Math.max(0, ...times.slice(1).map((time, at) => time - times[at])),
    };
  });
  const { stderr } = run('ffmpeg', ['-v', 'error', '-i', path, ...kAsTimed, '-f', 'null', '-']);
  const complaints = stderr.split('\n').filter((line) => line !== '');
  return { format: format.format_name, duration: Number(format.duration), tracks, complaints };
}

// When the picture becomes light, in seconds. What matters is when it is shown.
function flashes(path) {
  const { stdout } = run('ffprobe', [
    ...['-v', 'error', '-f', 'lavfi', '-of', 'csv=p=0'],
    ...['-show_entries', 'frame=pts_time:frame_tags=lavfi.signalstats.YAVG'],
    `movie=${path},scale=32:18,signalstats`,
  ]);
  const frames = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  return frames.flatMap(([time, luma], at) =>
    at > 0 && luma >= kLit && frames[at - 1][1] < kLit ? [time] : [],
  );
}

// When it becomes loud, on the time axis of the file: holes count as silence.
function beeps(path) {
  const { stdout } = run('ffmpeg', [
    ...['-v', 'error', '-copyts', '-i', path, '-map', '0:a', '-ac', '1'],
    ...['-af', 'aresample=async=1:min_hard_comp=0.005:first_pts=0', '-ar', String(kRate)],
    ...['-f', 's16le', '-'],
  ]);
  const found = [];
  let last = -Infinity;
  for (let at = 0; 2 * at + 1 < stdout.length; ++at) {
    if (Math.abs(stdout.readInt16LE(2 * at)) < kLoud) continue;
    if (at - last > kQuiet) found.push(at / kRate);
    last = at;
  }
  return found;
}

// For each flash that has a beep: when it was, and how many milliseconds later the beep came.
export function beat(path) {
  const heard = beeps(path);
  return flashes(path).flatMap((at) => {
    const nearest = heard.reduce(
      (best, time) => (Math.abs(time - at) < Math.abs(best - at) ? time : best),
      Infinity,
    );
    return Math.abs(nearest - at) < kFarthest ? [{ at, lagMs: (nearest - at) * 1000 }] : [];
  });
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

// Median of all, and of the last quarter against the first: single frames are 33 ms apart.
export function summary(beats) {
  const lags = beats.map(({ lagMs }) => lagMs);
  const quarter = Math.max(1, lags.length >> 2);
  return {
    beats: lags.length,
    lagMs: Math.round(median(lags)),
    driftMs: Math.round(median(lags.slice(-quarter)) - median(lags.slice(0, quarter))),
    worstMs: Math.round(Math.max(...lags.map(Math.abs))),
  };
}
