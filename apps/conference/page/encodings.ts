// How a picture is encoded: in how many sizes, at which bit rates, and what of it to send when not
// everything is watched.
//
// VP8 and H264 send each size as a stream of its own (simulcast); VP9 and AV1 build one size upon the
// other in a single stream (SVC). Either way sizes are counted from 0, the smallest.

import type { PictureSize } from '../protocol/messages';
import type { CodecName } from './params';

export const kLayerModes = ['simulcast', 'svc', 'none'] as const;
// What the address of the page asks for; null leaves it to the codec.
export type LayerMode = (typeof kLayerModes)[number];

// The part of RTCRtpEncodingParameters that is used here (WebRTC §5.2.5, WebRTC-SVC §5).
export interface Encoding {
  active?: boolean;
  rid?: string;
  maxBitrate?: number;
  maxFramerate?: number;
  scaleResolutionDownBy?: number;
  scalabilityMode?: string;
}

// What somebody watches, as the server tells it.
export interface Wanted {
  // The highest layers; null if nobody watches.
  layers: { spatialLayer: number; temporalLayer?: number } | null;
  // For each encoding whether somebody wants it.
  encodings: boolean[];
}

export interface PlanRequest {
  source: 'camera' | 'screen';
  codec: CodecName | null;
  mode: LayerMode | null;
  capture: PictureSize;
  // Only Chromium puts several sizes into one stream.
  canSvc: boolean;
}

// Bits per second that make a moving face of so many pixels look good, in VP8 at 30 pictures a
// second; in between it is interpolated.
const kCameraRates: [pixels: number, rate: number][] = [
  [160 * 90, 80_000],
  [320 * 180, 150_000],
  [640 * 360, 500_000],
  [1280 * 720, 1_700_000],
  [1920 * 1080, 3_000_000],
];
// Letters need more for each of their fewer pictures.
const kScreenRates: [pixels: number, rate: number][] = [
  [640 * 360, 350_000],
  [1280 * 720, 1_200_000],
  [1920 * 1080, 2_500_000],
  [3840 * 2160, 4_000_000],
];
// Below these sizes encoders refuse the lowest layers, and half of the picture shows nothing.
const kThreeSizes = 960 * 540;
const kTwoSizes = 480 * 270;
const kScreenFps = 15;

export function bitrateFor(source: 'camera' | 'screen', { width, height }: PictureSize): number {
  const rates = source === 'camera' ? kCameraRates : kScreenRates;
  const pixels = width * height;
  let [below, rate] = rates[0]!;
  if (pixels <= below) return rate;
  for (const [above, most] of rates) {
    if (pixels <= above) {
      const share = above === below ? 1 : (pixels - below) / (above - below);
      return Math.round(rate + (most - rate) * share);
    }
    [below, rate] = [above, most];
  }
  return rate;
}

// The encodings to start with, from the smallest picture to the largest.
export function planEncodings(request: PlanRequest): Encoding[] {
  const { source, codec, capture, canSvc } = request;
  const buildsUp = codec === 'VP9' || codec === 'AV1';
  const mode = request.mode ?? (buildsUp ? 'svc' : 'simulcast');
  const sizes = sizesOf(source, capture);
  if (mode === 'none') return [single(request)];
  if (mode === 'simulcast') return sizes > 1 ? simulcast(request, sizes) : [temporal(request)];
  // A shared screen keeps its one size: what is built upon a small one is soft for too long.
  const spatial = buildsUp && source === 'camera' && canSvc ? sizes : 1;
  if (spatial === 1) return [temporal(request)];
  return [{ ...single(request), scalabilityMode: `L${spatial}T3_KEY` }];
}

function sizesOf(source: 'camera' | 'screen', { width, height }: PictureSize): number {
  const pixels = width * height;
  if (pixels >= kThreeSizes) return source === 'camera' ? 3 : 2;
  return pixels >= kTwoSizes && source === 'camera' ? 2 : 1;
}

function simulcast({ source, capture }: PlanRequest, sizes: number): Encoding[] {
  return Array.from({ length: sizes }, (_, at) => {
    const scale = 2 ** (sizes - 1 - at);
    return { ...encoding(source, capture, scale), scalabilityMode: 'L1T3' };
  });
}

function temporal(request: PlanRequest): Encoding {
  return { ...single(request), scalabilityMode: 'L1T3' };
}

function single({ source, capture }: PlanRequest): Encoding {
  const { scaleResolutionDownBy: _whole, ...rest } = encoding(source, capture, 1);
  return rest;
}

function encoding(source: 'camera' | 'screen', capture: PictureSize, scale: number): Encoding {
  const { width, height } = capture;
  const size = { width: width / scale, height: height / scale };
  const base = { scaleResolutionDownBy: scale, maxBitrate: bitrateFor(source, size) };
  return source === 'screen' ? { ...base, maxFramerate: kScreenFps } : base;
}

// The same encodings for a picture of another size.
export function fitRates(
  plan: Encoding[],
  source: 'camera' | 'screen',
  { width, height }: PictureSize,
): Encoding[] {
  return plan.map((one) => {
    const scale = one.scaleResolutionDownBy ?? 1;
    const size = { width: width / scale, height: height / scale };
    return { ...one, maxBitrate: bitrateFor(source, size) };
  });
}

const kBuildUp = /^L([2-8])T([1-8])(.*)$/;

// What to send now: the plan without what nobody wants. Null stands for "not told yet".
export function encodingsWanted(plan: Encoding[], wanted: Wanted | null): Encoding[] {
  if (!wanted) return plan.map((one) => ({ ...one, active: true }));
  const [only] = plan;
  const sizes = plan.length === 1 && only ? kBuildUp.exec(only.scalabilityMode ?? '') : null;
  if (only && sizes) return [lowered(only, sizes, wanted)];
  // The smallest goes on beside larger ones: a receiver whose line narrows falls to it without
  // waiting for this page, and a browser that has one encoding left makes it smaller than was asked.
  const any = wanted.encodings.includes(true);
  return plan.map((one, at) => {
    const active = wanted.encodings[at] ?? true;
    return { ...one, active: active || (at === 0 && any) };
  });
}

// Fewer sizes in one stream: the encoder then starts from a picture that is scaled down, so that the
// sizes that remain are what they were.
function lowered(plan: Encoding, sizes: RegExpExecArray, { layers, encodings }: Wanted): Encoding {
  const [, planned, temporalLayers, suffix] = sizes;
  const active = encodings[0] ?? true;
  const most = Number(planned);
  const spatial = Math.min(most, (layers?.spatialLayer ?? 0) + 1);
  if (!layers || spatial === most) return { ...plan, scaleResolutionDownBy: 1, active };
  const scale = 2 ** (most - spatial);
  const top = plan.maxBitrate ?? 0;
  return {
    ...plan,
    active,
    scaleResolutionDownBy: scale,
    // Rates grow a little slower than pixels do.
    maxBitrate: Math.round(top / scale ** 1.7),
    scalabilityMode: `L${spatial}T${temporalLayers}${spatial > 1 ? suffix : ''}`,
  };
}

// When nobody watches at all, the smallest picture goes on for a while: who comes next sees
// something at once, and the estimate of the line stays warm.
export function keepWarm(wanted: Wanted): Wanted {
  const encodings = wanted.encodings.map((_, at) => at === 0);
  return { layers: { spatialLayer: 0 }, encodings };
}

// `next` written into what the browser gave out, field by field; true if anything is new.
export function assignEncodings(current: Encoding[], next: Encoding[]): boolean {
  let changed = false;
  for (const [at, target] of current.entries()) {
    const { rid: _fixed, ...fields } = next[at] ?? {};
    for (const [key, value] of Object.entries(fields) as [keyof Encoding, never][]) {
      if (target[key] === value) continue;
      target[key] = value;
      changed = true;
    }
  }
  return changed;
}
