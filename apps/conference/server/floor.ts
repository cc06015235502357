// Who has the floor in a room of several routers, each of which knows only its own people.
//
// Every router tells who dominates among its own, and how loud its loudest were during the last
// second. Among those who dominate somewhere, the loudest has the floor, and keeps it: who wants it
// from somebody who still speaks has to be clearly louder for two reports, by when a cough is over.
// On one router that is what the router says, without delay.

import { kMostLevels } from './speakers';
import type { Level, SpeakersListener } from './speakers';

// In dB. Microphones of one room differ by about so much.
const kLead = 6;
const kPatience = 2;

interface Heard {
  // Who dominates there.
  candidate: string | null;
  levels: Level[];
}

export class Floor<Router> {
  private readonly heard = new Map<Router, Heard>();
  private holder: Router | null = null;
  private challenger: { router: Router; reports: number } | null = null;
  // Who has reported since levels were last told.
  private readonly fresh = new Set<Router>();

  constructor(private readonly listener: SpeakersListener) {}

  dominant(router: Router, producerId: string): void {
    this.of(router).candidate = producerId;
    const free = this.holder === null || this.loudness(this.holder) === -Infinity;
    if (router === this.holder || free) this.give(router);
  }

  // The loudest first; empty when it has become silent there.
  levels(router: Router, levels: Level[]): void {
    this.of(router).levels = levels;
    this.contest(router);
    const again = this.fresh.has(router);
    this.fresh.add(router);
    const speaking = [...this.heard].filter(([, heard]) => heard.levels.length > 0);
    if (again || speaking.every(([each]) => this.fresh.has(each))) this.tellLevels();
  }

  // Its people are gone.
  forget(router: Router): void {
    this.heard.delete(router);
    this.fresh.delete(router);
    if (this.holder === router) this.holder = null;
    if (this.challenger?.router === router) this.challenger = null;
  }

  private contest(router: Router): void {
    if (router === this.holder) return;
    const loudness = this.loudness(router);
    const standing = this.holder === null ? -Infinity : this.loudness(this.holder);
    if (loudness === -Infinity || loudness < standing + kLead) {
      if (this.challenger?.router === router) this.challenger = null;
      return;
    }
    if (standing === -Infinity) return this.give(router);
    const reports = this.challenger?.router === router ? this.challenger.reports + 1 : 1;
    this.challenger = { router, reports };
    if (reports >= kPatience) this.give(router);
  }

  private give(router: Router): void {
    this.holder = router;
    this.challenger = null;
    const { candidate } = this.of(router);
    if (candidate !== null) this.listener.dominant(candidate);
  }

  // Of whom dominates there, in dBov.
  private loudness(router: Router): number {
    const heard = this.heard.get(router);
    const level = heard?.levels.find(({ producerId }) => producerId === heard.candidate);
    return level?.volume ?? -Infinity;
  }

  private tellLevels(): void {
    this.fresh.clear();
    const all = [...this.heard.values()].flatMap(({ levels }) => levels);
    this.listener.levels(all.sort((a, b) => b.volume - a.volume).slice(0, kMostLevels));
  }

  private of(router: Router): Heard {
    let heard = this.heard.get(router);
    if (!heard) {
      heard = { candidate: null, levels: [] };
      this.heard.set(router, heard);
    }
    return heard;
  }
}
