// Which tiles have their panel open, and what is asked for while any has.
//
// Nothing of this runs while all panels are closed: reading statistics costs the browser more than
// showing them does.

import type { ConnectionStats } from '../protocol/messages';
import type { PanelContent } from './stats_panel';
import { StatsPanel } from './stats_panel';
import { kHistoryMs } from './stream_meter';
import type { Tile } from './tile';

const kPeriodMs = 1000;
// The server is asked less often: its answer goes over the network.
const kAskEvery = 2;

export interface ConnectionHistory {
  latest: ConnectionStats | null;
  samples: { at: number; available: number | null; used: number }[];
}

export interface PanelBoardListener {
  // What a tile's panel is to say now.
  read(tile: Tile, connection: ConnectionHistory): Promise<PanelContent>;
  ask(): Promise<ConnectionStats | null>;
}

export class PanelBoard {
  private readonly panels = new Map<Tile, StatsPanel>();
  private readonly connection: ConnectionHistory = { latest: null, samples: [] };
  private timer: ReturnType<typeof setInterval> | null = null;
  private ticks = 0;
  private readonly opened = new WeakSet<Tile>();

  constructor(private readonly listener: PanelBoardListener) {}

  get openCount(): number {
    return this.panels.size;
  }

  toggle(tile: Tile): void {
    if (this.panels.has(tile)) this.close(tile);
    else this.open(tile);
  }

  // Opens all, or closes all if all are open.
  toggleAll(tiles: Tile[]): void {
    const closed = tiles.filter((tile) => !this.panels.has(tile));
    if (closed.length > 0) for (const tile of closed) this.open(tile);
    else for (const tile of tiles) this.close(tile);
  }

  open(tile: Tile): void {
    if (this.panels.has(tile)) return;
    const panel = new StatsPanel(`Details of ${tile.title}`);
    this.panels.set(tile, panel);
    this.opened.add(tile);
    tile.showPanel(panel.element);
    void this.fill(tile, panel);
    if (this.timer !== null) return;
    this.ticks = 0;
    void this.ask();
    this.timer = setInterval(() => this.tick(), kPeriodMs);
  }

  // Opens what has never been open, for pages whose address asks for panels.
  openNew(tiles: Tile[]): void {
    for (const tile of tiles) if (!this.opened.has(tile)) this.open(tile);
  }

  // Panels of tiles that are gone go with them.
  keep(tiles: Tile[]): void {
    for (const tile of [...this.panels.keys()]) if (!tiles.includes(tile)) this.close(tile);
  }

  clear(): void {
    for (const tile of [...this.panels.keys()]) this.close(tile);
    this.connection.latest = null;
    this.connection.samples = [];
  }

  private close(tile: Tile): void {
    this.panels.delete(tile);
    tile.showPanel(null);
    if (this.panels.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private tick(): void {
    // Nobody looks at a page in the background.
    if (document.hidden) return;
    this.ticks += 1;
    if (this.ticks % kAskEvery === 0) void this.ask();
    for (const [tile, panel] of this.panels) void this.fill(tile, panel);
  }

  private async fill(tile: Tile, panel: StatsPanel): Promise<void> {
    const content = await this.listener.read(tile, this.connection);
    if (this.panels.get(tile) === panel) panel.show(content, performance.now());
  }

  private async ask(): Promise<void> {
    const latest = await this.listener.ask().catch(() => null);
    if (!latest) return;
    const at = performance.now();
    this.connection.latest = latest;
    const { samples } = this.connection;
    samples.push({ at, available: latest.availableBitrate, used: latest.sentBitrate });
    while (samples[0] && samples[0].at < at - kHistoryMs) samples.shift();
  }
}
