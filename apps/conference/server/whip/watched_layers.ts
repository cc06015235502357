// The sizes and frame rates of a picture that is watched, and which of them a player asks for
// (draft-ietf-wish-whep, "layers event" and "Video Layer Selection extension").
//
// A size has one number here, its spatialLayerId, whether it is an encoding of its own (which has a
// rid as well) or a part of one: the smallest picture is 0.

import type { EngineLayers, EngineStreamStats } from '../engine';
import { problem, tryLater } from '../http_problem';
import type { Sent } from '../peer';

export interface WatchedLayer {
  rid?: string;
  // As earlier drafts call the rid, and players in the field do.
  encodingId?: string;
  spatialLayerId: number;
  temporalLayerId?: number;
  // With the frame rates below it; 0 if it does not flow.
  bitrate: number;
  width?: number;
  height?: number;
}

export interface LayerSelection {
  rid?: string | undefined;
  encodingId?: string | undefined;
  spatialLayerId?: number | undefined;
  temporalLayerId?: number | undefined;
  maxSpatialLayerId?: number | undefined;
  maxTemporalLayerId?: number | undefined;
  maxWidth?: number | undefined;
  maxHeight?: number | undefined;
}

// What stands for the highest there is, also of a publisher that adds some later.
const kHighest = 254;
// Four encodings of four frame rates, or the like in one stream.
const kMaxLayers = 32;

// The smallest picture first, as the engine counts them.
export function describeLayers(
  streams: EngineStreamStats[],
  { producer, shape }: Pick<Sent, 'producer' | 'shape'>,
): WatchedLayer[] {
  const { encodings = [] } = producer.rtpParameters;
  const declared = (stream: EngineStreamStats, at: number) =>
    encodings.find(({ rid }) => rid !== undefined && rid === stream.rid) ?? encodings[at] ?? {};
  const rows = streams.map((stream, at) => ({ stream, at, encoding: declared(stream, at) }));
  rows.sort(
    (a, b) =>
      (b.encoding.scaleResolutionDownBy ?? 1) - (a.encoding.scaleResolutionDownBy ?? 1) ||
      (a.encoding.maxBitrate ?? 0) - (b.encoding.maxBitrate ?? 0) ||
      areaOf(a.stream) - areaOf(b.stream) ||
      a.at - b.at,
  );
  const layers =
    rows.length > 1
      ? rows.flatMap(({ stream }, size) => ofEncoding(stream, size))
      : rows.flatMap(({ stream }) => ofStream(stream, shape?.scales ?? [1]));
  return layers.slice(0, kMaxLayers);
}

// The layers to ask the engine for, which sends no more than these, and less where the line is narrow.
// Throws 422 for what there is not, and 409 for sizes that are not known yet.
export function chooseLayers(layers: WatchedLayer[], wish: LayerSelection): EngineLayers {
  const limits = [
    ridLimit(layers, wish.rid ?? wish.encodingId),
    numberLimit(layers, 'spatialLayerId', wish.spatialLayerId),
    wish.maxSpatialLayerId,
    sizeLimit(layers, wish),
  ].filter((limit) => limit !== undefined);
  const rates = [
    numberLimit(layers, 'temporalLayerId', wish.temporalLayerId),
    wish.maxTemporalLayerId,
  ].filter((limit) => limit !== undefined);
  const spatialLayer = Math.min(kHighest, ...limits);
  return rates.length === 0
    ? { spatialLayer }
    : { spatialLayer, temporalLayer: Math.min(...rates) };
}

function areaOf({ frameWidth = 0, frameHeight = 0 }: EngineStreamStats): number {
  return frameWidth * frameHeight;
}

// An encoding is one size, with its frame rates.
function ofEncoding(stream: EngineStreamStats, spatialLayerId: number): WatchedLayer[] {
  const { rid, bitrate, frameWidth, frameHeight, bitrateByLayer = {} } = stream;
  const common = {
    ...(rid === undefined ? {} : { rid, encodingId: rid }),
    spatialLayerId,
    ...sizeOf(frameWidth, frameHeight, 1),
  };
  const rates = byRate(Object.entries(bitrateByLayer));
  if (rates.length < 2) return [{ ...common, bitrate }];
  return rates.map(([temporalLayerId, sum]) => ({ ...common, temporalLayerId, bitrate: sum }));
}

// Sizes that stand on one another in one stream; the picture that is seen is the largest of them.
function ofStream(stream: EngineStreamStats, scales: number[]): WatchedLayer[] {
  const { bitrate, frameWidth, frameHeight, bitrateByLayer = {} } = stream;
  const entries = Object.entries(bitrateByLayer);
  const largest = scales.at(-1) ?? 1;
  return scales.flatMap((scale, spatialLayerId) => {
    const size = sizeOf(frameWidth, frameHeight, scale / largest);
    const below = entries.filter(([name]) => Number(name.split('.')[0]) <= spatialLayerId);
    const rates = byRate(below);
    const whole = scales.length === 1 ? bitrate : (rates.at(-1)?.[1] ?? 0);
    if (rates.length < 2) return [{ spatialLayerId, ...size, bitrate: whole }];
    return rates.map(([temporalLayerId, sum]) => {
      return { spatialLayerId, temporalLayerId, ...size, bitrate: sum };
    });
  });
}

// Frame rates from the lowest on, each with what those below it have.
function byRate(entries: [string, number][]): [number, number][] {
  const own = new Map<number, number>();
  for (const [name, bitrate] of entries) {
    const rate = Number(name.split('.')[1]);
    own.set(rate, (own.get(rate) ?? 0) + bitrate);
  }
  let sum = 0;
  return [...own]
    .sort(([a], [b]) => a - b)
    .map(([rate, bitrate]) => [rate, (sum += bitrate)] as [number, number]);
}

function sizeOf(width: number | undefined, height: number | undefined, scale: number) {
  if (!width || !height) return {};
  return { width: Math.round(width / scale), height: Math.round(height / scale) };
}

function ridLimit(layers: WatchedLayer[], rid: string | undefined): number | undefined {
  if (rid === undefined) return undefined;
  const found = layers.find((layer) => layer.rid === rid);
  if (found) return found.spatialLayerId;
  const known = [...new Set(layers.flatMap((layer) => layer.rid ?? []))].join(', ') || 'none';
  throw problem(422, `rid: there is no such encoding (there are: ${known}).`);
}

function numberLimit(
  layers: WatchedLayer[],
  name: 'spatialLayerId' | 'temporalLayerId',
  wanted: number | undefined,
): number | undefined {
  if (wanted === undefined) return undefined;
  const most = Math.max(0, ...layers.map((layer) => layer[name] ?? 0));
  if (wanted > most) throw problem(422, `${name}: ${wanted} is more than the highest, ${most}.`);
  return wanted;
}

// The largest that fits, or the smallest there is.
function sizeLimit(
  layers: WatchedLayer[],
  { maxWidth, maxHeight }: LayerSelection,
): number | undefined {
  if (maxWidth === undefined && maxHeight === undefined) return undefined;
  const known = layers.filter(({ width }) => width !== undefined);
  if (known.length === 0) throw tryLater(409, 1, 'No size is known yet.');
  const fitting = known.filter(
    ({ width = 0, height = 0 }) =>
      width <= (maxWidth ?? Infinity) && height <= (maxHeight ?? Infinity),
  );
  return Math.max(0, ...fitting.map(({ spatialLayerId }) => spatialLayerId));
}
