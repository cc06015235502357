// Media of a WHIP session that goes nowhere: what was asked of it is written down.

import type { sdp } from '@sluice/sdk';

import type {
  MediaListener,
  OpenedMedia,
  OpenMedia,
  OpenRequest,
  WatchedMedia,
  WhipMedia,
} from '../server/whip/media';
import type { LayerSelection, WatchedLayer } from '../server/whip/watched_layers';
import { problem } from '../server/http_problem';

export class FakeWatchedMedia implements WatchedMedia {
  readonly participant = 'ann';
  readonly source = 'camera';
  hasPicture = true;
  active = true;
  readonly selected: LayerSelection[] = [];
  known: Record<string, WatchedLayer[]> = { '1': [{ spatialLayerId: 0, bitrate: 100 }] };

  isActive(): boolean {
    return this.active;
  }

  async layers(): Promise<Record<string, WatchedLayer[]>> {
    return this.known;
  }

  async select(_index: number | null, selection: LayerSelection): Promise<void> {
    this.selected.push(selection);
  }
}

export class FakeWhipMedia implements WhipMedia {
  restarts = 0;
  closed = false;
  readonly watched: FakeWatchedMedia | null;
  // What a restart waits for; a test may hold it up, or make it fail.
  gate: Promise<void> = Promise.resolve();
  private current = 'first';

  constructor(
    readonly request: OpenRequest,
    readonly listener: MediaListener,
  ) {
    this.watched = request.endpoint.kind === 'watch' ? new FakeWatchedMedia() : null;
  }

  async takeFragment({ ice }: sdp.SdpFragment): Promise<string | null> {
    if (!ice || ice.usernameFragment === this.current) return null;
    await this.gate;
    this.restarts += 1;
    this.current = ice.usernameFragment;
    return `a=ice-ufrag:server${this.restarts}\r\n`;
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeWhipEngine {
  readonly made: FakeWhipMedia[] = [];
  failure: Error | null = null;
  gate: Promise<void> = Promise.resolve();

  readonly open: OpenMedia = async (request, listener): Promise<OpenedMedia> => {
    await this.gate;
    if (this.failure) throw this.failure;
    if (!request.offer.startsWith('v=0')) throw problem(400, 'line 1: v=0 is missing');
    const media = new FakeWhipMedia(request, listener);
    this.made.push(media);
    return { media, answer: 'v=0\r\nanswer\r\n' };
  };

  get last(): FakeWhipMedia {
    const media = this.made.at(-1);
    if (!media) throw new Error('no media was opened');
    return media;
  }
}
