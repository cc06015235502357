// What this person may send: what the invitation says, and what a moderator says after that.

import { kSources } from '../protocol/messages';
import type { Events, GrantsDescription, Source } from '../protocol/messages';
import type { OwnMedia } from './own_media';

const kNames: Record<Source, string> = {
  camera: 'camera',
  microphone: 'microphone',
  screen: 'screen',
  'screen-audio': 'sound of the screen',
};

export class Permissions {
  // Also across a rejoin: the server holds it for as long as the person is the same, and says so anew
  // when the button is pressed.
  private readonly held = new Set<Source>();

  constructor(
    private readonly own: Pick<OwnMedia, 'refuse' | 'allow' | 'turnOff'>,
    private readonly say: (text: string) => void,
  ) {}

  joined({ publish, subscribe }: GrantsDescription): void {
    for (const source of kSources) {
      if (publish.includes(source)) {
        if (!this.held.has(source)) this.own.allow(source);
      } else {
        this.own.refuse(source, `Your invitation does not let you send your ${kNames[source]}.`);
      }
    }
    if (publish.length === 0) this.say('You are here to watch and listen.');
    if (!subscribe) this.say('Your invitation does not let you see and hear the others.');
  }

  muted({ source, muted, held }: Events['sourceMuted']): void {
    const name = kNames[source];
    if (!muted) {
      this.held.delete(source);
      this.own.allow(source);
      return this.say(`You may turn your ${name} on again.`);
    }
    if (held) {
      this.held.add(source);
      this.own.refuse(source, `A moderator turned your ${name} off.`);
    } else {
      this.own.turnOff(source);
    }
    this.say(`A moderator turned your ${name} off.`);
  }
}
