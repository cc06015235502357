// How long an Opus packet lasts, and one that is silent (RFC 6716 §3.1).

// By the upper five bits of the first byte, four configurations to a line.
const kFrameUs = [
  ...[10_000, 20_000, 40_000, 60_000],
  ...[10_000, 20_000, 40_000, 60_000],
  ...[10_000, 20_000, 40_000, 60_000],
  ...[10_000, 20_000, 10_000, 20_000],
  ...[2_500, 5_000, 10_000, 20_000],
  ...[2_500, 5_000, 10_000, 20_000],
  ...[2_500, 5_000, 10_000, 20_000],
  ...[2_500, 5_000, 10_000, 20_000],
];
const kDefaultUs = 20_000;

// 20 ms of CELT without energy.
export const kOpusSilence = Buffer.from([0xf8, 0xff, 0xfe]);
export const kOpusSilenceUs = 20_000;

export function opusDurationUs(payload: Buffer): number {
  const first = payload[0];
  if (first === undefined) return kDefaultUs;
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? (payload[1] ?? 1) & 0x3f : 2;
  return (kFrameUs[first >> 3] ?? kDefaultUs) * Math.max(1, frames);
}
