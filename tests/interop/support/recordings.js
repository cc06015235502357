// What made-up cameras and microphones play: a picture with motion and detail, and sound that never
// pauses.
//
// Chromium's own made-up camera is nearly a still, which an encoder sends with a tenth of its rate,
// and its microphone beeps between silences, in which concealment cannot be told from pause.

import { writeFile } from 'node:fs/promises';

const kSeconds = 3;

// xorshift32: the same pictures in each run.
function* noise(seed) {
  for (let state = seed; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 24;
  }
}

// A wall with a texture, and before it a disc that moves over it in a circle. The texture drifts
// by `kDrift` pixels per frame and comes back to where it began when the recording starts over.
const kDrift = 2;
function paint(luma, texture, { width, height, frame, frames }) {
  const angle = (frame / frames) * 2 * Math.PI;
  const x = width / 2 + Math.cos(angle) * width * 0.25;
  const middle = height / 2 + Math.sin(angle) * height * 0.2;
  const radius = height * 0.25;
  // There and back.
  const shift = kDrift * Math.min(frame, frames - frame);
  for (let y = 0; y < height; ++y) {
    const dy = y - middle;
    const half = Math.sqrt(Math.max(0, radius * radius - dy * dy));
    const row = y * texture.width + shift;
    luma.set(texture.data.subarray(row, row + width), y * width);
    if (half > 0) {
      const from = y * width + Math.round(x - half);
      luma.fill(80 + ((y >> 3) & 1) * 90, from, from + Math.round(2 * half));
    }
  }
}

// Blocks of grey with a little grain, so that the smaller layers have something left of it.
function makeTexture(width, height, seed) {
  const random = noise(seed);
  const blocks = Uint8Array.from({ length: 64 * 64 }, () => random.next().value);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const block = blocks[((y >> 4) & 63) * 64 + ((x >> 4) & 63)];
      data[y * width + x] = 60 + (block >> 1) + (random.next().value >> 4);
    }
  }
  return { data, width };
}

// A .y4m file for --use-file-for-fake-video-capture, which plays it over and over.
export async function recordCamera(path, { width, height, fps, seed = 1 }) {
  const frames = kSeconds * fps;
  const texture = makeTexture(width + kDrift * frames, height, seed);
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < frames; ++frame) {
    const picture = Buffer.alloc((width * height * 3) / 2, 110 + seed * 9);
    paint(picture.subarray(0, width * height), texture, { width, height, frame, frames });
    parts.push(Buffer.from('FRAME\n'), picture);
  }
  await writeFile(path, Buffer.concat(parts));
}

const kSampleRate = 48_000;

// A .wav file for --use-file-for-fake-audio-capture: a voice-like buzz that swells and fades four
// times a second, and is never silent.
export async function recordVoice(path, { pitch = 140 } = {}) {
  const samples = kSampleRate * kSeconds;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); // PCM
  data.writeUInt16LE(1, 22); // one channel
  data.writeUInt32LE(kSampleRate, 24);
  data.writeUInt32LE(kSampleRate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; ++at) {
    const seconds = at / kSampleRate;
    const swell = 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * seconds);
    let sum = 0;
    for (let harmonic = 1; harmonic <= 8; ++harmonic) {
      sum += Math.sin(2 * Math.PI * pitch * harmonic * seconds) / harmonic;
    }
    data.writeInt16LE(Math.round(6000 * swell * sum), 44 + at * 2);
  }
  await writeFile(path, data);
}
