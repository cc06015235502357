// Tells who is how loud, from what clients say of their audio (RFC 6464).
import { AudioLevelsT, CreateAudioLevelObserverT, type NotificationT } from './generated/schema.js';
import { Logger } from './logger.js';
import { asDictionary, asInteger } from './ortc/fields.js';
import type { Producer } from './producer.js';
import {
  RtpObserver,
  type RtpObserverEvents,
  type RtpObserverInternal,
  type RtpObserverObserverEvents,
} from './rtp_observer.js';
import type { AppData } from './types.js';

const logger = new Logger('AudioLevelObserver');

export interface AudioLevelObserverOptions<Data extends AppData = AppData> {
  /** How many are told at most: 1 to 64, 1 if missing. */
  maxEntries?: number;
  /** Who is below it on average is not told: -127 to 0 dBov, -80 if missing. */
  threshold?: number;
  /** Milliseconds between two reports, and what is averaged: 250 to 5000, 1000 if missing. */
  interval?: number;
  appData?: Data;
}

export interface AudioLevelObserverVolume {
  producer: Producer;
  /** Average in dBov, -127 to 0. */
  volume: number;
}

type LevelEvents = {
  /** The loudest first. */
  volumes: [AudioLevelObserverVolume[]];
  /** Nobody is above the threshold any more. */
  silence: [];
};

export type AudioLevelObserverEvents = RtpObserverEvents & LevelEvents;
export type AudioLevelObserverObserverEvents = RtpObserverObserverEvents & LevelEvents;

export class AudioLevelObserver<Data extends AppData = AppData> extends RtpObserver<
  Data,
  AudioLevelObserverEvents,
  AudioLevelObserverObserverEvents
> {
  /** @internal Use Router.createAudioLevelObserver(). */
  constructor(internal: RtpObserverInternal<Data>) {
    super(internal);
  }

  get type(): 'audiolevel' {
    return 'audiolevel';
  }

  protected handle({ body, bodyType }: NotificationT): void {
    if (!(body instanceof AudioLevelsT)) {
      logger.debug(`observer ${this.id}: news ${bodyType} is not known here`);
    } else if (body.volumes.length === 0) {
      this.safeEmit('silence');
      this.observer.safeEmit('silence');
    } else {
      this.#tellVolumes(body);
    }
  }

  #tellVolumes(levels: AudioLevelsT): void {
    const volumes = levels.volumes.flatMap(({ producerId, volume }) => {
      const producer = this.findProducer(producerId);
      return producer ? [{ producer, volume }] : [];
    });
    if (volumes.length === 0) return;
    this.safeEmit('volumes', volumes);
    this.observer.safeEmit('volumes', volumes);
  }
}

export function encodeAudioLevelObserver(
  id: string,
  options: AudioLevelObserverOptions,
): CreateAudioLevelObserverT {
  asDictionary(options, 'options');
  return new CreateAudioLevelObserverT(
    id,
    asInteger(options.maxEntries ?? 1, 'maxEntries', 1, 64),
    asInteger(options.threshold ?? -80, 'threshold', -127, 0),
    asInteger(options.interval ?? 1000, 'interval', 250, 5000),
  );
}
