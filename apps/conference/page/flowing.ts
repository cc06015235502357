// When media of a new stream has arrived, so that it can take the place of an old one unnoticed.

import type { types } from 'mediasoup-client';

import type { Timing } from './timing';

const kLookMs = 40;
// The old one ends a second and a half after the sender said that all flows.
const kPatienceMs = 3000;

// Runs `task` when a picture was decoded, or sound arrived, or it has taken too long. Returns how to
// stop.
export function whenFlowing(
  consumer: Pick<types.Consumer, 'kind' | 'rtpReceiver'>,
  timing: Timing,
  task: () => void,
): () => void {
  const endAt = timing.now() + kPatienceMs;
  let stopped = false;
  const look = async (): Promise<void> => {
    const flows = await hasArrived(consumer);
    if (stopped) return;
    if (flows || timing.now() >= endAt) {
      stopped = true;
      return task();
    }
    cancel = timing.after(kLookMs, () => void look());
  };
  let cancel = timing.after(0, () => void look());
  return () => {
    stopped = true;
    cancel();
  };
}

async function hasArrived({
  kind,
  rtpReceiver,
}: Pick<types.Consumer, 'kind' | 'rtpReceiver'>): Promise<boolean> {
  const report = await rtpReceiver?.getStats().catch(() => null);
  let arrived = false;
  report?.forEach((entry: { type: string; framesDecoded?: number; packetsReceived?: number }) => {
    if (entry.type !== 'inbound-rtp') return;
    const count = kind === 'video' ? entry.framesDecoded : entry.packetsReceived;
    if ((count ?? 0) > 0) arrived = true;
  });
  return arrived;
}
