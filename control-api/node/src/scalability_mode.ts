// Scalability modes of W3C webrtc-svc §6: L1T3, L3T3_KEY, S2T1, ...

export interface ScalabilityMode {
  spatialLayers: number;
  temporalLayers: number;
  ksvc: boolean;
}

const pattern = /^[LS]([1-9]\d?)T([1-9]\d?)(_KEY)?/;

/** One layer of each kind if `mode` is missing or no scalability mode. */
export function parseScalabilityMode(mode?: string): ScalabilityMode {
  const match = pattern.exec(mode ?? '');
  return {
    spatialLayers: Number(match?.[1] ?? 1),
    temporalLayers: Number(match?.[2] ?? 1),
    ksvc: match?.[3] !== undefined,
  };
}
