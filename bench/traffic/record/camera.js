// What the recorded camera and microphone show and hear: made up, the same each time, and with
// enough detail, motion and noise that an encoder spends the rate it is given.

import { open } from 'node:fs/promises';

export const kWidth = 1280;
export const kHeight = 720;
export const kRate = 30;
// Played over and over, so the last picture leads to the first.
const kPictures = 60;

const kSampleRate = 48_000;
const kSpeechSeconds = 20;

// xorshift32: the same numbers on every machine.
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// A wall with a pattern, and somebody in front of it who sways.
function paint(luma, picture, noise) {
  const turn = (2 * Math.PI * picture) / kPictures;
  const [x0, y0] = [640 + 90 * Math.sin(turn), 400 + 30 * Math.sin(2 * turn)];
  for (let y = 0; y < kHeight; ++y) {
    for (let x = 0; x < kWidth; ++x) {
      const [dx, dy] = [(x - x0) / 190, (y - y0) / 300];
      const person = dx * dx + dy * dy < 1;
      const wall = 110 + 30 * Math.sin(x / 23) * Math.cos(y / 31) + 12 * Math.sin((x + 2 * y) / 7);
      const face = 150 + 35 * Math.sin((x - x0) / 17) * Math.sin((y - y0) / 13 + turn);
      luma[y * kWidth + x] = (person ? face : wall) + noise[(picture * 7919 + y * 1283 + x) & 0xfffff];
    }
  }
}

// YUV4MPEG2, which Chromium takes for a camera.
export async function writeCamera(path) {
  const random = generator(1);
  const noise = Float32Array.from({ length: 1 << 20 }, () => (random() + random() - 1) * 5);
  const luma = new Uint8ClampedArray(kWidth * kHeight);
  const chroma = Buffer.alloc((kWidth * kHeight) / 2, 124);
  const file = await open(path, 'w');
  await file.write(`YUV4MPEG2 W${kWidth} H${kHeight} F${kRate}:1 Ip A1:1 C420jpeg\n`);
  for (let picture = 0; picture < kPictures; ++picture) {
    paint(luma, picture, noise);
    await file.write('FRAME\n');
    await file.write(Buffer.from(luma.buffer));
    await file.write(chroma);
  }
  await file.close();
}

// Syllables of a voice with pauses between the sentences: Opus's rate follows them, and so does the
// audio level.
function speech() {
  const random = generator(2);
  const samples = new Int16Array(kSampleRate * kSpeechSeconds);
  for (let i = 0; i < samples.length; ++i) {
    const seconds = i / kSampleRate;
    const speaking = seconds % 5 < 3.6;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 3.1 * seconds)) ** 0.7;
    const pitch = 2 * Math.PI * (118 + 14 * Math.sin(2.3 * seconds)) * seconds;
    let voice = 0;
    for (let k = 1; k <= 20; ++k) voice += Math.sin(k * pitch) / (1 + Math.abs(k - 6));
    const breath = (random() - 0.5) * 0.6;
    const loud = speaking ? syllable : 0;
    samples[i] = 3200 * loud * (voice + breath) + 12 * (random() - 0.5);
  }
  return samples;
}

export async function writeMicrophone(path) {
  const samples = speech();
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(kSampleRate, 24);
  head.writeUInt32LE(kSampleRate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  const file = await open(path, 'w');
  await file.write(head);
  await file.write(Buffer.from(samples.buffer));
  await file.close();
}
