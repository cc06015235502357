// Who is here, and what of them is seen and heard, by section.

import type { ConsumerDescription, PeerDescription, Source } from '../../protocol/messages';

export interface Stream {
  description: ConsumerDescription;
  track: MediaStreamTrack;
  // The sender has turned it off for now.
  paused: boolean;
}

export interface Person extends PeerDescription {
  streams: Map<Source, Stream>;
}

export class People {
  readonly all = new Map<string, Person>();

  constructor(
    private readonly trackOf: (mid: string) => MediaStreamTrack | null,
    private readonly changed: () => void,
  ) {}

  joined({ id, name }: PeerDescription): void {
    if (!this.all.has(id)) this.all.set(id, { id, name, streams: new Map() });
    this.changed();
  }

  left(id: string): void {
    if (this.all.delete(id)) this.changed();
  }

  nameOf(id: string): string {
    return this.all.get(id)?.name ?? 'Somebody';
  }

  // The section stands by now: it is told once it has been answered.
  receives(description: ConsumerDescription): void {
    const { peerId, source, rtpParameters, producerPaused } = description;
    const track = this.trackOf(rtpParameters.mid ?? '');
    const person = this.all.get(peerId);
    if (!track || !person) return;
    person.streams.set(source, { description, track, paused: producerPaused });
    this.changed();
  }

  ended(consumerId: string): void {
    for (const { streams } of this.all.values()) {
      for (const [source, { description }] of streams) {
        if (description.id === consumerId) streams.delete(source);
      }
    }
    this.changed();
  }

  pause(consumerId: string, paused: boolean): void {
    const stream = this.streamOf(consumerId);
    if (stream) stream.paused = paused;
    this.changed();
  }

  streamOf(consumerId: string): Stream | null {
    for (const { streams } of this.all.values()) {
      for (const stream of streams.values()) {
        if (stream.description.id === consumerId) return stream;
      }
    }
    return null;
  }
}
