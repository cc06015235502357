// What was recorded, as JSON beside the files: which file is whose, and how they lie to one another.

import { renameSync, writeFileSync } from 'node:fs';

import type { SizeChange } from './clip';

export interface Entry {
  file: string;
  participant: string;
  peerId: string;
  // What they showed: themselves, or their screen.
  content: 'camera' | 'screen';
  // Counted from 1: each time the tracks could not go on in the same file.
  part: number;
  // Time of day of the first picture, or sound.
  startedAt: string;
  // The same, counted from the first file of all.
  startOffsetMs: number;
  // Null while it is being recorded, and for ever if the recorder was killed.
  seconds: number | null;
  tracks: { kind: string; codec: string }[];
  // Of the picture, with the time in this file from which it had it.
  sizes: SizeChange[];
  // Packets that were sent to the recorder and did not reach it.
  packetsLost: number;
  // Why it ended, if not by itself.
  failure?: string;
}

export class Manifest {
  private readonly entries: { entry: Entry; startUs: number }[] = [];

  constructor(
    private readonly path: string,
    private readonly room: string,
  ) {}

  add(entry: Omit<Entry, 'startOffsetMs' | 'startedAt'>, startUs: number): Entry {
    const startedAt = new Date(startUs / 1000).toISOString();
    const added = { ...entry, startedAt, startOffsetMs: 0 };
    this.entries.push({ entry: added, startUs });
    this.write();
    return added;
  }

  get files(): Entry[] {
    return this.entries.map(({ entry }) => entry);
  }

  // Whole or not at all: a reader never finds half of it, whenever we are killed.
  write(): void {
    const first = Math.min(...this.entries.map(({ startUs }) => startUs));
    const files = this.entries.map(({ entry, startUs }) => ({
      ...entry,
      startOffsetMs: Math.round((startUs - first) / 1000),
    }));
    const text = JSON.stringify({ version: 1, room: this.room, files }, null, 2);
    writeFileSync(`${this.path}.part`, `${text}\n`);
    renameSync(`${this.path}.part`, this.path);
  }
}
