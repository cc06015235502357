// H264's profile-level-id (RFC 6184 §8.1): which decoder a stream needs, in three bytes of hex.

import type { CodecParameters } from '../rtp_types.js';

export type H264Profile =
  | 'constrained-baseline'
  | 'baseline'
  | 'main'
  | 'extended'
  | 'constrained-high'
  | 'high'
  | 'predictive-high-444';

export interface H264ProfileLevel {
  profile: H264Profile;
  /** Ten times the level's number; 9 is level 1b, which lies between 1 and 1.1. */
  level: number;
}

/**
 * Deviation: RFC 6184 §8.1 infers Baseline at level 1 if the parameter is missing. Browsers mean
 * Constrained Baseline at level 3.1, and browsers are whom we talk to.
 */
export const defaultProfileLevelId = '42e01f';

const level1b = 9;

// RFC 6184 table 5: profile_idc, the bits of profile-iop that count, and their values.
const profiles: readonly (readonly [number, number, number, H264Profile])[] = [
  [0x42, 0x4f, 0x40, 'constrained-baseline'],
  [0x4d, 0x8f, 0x80, 'constrained-baseline'],
  [0x58, 0xcf, 0xc0, 'constrained-baseline'],
  [0x42, 0x4f, 0x00, 'baseline'],
  [0x58, 0xcf, 0x80, 'baseline'],
  [0x4d, 0xaf, 0x00, 'main'],
  [0x58, 0xcf, 0x00, 'extended'],
  [0x64, 0xff, 0x00, 'high'],
  [0x64, 0xff, 0x0c, 'constrained-high'],
  [0xf4, 0xff, 0x00, 'predictive-high-444'],
];

const levels = new Set([10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52]);

/** Undefined if `text` is no profile-level-id of a profile that RTP knows. */
export function parseProfileLevelId(text: string): H264ProfileLevel | undefined {
  if (!/^[0-9a-f]{6}$/i.test(text)) return undefined;
  const [idc, iop, levelIdc] = [0, 2, 4].map((at) =>
    Number.parseInt(text.slice(at, at + 2), 16),
  ) as [number, number, number];
  // Level 1b is level 1.1 with constraint_set3 in these profiles (RFC 6184 §8.1), and then this bit
  // says nothing about the profile.
  const saysLevel1b = levelIdc === 11 && (iop & 0x10) !== 0 && [0x42, 0x4d, 0x58].includes(idc);
  const level = saysLevel1b ? level1b : levelIdc;
  if (!saysLevel1b && !levels.has(levelIdc)) return undefined;
  const row = profiles.find(([rowIdc, mask, bits]) => rowIdc === idc && (iop & mask) === bits);
  return row && { profile: row[3], level };
}

export function profileLevelOf(parameters: CodecParameters): H264ProfileLevel | undefined {
  return parseProfileLevelId(String(parameters['profile-level-id'] ?? defaultProfileLevelId));
}

/** True if one decoder fits both: same packetization and same profile. Levels may differ. */
export function isSameH264(a: CodecParameters, b: CodecParameters): boolean {
  // RFC 6184 §8.1: packetization-mode 0 if missing.
  if (Number(a['packetization-mode'] ?? 0) !== Number(b['packetization-mode'] ?? 0)) return false;
  const [first, second] = [profileLevelOf(a), profileLevelOf(b)];
  return first !== undefined && second !== undefined && first.profile === second.profile;
}

/**
 * The profile-level-id to answer with (RFC 6184 §8.2.2): with asymmetry allowed by both, each side
 * names its own level; else the lower of the two. Both have the same profile.
 */
export function answerProfileLevelId(local: CodecParameters, remote: CodecParameters): string {
  const ours = String(local['profile-level-id'] ?? defaultProfileLevelId).toLowerCase();
  const theirs = String(remote['profile-level-id'] ?? defaultProfileLevelId).toLowerCase();
  const asymmetric = [local, remote].every(
    (side) => Number(side['level-asymmetry-allowed'] ?? 0) === 1,
  );
  if (asymmetric) return ours;
  const [ourLevel, theirLevel] = [
    parseProfileLevelId(ours)?.level,
    parseProfileLevelId(theirs)?.level,
  ];
  return theirLevel !== undefined && ourLevel !== undefined && theirLevel < ourLevel
    ? theirs
    : ours;
}
