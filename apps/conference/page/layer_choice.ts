// Which layer of a video fits the tile it is shown in.

import type { LayerShape, PictureSize } from '../protocol/messages';

// A tile as it is on the screen, in pixels of the device.
export interface View {
  width: number;
  height: number;
  // A screen is shown whole, a face fills its tile.
  fit: 'contain' | 'cover';
  // Scrolled away.
  outOfSight: boolean;
  // The whole page is in the background.
  inBackground: boolean;
  importance: Importance;
}

export type Importance = 'thumbnail' | 'speaking' | 'staged' | 'pinned';

export interface Choice {
  spatialLayer: number;
  temporalLayer: number;
  priority: number;
  paused: boolean;
}

// Enlarging a face by a sixth is not seen, and the next layer costs three times as much. Letters are
// read, and show it.
const kEnough = { cover: 0.85, contain: 1 };
// Before the sender has told; what most cameras give.
const kUsualCapture: PictureSize = { width: 1280, height: 720 };

// Of 255. The steps are wide, so that an allocator that works in shares sees them as well.
const kPriority: Record<Importance, number> = {
  thumbnail: 32,
  speaking: 96,
  staged: 160,
  pinned: 224,
};

export function chooseLayers(
  { scales, temporalLayers }: LayerShape,
  capture: PictureSize | null,
  view: View,
): Choice {
  const priority = kPriority[view.importance];
  const top = temporalLayers - 1;
  const paused = view.outOfSight;
  // Nobody looks: as little as there is, so that the picture is back at once.
  if (view.inBackground) return { spatialLayer: 0, temporalLayer: 0, priority: 1, paused };
  const needed = scaleNeeded(capture ?? kUsualCapture, view);
  const fitting = scales.findIndex((scale) => 1 / scale >= needed * kEnough[view.fit]);
  const spatialLayer = fitting < 0 ? Math.max(0, scales.length - 1) : fitting;
  return { spatialLayer, temporalLayer: top, priority, paused };
}

// The share of the captured size at which the picture is shown.
function scaleNeeded({ width, height }: PictureSize, view: View): number {
  const across = view.width / width;
  const down = view.height / height;
  return view.fit === 'cover' ? Math.max(across, down) : Math.min(across, down);
}
