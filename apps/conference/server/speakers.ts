// Who speaks on one router of a room: one observer for who dominates, one for how loud the loudest are.
//
// The observers are made behind the back of the first join, which need not wait for them, and end
// with their router. A room without them is a room in which nobody is highlighted.

import type { EngineObserver, EngineRouter } from './engine';
import { reasonOf } from './log';
import type { Log } from './log';

// How often the engine looks at who dominates; features of a syllable are about this long.
const kSpeakerPeriodMs = 300;
// Levels are for showing, and each report goes to everybody in the room.
const kLevelPeriodMs = 1000;
export const kMostLevels = 8;
// In dBov. A quiet room with an open microphone is below, a whisper above.
const kSilence = -60;

export interface Level {
  producerId: string;
  // In dBov.
  volume: number;
}

export interface SpeakersListener {
  dominant(producerId: string): void;
  // The loudest first; empty when it has become silent.
  levels(levels: Level[]): void;
}

export class Speakers {
  private readonly observers: EngineObserver[] = [];
  private readonly microphones = new Set<string>();

  constructor(
    router: EngineRouter,
    private readonly listener: SpeakersListener,
    private readonly log: Log,
  ) {
    void this.attempt(() => this.watchDominance(router));
    void this.attempt(() => this.watchLevels(router));
  }

  add(producerId: string): void {
    this.microphones.add(producerId);
    for (const observer of this.observers) this.join(observer, producerId);
  }

  // The engine lets go of closed producers by itself.
  remove(producerId: string): void {
    this.microphones.delete(producerId);
  }

  private async watchDominance(router: EngineRouter): Promise<void> {
    const observer = await router.createActiveSpeakerObserver({ interval: kSpeakerPeriodMs });
    observer.on('dominantspeaker', ({ producer }) => this.listener.dominant(producer.id));
    this.enlist(observer);
  }

  private async watchLevels(router: EngineRouter): Promise<void> {
    const observer = await router.createAudioLevelObserver({
      interval: kLevelPeriodMs,
      maxEntries: kMostLevels,
      threshold: kSilence,
    });
    observer.on('volumes', (volumes) => {
      const levels = volumes.map(({ producer, volume }) => ({ producerId: producer.id, volume }));
      this.listener.levels(levels);
    });
    observer.on('silence', () => this.listener.levels([]));
    this.enlist(observer);
  }

  private enlist(observer: EngineObserver): void {
    this.observers.push(observer);
    for (const producerId of this.microphones) this.join(observer, producerId);
  }

  // A producer may be closed while it is being added; that is no error.
  private join(observer: EngineObserver, producerId: string): void {
    void this.attempt(async () => {
      try {
        await observer.addProducer({ producerId });
      } catch (error) {
        if (this.microphones.has(producerId)) throw error;
      }
    });
  }

  private async attempt(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.log.warn('speakers are not observed', { reason: reasonOf(error) });
    }
  }
}
