// A server without network: a pool of fake workers, a conference, and sockets that are arrays.

import type { ErrorCode, EventName, Method } from '../protocol/messages';
import { Conference } from '../server/conference';
import type { ConferenceOptions } from '../server/conference';
import { Connection } from '../server/connection';
import type { Socket } from '../server/connection';
import { Log } from '../server/log';
import { mediaCodecs } from '../server/media_codecs';
import { createRouterGroup } from '../server/sluice_engine';
import { WorkerPool } from '../server/worker_pool';
import { FakeClock, settle } from './fake_clock';
import { FakeEngine } from './fake_engine';

export const kCapabilities = {
  codecs: [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      preferredPayloadType: 100,
      clockRate: 48000,
      channels: 2,
    },
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90000 },
  ],
  headerExtensions: [],
};

const kVideoRate = { clockRate: 90000 };

export function rtpParameters(mimeType = 'video/VP8') {
  const rate = mimeType.startsWith('audio') ? { clockRate: 48000, channels: 2 } : kVideoRate;
  return {
    mid: '0',
    codecs: [{ mimeType, payloadType: 96, ...rate, parameters: {}, rtcpFeedback: [] }],
    headerExtensions: [],
    encodings: [{ ssrc: 1234 }],
    rtcp: { cname: 'c', reducedSize: true },
  };
}

interface Frame {
  id?: number;
  ok?: boolean;
  data?: any;
  error?: { code: ErrorCode; message: string };
  event?: EventName;
}

// The far end of a socket, and everything the server said on it.
export class FakeSocket implements Socket {
  bufferedAmount = 0;
  readonly frames: Frame[] = [];
  closedWith: number | null = null;
  pings = 0;
  private readonly listeners = new Map<string, (...args: any[]) => void>();

  on(event: string, listener: (...args: any[]) => void): this {
    this.listeners.set(event, listener);
    return this;
  }

  send(text: string): void {
    this.frames.push(JSON.parse(text));
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number): void {
    this.closedWith ??= code;
  }

  terminate(): void {
    this.closedWith ??= 1006;
  }

  receive(text: string, isBinary = false): void {
    this.listeners.get('message')?.(Buffer.from(text), isBinary);
  }

  pong(): void {
    this.listeners.get('pong')?.();
  }

  // The browser went away.
  drop(): void {
    this.closedWith ??= 1001;
    this.listeners.get('close')?.();
  }
}

let sessions = 0;

export class Client {
  readonly socket = new FakeSocket();
  readonly session: string;
  private nextId = 1;

  constructor(
    stage: Stage,
    readonly room: string,
    session?: string,
  ) {
    this.session = session ?? (++sessions).toString(16).padStart(32, '0');
    const { conference, clock, log } = stage;
    new Connection(this.socket, { room, conference, clock, log });
  }

  async request(method: Method, data: object = {}): Promise<Frame> {
    const id = this.nextId++;
    this.socket.receive(JSON.stringify({ id, method, data }));
    for (let turn = 0; turn < 20; ++turn) {
      const answer = this.socket.frames.find((frame) => frame.id === id);
      if (answer) return answer;
      await settle();
    }
    throw new Error(`${method} was not answered`);
  }

  join(changes: object = {}): Promise<Frame> {
    const { session } = this;
    const request = { name: 'Ann', session, revision: 'r1', rtpCapabilities: kCapabilities };
    return this.request('join', { ...request, ...changes });
  }

  produce(
    source = 'camera',
    kind = 'video',
    mimeType = kind === 'audio' ? 'audio/opus' : 'video/VP8',
  ): Promise<Frame> {
    const data = { source, kind, rtpParameters: rtpParameters(mimeType), paused: false };
    return this.request('produce', data);
  }

  events(name: EventName): any[] {
    return this.socket.frames.filter(({ event }) => event === name).map(({ data }) => data);
  }
}

// `spread` is from how many people on a room takes the next worker.
export interface StageOptions extends Partial<ConferenceOptions> {
  spread?: number;
}

export class Stage {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine();
  readonly lines: string[] = [];
  readonly log = new Log('debug', (line) => this.lines.push(line));
  readonly pool: WorkerPool;
  readonly conference: Conference;

  private constructor(workers: number, { spread = 16, ...options }: StageOptions) {
    this.pool = new WorkerPool({
      count: workers,
      createWorker: this.engine.createWorker,
      listenInfosOf: () => [{ protocol: 'udp', ip: '127.0.0.1' }],
      onDied: (dead) => this.conference.onWorkerDied(dead),
      clock: this.clock,
      log: this.log,
    });
    this.conference = new Conference({
      pool: this.pool,
      newGroup: () =>
        createRouterGroup({
          workers: () => this.pool.byLoad().map(({ worker }) => worker),
          router: { mediaCodecs: mediaCodecs() },
          spread,
          clock: this.clock,
        }),
      limits: { maxRooms: 10, maxPeersPerRoom: 5, maxPeers: 20 },
      revision: 'r1',
      tokens: null,
      clock: this.clock,
      log: this.log,
      ...options,
    });
  }

  static async open(workers = 1, options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(workers, options);
    await stage.pool.start();
    return stage;
  }

  client(room = 'blue', session?: string): Client {
    return new Client(this, room, session);
  }

  async joined(room = 'blue', name = 'Ann'): Promise<Client> {
    const client = this.client(room);
    const answer = await client.join({ name });
    if (!answer.ok) throw new Error(answer.error?.message);
    return client;
  }
}
