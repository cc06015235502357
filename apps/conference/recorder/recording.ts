// One run of the command: who is in the room, who of them is recorded, and when it is over.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type {
  ControlEventName,
  ControlEvents,
  PersonFacts,
  StreamFacts,
} from '../protocol/control';
import { Capture, contentOf } from './capture';
import type { CaptureListener, Content } from './capture';
import type { Clip } from './clip';
import { containerFor } from './containers';
import type { ControlClient } from './control_client';
import type { ToolFailure } from './ffmpeg';
import { Line } from './line';
import { Manifest } from './manifest';
import type { Entry } from './manifest';
import type { RecorderOptions } from './options';
import { openFile, openTool } from './receivers';

const kNameLength = 60;

export type Say = (line: string) => void;

interface Person {
  facts: PersonFacts;
  captures: Map<Content, Capture>;
}

export type Outcome = 'ended' | 'failed' | 'nobody';

export class Recording {
  private readonly people = new Map<string, Person>();
  private readonly manifest: Manifest;
  private readonly stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  private readonly leaving = new Set<Promise<void>>();
  private grace: NodeJS.Timeout | null = null;
  private failure: string | null = null;
  private finish: () => void = () => {};
  private readonly finished = new Promise<void>((resolve) => (this.finish = resolve));

  constructor(
    private readonly options: RecorderOptions,
    private readonly control: ControlClient,
    private readonly say: Say,
    private readonly complain: Say,
  ) {
    const { room, out, sdp } = options;
    if (!sdp) mkdirSync(out, { recursive: true });
    this.manifest = new Manifest(join(out, `${safe(room)}-${this.stamp}.json`), room);
  }

  // Resolves when all files are closed.
  async run(): Promise<Outcome> {
    const { room, wait, seconds } = this.options;
    this.control.listen((event, data) => this.handle(event, data));
    void this.control.closed.then(() => this.serverIsGone());
    const { people } = await this.control.request('watch', { room });
    for (const person of people) this.enter(person);
    if (this.people.size === 0 && !wait) return 'nobody';
    if (this.people.size === 0) this.say(`waiting for somebody in room "${room}"`);
    const limit = seconds === null ? null : setTimeout(() => this.stop(), seconds * 1000);
    await this.finished;
    if (limit) clearTimeout(limit);
    if (this.grace) clearTimeout(this.grace);
    await Promise.all([...this.people.keys()].map((peerId) => this.leave(peerId)));
    await Promise.all(this.leaving);
    this.control.close();
    return this.failure === null ? 'ended' : 'failed';
  }

  stop(): void {
    this.finish();
  }

  private handle<E extends ControlEventName>(event: E, data: ControlEvents[E]): void {
    switch (event) {
      case 'personJoined':
        return this.enter(data as PersonFacts);
      case 'personLeft':
        return void this.leave((data as ControlEvents['personLeft']).peerId);
      case 'streamStarted': {
        const { peerId, stream } = data as ControlEvents['streamStarted'];
        const person = this.people.get(peerId);
        return person && this.addStream(person, stream);
      }
      case 'streamEnded':
        return this.captures.forEach((capture) =>
          capture.remove((data as ControlEvents['streamEnded']).producerId),
        );
      case 'layersChanged': {
        const { consumerId, layers } = data as ControlEvents['layersChanged'];
        for (const capture of this.captures) capture.lineOf(consumerId)?.noteLayers(layers);
      }
    }
  }

  private get captures(): Capture[] {
    return [...this.people.values()].flatMap(({ captures }) => [...captures.values()]);
  }

  private enter(facts: PersonFacts): void {
    const { participant, sdp } = this.options;
    const { peerId, name, streams } = facts;
    if (participant !== null && participant !== name && participant !== peerId) return;
    if (sdp && this.people.size > 0) {
      return this.complain(`${name} is not handed over: --sdp is for one participant at a time`);
    }
    if (this.grace) clearTimeout(this.grace);
    this.grace = null;
    const person = { facts, captures: new Map<Content, Capture>() };
    this.people.set(peerId, person);
    for (const stream of streams) this.addStream(person, stream);
  }

  private async leave(peerId: string): Promise<void> {
    const person = this.people.get(peerId);
    if (!person) return;
    this.people.delete(peerId);
    const ending = Promise.all([...person.captures.values()].map((capture) => capture.end()));
    const done = ending.then(() => void this.leaving.delete(done));
    this.leaving.add(done);
    if (this.people.size === 0) this.grace ??= setTimeout(() => this.stop(), this.options.graceMs);
    await done;
  }

  private addStream(person: Person, stream: StreamFacts): void {
    const content = contentOf(stream.source);
    let capture = person.captures.get(content);
    if (!capture) {
      capture = this.capture(person.facts, content);
      person.captures.set(content, capture);
    }
    const { name } = person.facts;
    capture.add(stream).catch((error: unknown) => {
      // It may have ended while it was being asked for.
      this.complain(`the ${stream.source} of ${name} is not recorded: ${reasonOf(error)}`);
    });
  }

  private capture(facts: PersonFacts, content: Content): Capture {
    const { spatialLayer } = this.options;
    const entries = new Map<number, Entry>();
    const paths = new Map<number, string>();
    const listener: CaptureListener = {
      openFar: (part) => (offers) => {
        const { sdp, ffmpeg } = this.options;
        if (sdp) {
          const far = openTool(sdp, offers, sdp.path);
          this.say(`handing ${facts.name} over: ${sdp.path}`);
          return far;
        }
        const formats = offers.map(({ format }) => format);
        const path = this.pathOf(facts, content, part, containerFor(this.options.format, formats));
        paths.set(part, path);
        return openFile(ffmpeg, this.options, offers, path);
      },
      began: (_, part, clip) => {
        const path = paths.get(part);
        if (path === undefined) return this.say(`sending ${facts.name}`);
        this.say(`recording ${facts.name} to ${path}`);
        entries.set(part, this.enlist(facts, content, { part, path, clip }));
      },
      ended: (part, clip, failure) =>
        this.conclude(entries.get(part), paths.get(part), clip, failure),
      failed: (failure) => this.fail(facts, failure),
      skipped: ({ source }, mimeType) =>
        this.complain(
          `the ${source} of ${facts.name} is left out: FFmpeg reads no ${mimeType} here`,
        ),
    };
    const openLine = (stream: StreamFacts, take: Parameters<typeof Line.open>[3]) =>
      Line.open(this.control, stream, spatialLayer, take);
    return new Capture(openLine, listener);
  }

  private pathOf(facts: PersonFacts, content: Content, part: number, suffix: string): string {
    const { name, peerId } = facts;
    const screen = content === 'screen' ? '-screen' : '';
    const file = `${safe(this.options.room)}-${this.stamp}-${safe(name)}-${peerId.slice(0, 8)}`;
    return join(this.options.out, `${file}${screen}-${part}.${suffix}`);
  }

  private enlist(
    { name, peerId }: PersonFacts,
    content: Content,
    { part, path, clip }: { part: number; path: string; clip: Clip },
  ): Entry {
    const file = path.slice(path.lastIndexOf('/') + 1);
    const { tracks, sizes } = clip;
    const facts = { file, participant: name, peerId, content, part };
    const entry = { ...facts, seconds: null, tracks, sizes, packetsLost: 0 };
    return this.manifest.add(entry, clip.startUs ?? 0);
  }

  private conclude(
    entry: Entry | undefined,
    path: string | undefined,
    clip: Clip,
    failure: ToolFailure | null,
  ): void {
    if (!entry) return;
    entry.seconds = Math.round(clip.seconds * 10) / 10;
    entry.packetsLost = clip.lost;
    if (failure) entry.failure = failure.message;
    try {
      this.manifest.write();
    } catch (error) {
      this.failure ??= reasonOf(error);
    }
    this.say(`${failure ? 'broke off' : 'wrote'} ${path}: ${entry.seconds} s`);
    if (clip.sizes.length > 1 && !this.options.transcode) {
      this.complain(`the picture changed its size ${clip.sizes.length - 1} times in ${path}`);
    }
  }

  // All files share the disk, so that it ends everything when it is full.
  private fail({ name }: PersonFacts, failure: ToolFailure): void {
    this.failure ??= failure.message;
    this.complain(`the recording of ${name} failed: ${failure.message}`);
    if (failure.kind === 'disk' || failure.kind === 'missing') this.stop();
  }

  private serverIsGone(): void {
    this.failure ??= 'the server is gone';
    this.stop();
  }
}

function safe(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N}_.]+/gu, '_')
      .replace(/^\.+/, '_')
      .slice(0, kNameLength) || '_'
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
