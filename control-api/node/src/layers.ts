// Layers of a picture as applications name them, and as the schema does.
import { ConsumerLayersT } from './generated/schema.js';
import { asDictionary, asInteger, compact, optional } from './ortc/fields.js';
import type { RtpEncodingParameters } from './rtp_types.js';
import { parseScalabilityMode } from './scalability_mode.js';

/**
 * Sizes and frame rates of a video, both counted from 0, the lowest. Of several encodings the one
 * with the larger picture is the higher spatial layer, wherever it stands in the list.
 */
export interface ConsumerLayers {
  /** 0 to 254. */
  spatialLayer: number;
  /** 0 to 254; all of them if missing. */
  temporalLayer?: number;
}

/** What the schema says for "all temporal layers". */
const allTemporalLayers = 255;
const maxLayer = allTemporalLayers - 1;

/** `value` as layers. More than there can be is not wrong: the worker takes the highest then. */
export function asConsumerLayers(value: unknown, where: string): ConsumerLayers {
  const layers = asDictionary(value, where);
  const asLayer = (layer: unknown, place: string): number => asInteger(layer, place, 0, maxLayer);
  return compact({
    spatialLayer: asLayer(layers.spatialLayer, `${where}.spatialLayer`),
    temporalLayer: optional(layers.temporalLayer, `${where}.temporalLayer`, asLayer),
  });
}

export function encodeLayers({ spatialLayer, temporalLayer }: ConsumerLayers): ConsumerLayersT {
  return new ConsumerLayersT(spatialLayer, temporalLayer ?? allTemporalLayers);
}

/** Undefined where the worker says that nothing flows, or nothing is asked for. */
export function decodeLayers(layers: ConsumerLayersT | null): ConsumerLayers | undefined {
  if (!layers) return undefined;
  const { spatialLayer, temporalLayer } = layers;
  return temporalLayer === allTemporalLayers ? { spatialLayer } : { spatialLayer, temporalLayer };
}

/** The highest layers that `encodings` declare. */
export function highestLayers(encodings: RtpEncodingParameters[]): Required<ConsumerLayers> {
  const modes = encodings.map(({ scalabilityMode }) => parseScalabilityMode(scalabilityMode));
  const spatialLayers = encodings.length > 1 ? encodings.length : (modes[0]?.spatialLayers ?? 1);
  const temporalLayers = Math.max(1, ...modes.map((mode) => mode.temporalLayers));
  return { spatialLayer: spatialLayers - 1, temporalLayer: temporalLayers - 1 };
}
