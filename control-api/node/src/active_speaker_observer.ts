// Tells who dominates the conversation, which is not always the loudest.
import {
  CreateActiveSpeakerObserverT,
  DominantSpeakerT,
  type NotificationT,
} from './generated/schema.js';
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

const logger = new Logger('ActiveSpeakerObserver');

export interface ActiveSpeakerObserverOptions<Data extends AppData = AppData> {
  /** Milliseconds between two looks at all who speak: 100 to 5000, 300 if missing. */
  interval?: number;
  appData?: Data;
}

export interface ActiveSpeakerObserverDominantSpeaker {
  producer: Producer;
}

type SpeakerEvents = {
  /** Another one than before. */
  dominantspeaker: [ActiveSpeakerObserverDominantSpeaker];
};

export type ActiveSpeakerObserverEvents = RtpObserverEvents & SpeakerEvents;
export type ActiveSpeakerObserverObserverEvents = RtpObserverObserverEvents & SpeakerEvents;

export class ActiveSpeakerObserver<Data extends AppData = AppData> extends RtpObserver<
  Data,
  ActiveSpeakerObserverEvents,
  ActiveSpeakerObserverObserverEvents
> {
  /** @internal Use Router.createActiveSpeakerObserver(). */
  constructor(internal: RtpObserverInternal<Data>) {
    super(internal);
  }

  get type(): 'activespeaker' {
    return 'activespeaker';
  }

  protected handle({ body, bodyType }: NotificationT): void {
    if (!(body instanceof DominantSpeakerT)) {
      logger.debug(`observer ${this.id}: news ${bodyType} is not known here`);
      return;
    }
    const producer = this.findProducer(body.producerId);
    if (!producer) return;
    this.safeEmit('dominantspeaker', { producer });
    this.observer.safeEmit('dominantspeaker', { producer });
  }
}

export function encodeActiveSpeakerObserver(
  id: string,
  options: ActiveSpeakerObserverOptions,
): CreateActiveSpeakerObserverT {
  asDictionary(options, 'options');
  return new CreateActiveSpeakerObserverT(
    id,
    asInteger(options.interval ?? 300, 'interval', 100, 5000),
  );
}
