// How people get from one worker to another without a gap: they have media on both for a moment.
//
// The page is asked, gets a second set of transports, and says when everything flows there. Only then
// does the old one end, a little later, because those who watch this person need a moment as well.

import type { Clock } from './clock';
import type { Peer } from './peer';
import type { LiveWorker } from './worker_pool';

// From "all is well on the new one" to the end of the old one: a key frame for each who watches.
export const kOverlapMs = 1500;
// A page that says nothing has been given up by then.
const kMostOverlapMs = 15_000;
// A page that was just joining when it was asked is asked again.
const kAskAgainMs = 2000;
// Who has not moved by then is reset, as if the worker had died.
export const kEvacuationMs = 20_000;
const kLookMs = 50;

interface Remnant {
  peer: Peer;
  cancel: () => void;
}

export class Moves {
  // By person.
  private readonly remnants = new Map<string, Remnant>();

  constructor(private readonly clock: Clock) {}

  isUnderWay(personId: string): boolean {
    return this.remnants.has(personId);
  }

  begin(before: Peer): void {
    const cancel = this.clock.after(kMostOverlapMs, () => this.end(before.id));
    this.remnants.set(before.id, { peer: before, cancel });
  }

  // Resolves when the old one has ended, at once if there is none.
  complete(personId: string): Promise<void> {
    const remnant = this.remnants.get(personId);
    if (!remnant) return Promise.resolve();
    return new Promise((resolve) => {
      const { cancel } = remnant;
      const stop = this.clock.after(kOverlapMs, () => {
        this.end(personId);
        resolve();
      });
      remnant.cancel = () => {
        cancel();
        stop();
        resolve();
      };
    });
  }

  // The person is where they were; nothing ends.
  cancel(personId: string): void {
    this.remnants.get(personId)?.cancel();
    this.remnants.delete(personId);
  }

  end(personId: string): void {
    const remnant = this.remnants.get(personId);
    if (!remnant) return;
    this.remnants.delete(personId);
    remnant.cancel();
    remnant.peer.close();
  }
}

// Asks everybody on that worker to move, until nobody is left or the time is over.
export function evacuate(
  live: LiveWorker,
  peopleOn: (live: LiveWorker) => Peer[],
  clock: Clock,
): Promise<void> {
  const reason = 'The media server is being replaced.';
  const ask = () => {
    for (const peer of peopleOn(live)) peer.tell('moveRequested', { reason });
  };
  ask();
  return new Promise((resolve) => {
    const done = () => {
      for (const cancel of cancels) cancel();
      resolve();
    };
    const look = () => (live.peers <= 0 || !live.alive) && done();
    const cancels = [
      clock.every(kAskAgainMs, ask),
      clock.every(kLookMs, look),
      clock.after(kEvacuationMs, done),
    ];
  });
}
