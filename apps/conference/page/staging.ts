// Who is shown large.

import type { Importance } from './layer_choice';

export type ViewMode = 'grid' | 'speaker';

// What could take the stage; `Shown` is a tile, or in tests whatever.
export interface Candidates<Shown> {
  pinned: Shown | null;
  // Shared screens, the newest last.
  screens: Shown[];
  // Whoever dominates the conversation, other than oneself.
  speaker: Shown | null;
  mode: ViewMode;
}

// What a person chose goes before what is shared, and that before who speaks.
export function chooseStage<Shown>({
  pinned,
  screens,
  speaker,
  mode,
}: Candidates<Shown>): Shown | null {
  const screen = screens[screens.length - 1] ?? null;
  return pinned ?? screen ?? (mode === 'speaker' ? speaker : null);
}

export function importanceOf<Shown>(
  shown: Shown,
  { pinned, speaker }: Candidates<Shown>,
  staged: Shown | null,
): Importance {
  if (shown === pinned) return 'pinned';
  if (shown === staged) return 'staged';
  return shown === speaker ? 'speaking' : 'thumbnail';
}
