// Reads for the panel over a tile what the browser and the server know of its picture.

import type { Events } from '../protocol/messages';
import { pictureStats } from './diagnostics';
import { OwnMeters } from './own_meters';
import type { ConnectionHistory } from './panel_board';
import { noPicture, ownContent, remoteContent } from './panel_content';
import type { People } from './people';
import type { RemoteStream } from './remote_peer';
import type { Session } from './session';
import type { PanelContent } from './stats_panel';
import type { Tile } from './tile';
import type { Viewing } from './viewing';

export class PanelReader {
  private readonly meters = { camera: new OwnMeters('camera'), screen: new OwnMeters('screen') };

  constructor(
    private readonly people: People,
    private readonly viewing: Viewing,
  ) {}

  setOwnScores(session: Session | null, { producerId, scores }: Events['producerScore']): void {
    for (const source of ['camera', 'screen'] as const) {
      if (session?.producerOf(source)?.id === producerId) this.meters[source].setScores(scores);
    }
  }

  // Keeps the histories, so that a panel that is opened has a minute to show.
  async record(session: Session): Promise<void> {
    await this.people.updateQuality();
    await this.meters.camera.read(session);
  }

  async own(
    source: 'camera' | 'screen',
    session: Session | null,
    { latest, samples }: ConnectionHistory,
  ): Promise<PanelContent> {
    const picture = await this.meters[source].read(session);
    return ownContent({ ...picture, connection: latest, connectionSamples: samples });
  }

  async remote(tile: Tile): Promise<PanelContent> {
    const stream = this.people.pictureIn(tile);
    const seen = await pictureStats(stream, this.viewing);
    return stream && seen ? this.contentOf(stream, seen) : noPicture;
  }

  private contentOf(
    stream: RemoteStream,
    seen: NonNullable<Awaited<ReturnType<typeof pictureStats>>>,
  ): PanelContent {
    return remoteContent(
      {
        ...stream,
        current: stream.layers,
        wanted: this.viewing.wantedOf(stream.id),
        reason: stream.layersReason,
        changedAt: stream.layersChangedAt,
        codec: seen.codec,
        size: { width: seen.frameWidth, height: seen.frameHeight },
        roundTripTime: seen.roundTripTime,
        jitter: seen.jitter,
        off: stream.paused,
        samples: stream.meter.samples,
      },
      performance.now(),
    );
  }
}
