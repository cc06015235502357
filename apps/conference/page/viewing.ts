// Watches how large each tile is and whether it is in sight, and asks for the layers that fit.

import type { ConsumerWish, LayerShape, PictureSize } from '../protocol/messages';
import { chooseLayers } from './layer_choice';
import type { Choice, Importance } from './layer_choice';
import { pageTiming } from './timing';
import type { Tile } from './tile';
import { ViewPlanner } from './view_planner';

interface Watched {
  tile: Tile;
  shape: LayerShape;
  capture: PictureSize | null;
}

export class Viewing {
  private readonly planner: ViewPlanner;
  private readonly streams = new Map<string, Watched>();
  // Until the browser says so, everything is in sight.
  private readonly outOfSight = new WeakSet<Element>();
  private readonly sizes = new ResizeObserver(() => this.update());
  private readonly sights = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.outOfSight.delete(target);
      else this.outOfSight.add(target);
    }
    this.update();
  });
  private importanceOf: (tile: Tile) => Importance = () => 'thumbnail';

  constructor(tell: (wishes: ConsumerWish[]) => void) {
    this.planner = new ViewPlanner(tell, pageTiming);
    document.addEventListener('visibilitychange', () => this.update());
  }

  add(consumerId: string, watched: Watched): void {
    this.streams.set(consumerId, watched);
    this.sizes.observe(watched.tile.element);
    this.sights.observe(watched.tile.element);
  }

  remove(consumerId: string): void {
    const element = this.streams.get(consumerId)?.tile.element;
    this.streams.delete(consumerId);
    this.planner.forget(consumerId);
    if (!element) return;
    this.sizes.unobserve(element);
    this.sights.unobserve(element);
    this.outOfSight.delete(element);
  }

  // The sender captures another size, so that the layers are other sizes, too.
  setCapture(consumerId: string, capture: PictureSize): void {
    const watched = this.streams.get(consumerId);
    if (!watched) return;
    watched.capture = capture;
    this.update();
  }

  rank(importanceOf: (tile: Tile) => Importance): void {
    this.importanceOf = importanceOf;
    this.update();
  }

  // Looks at every tile and tells the server what is due.
  update(): void {
    for (const [consumerId, { tile, shape, capture }] of this.streams) {
      const { element } = tile;
      // Sizes of the layout, which animations do not change.
      const ratio = window.devicePixelRatio || 1;
      this.planner.want(
        consumerId,
        chooseLayers(shape, capture, {
          width: element.clientWidth * ratio,
          height: element.clientHeight * ratio,
          fit: tile.isScreen ? 'contain' : 'cover',
          outOfSight: this.outOfSight.has(element),
          inBackground: document.hidden,
          importance: this.importanceOf(tile),
        }),
      );
    }
    this.planner.flush();
  }

  wantedOf(consumerId: string): Choice | null {
    return this.planner.wantedOf(consumerId);
  }

  // The session is over; the next one starts from nothing.
  clear(): void {
    for (const consumerId of [...this.streams.keys()]) this.remove(consumerId);
    this.planner.clear();
  }
}
