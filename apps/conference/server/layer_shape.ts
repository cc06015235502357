// What layers a sender declares, for pages that are to choose among them.

import type { types } from 'mediasoup-client';

import type { LayerShape } from '../protocol/messages';

// "L3T3_KEY" of Scalable Video Coding for WebRTC §5: three sizes, three frame rates. In the modes
// with an h each size is 1.5 times the one below instead of twice.
const kMode = /^[LS]([1-8])T([1-8])(h?)/;

interface Mode {
  spatial: number;
  temporal: number;
  step: number;
}

function parse(mode: string | undefined): Mode {
  const [, spatial, temporal, half] = kMode.exec(mode ?? '') ?? [];
  if (!spatial || !temporal) return { spatial: 1, temporal: 1, step: 2 };
  return { spatial: Number(spatial), temporal: Number(temporal), step: half ? 1.5 : 2 };
}

// The larger picture is the higher layer, in whichever order the encodings stand.
export function layerShape(encodings: types.RtpEncodingParameters[]): LayerShape {
  const modes = encodings.map(({ scalabilityMode }) => parse(scalabilityMode));
  const temporalLayers = Math.max(1, ...modes.map(({ temporal }) => temporal));
  if (encodings.length > 1) {
    const told = encodings.some(({ scaleResolutionDownBy }) => scaleResolutionDownBy !== undefined);
    // SDP has no word for it. Halves are what most senders make, and those of smaller steps send
    // somewhat more than what was asked for.
    const scales = encodings.map(({ scaleResolutionDownBy }, at) =>
      told ? (scaleResolutionDownBy ?? 1) : 2 ** at,
    );
    return { scales: scales.sort((a, b) => b - a), temporalLayers };
  }
  const scale = encodings[0]?.scaleResolutionDownBy ?? 1;
  const { spatial, step } = modes[0] ?? parse(undefined);
  const scales = Array.from({ length: spatial }, (_, at) => scale * step ** (spatial - 1 - at));
  return { scales, temporalLayers };
}
