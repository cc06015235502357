// Why a consumer got what it got.
import { DecisionKind, type DecisionLogT, type DecisionT } from './generated/schema.js';
import { decodeLayers, type ConsumerLayers } from './layers.js';
import { compact } from './ortc/fields.js';

export const mostDecisions = 1024;
export const defaultDecisions = 128;

const kinds = {
  /** The layers that it is to have were chosen. */
  [DecisionKind.Layers]: 'layers',
  /** What flows has changed to them. */
  [DecisionKind.Switched]: 'switched',
  [DecisionKind.Paused]: 'paused',
  [DecisionKind.Resumed]: 'resumed',
  [DecisionKind.PreferredLayers]: 'preferredlayers',
  [DecisionKind.Priority]: 'priority',
  /** Its client asked for one (PLI or FIR). */
  [DecisionKind.KeyFrameWanted]: 'keyframewanted',
  /** The application did, by requestKeyFrame(). */
  [DecisionKind.KeyFrameRequested]: 'keyframerequested',
  [DecisionKind.ProducerPaused]: 'producerpaused',
  [DecisionKind.ProducerResumed]: 'producerresumed',
} as const;

export type ConsumerDecisionKind = (typeof kinds)[DecisionKind];

export interface ConsumerDecision {
  kind: ConsumerDecisionKind;
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  /** With 'layers', 'switched' and 'preferredlayers'; missing for none. */
  layers?: ConsumerLayers;
  /** With 'layers' and 'switched', in one word, as "bandwidthDown". */
  reason?: string;
  /** Bits per second that all video of the transport had to share; missing if no bound was known. */
  availableBitrate?: number;
  /** With 'priority'. */
  priority?: number;
  /** How often in a row the same was decided; `timestamp` is that of the first. */
  times: number;
}

export interface ConsumerDecisionLog {
  /** The oldest first. */
  decisions: ConsumerDecision[];
  /** Older ones that had to make room. */
  overwritten: number;
}

export function decodeDecisionLog({ decisions, overwritten }: DecisionLogT): ConsumerDecisionLog {
  return {
    // A newer worker may know more kinds.
    decisions: decisions.filter(({ kind }) => kind in kinds).map(decodeDecision),
    overwritten: Number(overwritten),
  };
}

function decodeDecision(decision: DecisionT): ConsumerDecision {
  return compact({
    kind: kinds[decision.kind],
    timestamp: Number(decision.timestampMs),
    layers: decodeLayers(decision.layers),
    reason: decision.reason ? String(decision.reason) : undefined,
    availableBitrate: decision.availableBitrate ?? undefined,
    priority: decision.priority || undefined,
    times: decision.times,
  } satisfies ConsumerDecision);
}
