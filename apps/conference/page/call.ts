// Being in a room, for as long as the person wants to: joins, and joins again after whatever broke.
//
// What the person sends is kept here as a wish (source -> track); each session makes it true. So a
// new session after a lost socket or a dead worker needs nobody to press anything.

import type { Device, types } from 'mediasoup-client';

import type {
  ConsumerWish,
  EventName,
  Events,
  JoinAnswer,
  PeerDescription,
  PictureSize,
  Source,
} from '../protocol/messages';
import { Backoff } from './backoff';
import type { LayerMode } from './encodings';
import { explainClose, explainDismissal, explainRefusal, isFinal } from './failures';
import { receivable, soundExtensions } from './receivable';
import { Session } from './session';
import type { Publication, SessionListener } from './session';
import { RequestError, Signalling } from './signalling';
import { pageTiming } from './timing';

export type Phase = 'connecting' | 'joined' | 'reconnecting' | 'rejoining' | 'ended';

export interface CallListener extends Omit<SessionListener, 'broken'> {
  phaseChanged(phase: Phase): void;
  joined(answer: JoinAnswer): void;
  // The same stay on another worker.
  moved(answer: JoinAnswer): void;
  sourceMuted(event: Events['sourceMuted']): void;
  undecodable(event: Events['undecodable']): void;
  peerJoined(peer: PeerDescription): void;
  peerLeft(peerId: string): void;
  peerLink(event: Events['peerLink']): void;
  streamPaused(consumerId: string, paused: boolean): void;
  layersChanged(event: Events['layersChanged']): void;
  scored(event: Events['consumerScore']): void;
  ownScored(event: Events['producerScore']): void;
  captureChanged(event: Events['captureChanged']): void;
  activeSpeaker(peerId: string): void;
  audioLevels(event: Events['audioLevels']): void;
  // Everybody and every stream is gone; what is still there comes anew with the next join.
  cleared(): void;
  // The call is over and will not come back by itself.
  failed(title: string, text: string): void;
  // The page is older than the server.
  outdated(): void;
}

export interface CallOptions {
  url: string;
  name: string;
  token: string | null;
  revision: string;
  device: Promise<Device>;
  codecMimeType: string | null;
  layers: LayerMode | null;
  // Asked when there is no socket: whether the server takes no new rooms.
  isDraining: () => Promise<boolean>;
}

// Why one stay in the room ended.
type Ending =
  | { kind: 'left' }
  | { kind: 'reset' }
  | { kind: 'broken' }
  | { kind: 'closed'; code: number }
  | { kind: 'dismissed'; title: string; text: string };

// Until then the new transports are connected, or it is better to join anew.
const kMoveMs = 6000;
const kMoveLookMs = 50;

export class Call {
  private phase: Phase = 'connecting';
  private readonly wishes = new Map<Source, Publication>();
  private readonly queues = new Map<Source, Promise<void>>();
  private readonly sessionId = randomHex(16);
  private readonly backoff = new Backoff();
  private signalling: Signalling | null = null;
  private session: Session | null = null;
  // Whose data channels are in use; during a move another one than that whose media is.
  private speaking: Session | null = null;
  private moving = false;
  private finish: (ending: Ending) => void = () => {};
  private over = false;
  private wake: () => void = () => {};

  constructor(
    private readonly options: CallOptions,
    private readonly listener: CallListener,
  ) {}

  get current(): Session | null {
    return this.session;
  }

  get talking(): Session | null {
    return this.speaking;
  }

  get state(): Phase {
    return this.phase;
  }

  // Resolves when the call is over.
  async run(): Promise<void> {
    while (!this.over) {
      const ending = await this.stay();
      this.endSession();
      if (this.over || ending.kind === 'left') break;
      if (ending.kind === 'dismissed') this.fail(ending.title, ending.text);
      else if (ending.kind === 'closed') this.afterClose(ending.code);
      else this.setPhase('rejoining');
      if (!this.over && ending.kind === 'closed') await this.pause(this.backoff.next());
    }
    this.leave();
    this.setPhase('ended');
  }

  leave(): void {
    this.over = true;
    this.endSession();
    this.signalling?.close();
    this.signalling = null;
    this.wake();
    this.finish({ kind: 'left' });
  }

  // Skips the wait for another try. It may also be another network, on which nothing arrives any
  // more that was open on the old one, and nobody says so.
  networkReturned(): void {
    this.wake();
    this.signalling?.probe();
    this.session?.mendNow();
  }

  publish(source: Source, track: MediaStreamTrack, paused = false): void {
    this.wishes.set(source, { track, paused });
    this.apply(source);
  }

  unpublish(source: Source): void {
    this.wishes.delete(source);
    this.apply(source);
  }

  setPaused(source: Source, paused: boolean): void {
    const wish = this.wishes.get(source);
    if (!wish) return;
    wish.paused = paused;
    this.apply(source);
  }

  setPreferredLayers(consumers: ConsumerWish[]): void {
    this.session?.setPreferredLayers(consumers);
  }

  setCapture(source: Source, capture: PictureSize): void {
    this.session?.setCapture(source, capture);
  }

  // One stay: from having a socket to losing the room. Never rejects.
  private async stay(): Promise<Ending> {
    const ended = new Promise<Ending>((resolve) => (this.finish = resolve));
    try {
      const [device, signalling] = await Promise.all([this.options.device, this.connect()]);
      const answer = await this.join(signalling, device);
      if (this.over) return { kind: 'left' };
      this.begin(device, signalling, answer);
    } catch (error) {
      if (!this.over) await this.afterFailure(error);
      return this.over ? { kind: 'left' } : { kind: 'closed', code: 0 };
    }
    return ended;
  }

  private async connect(): Promise<Signalling> {
    if (this.signalling && !this.signalling.closed) return this.signalling;
    const signalling = await Signalling.open(this.options.url, {
      event: (event, data) => this.onEvent(event, data),
      closed: (code) => this.finish({ kind: 'closed', code }),
    });
    if (this.over) signalling.close();
    this.signalling = signalling;
    return signalling;
  }

  private async join(signalling: Signalling, device: Device): Promise<JoinAnswer> {
    const { name, token, revision } = this.options;
    return signalling.request('join', {
      name,
      session: this.sessionId,
      revision,
      rtpCapabilities: receivable(device.recvRtpCapabilities, soundExtensions()),
      token: token ?? undefined,
    });
  }

  private begin(device: Device, signalling: Signalling, answer: JoinAnswer): void {
    const session = this.open(device, signalling, answer);
    this.speaking = session;
    this.backoff.reset();
    this.setPhase('joined');
    this.listener.joined(answer);
    // Receiving first: the other's picture is what a person waits for.
    const watching = this.consume(answer.consumers);
    for (const source of this.wishes.keys()) this.apply(source);
    // Words can wait for the pictures: each channel is one more negotiation before theirs.
    void watching.then(() => session.data.begin(answer.dataConsumers, maySpeak(answer)));
  }

  private open(device: Device, signalling: Signalling, answer: JoinAnswer): Session {
    const sending = { codec: this.codecOf(device), layers: this.options.layers };
    const listener = this.sessionListener(() => session);
    const session: Session = new Session(device, signalling, answer, listener, sending);
    this.session = session;
    return session;
  }

  // The worker is about to be replaced. A second session is opened beside the first, which ends when
  // all flows on the second; nobody should see more of it than that.
  private async move(): Promise<void> {
    const { session: before, signalling } = this;
    if (!before || !signalling || this.moving) return;
    this.moving = true;
    let after: Session | null = null;
    try {
      const device = await this.options.device;
      const answer = await signalling.request('move', {});
      if (this.session !== before) return;
      after = this.open(device, signalling, answer);
      this.listener.moved(answer);
      await this.fill(after, answer);
      await signalling.request('completeMove', {});
    } catch (error) {
      console.warn('the move to another media server failed', error);
      // Not yet begun, it will be asked for again; half done, a new join is the way out.
      if (after !== null && this.session === after) this.finish({ kind: 'broken' });
    } finally {
      this.moving = false;
      if (after !== null) this.release(before);
    }
  }

  // Until everything that there is to send and to receive has a path.
  private async fill(session: Session, answer: JoinAnswer): Promise<void> {
    const sources = [...this.wishes.keys()];
    for (const source of sources) this.apply(source);
    await Promise.all([
      this.consume(answer.consumers),
      ...sources.map((one) => this.queues.get(one)),
    ]);
    await session.data.begin(answer.dataConsumers, maySpeak(answer));
    const endAt = pageTiming.now() + kMoveMs;
    while (!session.isConnected) {
      if (this.session !== session || pageTiming.now() > endAt) throw new Error('there is no path');
      await new Promise<void>((resolve) => void pageTiming.after(kMoveLookMs, resolve));
    }
    if (this.session !== session) return;
    this.speaking = session;
    this.listener.data.chatOpen(session.data.chatIsOpen);
  }

  private release(before: Session): void {
    const consumerIds = before.consumerIds;
    before.close();
    for (const id of consumerIds) this.listener.streamRemoved(id);
  }

  private sessionListener(self: () => Session): SessionListener {
    const { listener } = this;
    const { data } = listener;
    return {
      streamAdded: (description, consumer) => listener.streamAdded(description, consumer),
      streamsReady: () => listener.streamsReady(),
      streamRemoved: (consumerId) => listener.streamRemoved(consumerId),
      linkChanged: (up) => self() === this.session && listener.linkChanged(up),
      data: {
        // What is said during a move comes both ways.
        chatHeard: (peerId, words) => self() === this.speaking && data.chatHeard(peerId, words),
        chatOpen: (open) => self() === this.speaking && data.chatOpen(open),
        laneOffered: (peerId, topic) => data.laneOffered(peerId, topic),
      },
      broken: () => self() === this.session && this.finish({ kind: 'broken' }),
    };
  }

  // Never rejects.
  private async consume(consumers: JoinAnswer['consumers']): Promise<void> {
    if (consumers.length === 0) return;
    try {
      await this.session?.consume(consumers);
    } catch (error) {
      if (!this.over) console.warn('streams could not be received', error);
    }
  }

  private codecOf(device: Device): types.RtpCodecCapability | undefined {
    const wanted = this.options.codecMimeType?.toLowerCase();
    if (!wanted) return undefined;
    return device.sendRtpCapabilities.codecs?.find((one) => one.mimeType.toLowerCase() === wanted);
  }

  private onEvent<E extends EventName>(event: E, data: Events[E]): void {
    const { listener, session } = this;
    switch (event) {
      case 'peerJoined':
        return listener.peerJoined(data as Events['peerJoined']);
      case 'peerLeft':
        return listener.peerLeft((data as Events['peerLeft']).peerId);
      case 'peerLink':
        return listener.peerLink(data as Events['peerLink']);
      case 'newConsumer':
        return void this.consume([data as Events['newConsumer']]);
      case 'consumerClosed':
        return session?.removeConsumer((data as Events['consumerClosed']).consumerId);
      case 'newDataConsumer':
        return void session?.data.take([data as Events['newDataConsumer']]);
      case 'dataConsumerClosed':
        return session?.data.remove((data as Events['dataConsumerClosed']).dataConsumerId);
      case 'consumerPaused':
      case 'consumerResumed': {
        const { consumerId } = data as Events['consumerPaused'];
        return listener.streamPaused(consumerId, event === 'consumerPaused');
      }
      case 'wantedLayers':
        return session?.setWanted(data as Events['wantedLayers']);
      case 'roomReset':
        return this.finish({ kind: 'reset' });
      case 'moveRequested':
        return void this.move();
      case 'dismissed': {
        const { why, message } = data as Events['dismissed'];
        return this.finish({ kind: 'dismissed', ...explainDismissal(why, message) });
      }
      default:
        return this.onNews(event, data);
    }
  }

  // What changes nothing but what is shown.
  private onNews<E extends EventName>(event: E, data: Events[E]): void {
    const { listener } = this;
    switch (event) {
      case 'sourceMuted':
        return listener.sourceMuted(data as Events['sourceMuted']);
      case 'undecodable':
        return listener.undecodable(data as Events['undecodable']);
      case 'layersChanged':
        return listener.layersChanged(data as Events['layersChanged']);
      case 'consumerScore':
        return listener.scored(data as Events['consumerScore']);
      case 'producerScore':
        return listener.ownScored(data as Events['producerScore']);
      case 'captureChanged':
        return listener.captureChanged(data as Events['captureChanged']);
      case 'activeSpeaker':
        return listener.activeSpeaker((data as Events['activeSpeaker']).peerId);
      case 'audioLevels':
        return listener.audioLevels(data as Events['audioLevels']);
    }
  }

  // Makes one source as it is wished for, after whatever is under way for it.
  private apply(source: Source): void {
    const before = this.queues.get(source) ?? Promise.resolve();
    const after = before
      .then(() => this.reconcile(source))
      .catch((error: unknown) => {
        if (!this.over) console.warn(`${source} could not be sent`, error);
      });
    this.queues.set(source, after);
  }

  private async reconcile(source: Source): Promise<void> {
    const { session } = this;
    const wish = this.wishes.get(source);
    if (!session) return;
    const producer = session.producerOf(source);
    if (!wish) return session.unpublish(source);
    if (!producer) {
      // An ended track cannot be sent; its owner will come with another one.
      if (wish.track.readyState === 'live') await session.publish(source, { ...wish });
      return;
    }
    if (producer.track !== wish.track) await session.replaceTrack(source, wish.track);
    if (producer.paused !== wish.paused) await session.setPaused(source, wish.paused);
  }

  private async afterFailure(error: unknown): Promise<void> {
    if (!(error instanceof RequestError)) {
      const text = error instanceof Error ? error.message : String(error);
      return this.fail('The call could not be set up', text);
    }
    if (error.code === 'capabilities_changed') {
      this.over = true;
      return this.listener.outdated();
    }
    if (error.code !== 'closed' && error.code !== 'timeout' && isFinal(error.code)) {
      const { title, text } = explainRefusal(error.code, error.message);
      return this.fail(title, text);
    }
    if (
      error.code === 'closed' &&
      this.phase === 'connecting' &&
      (await this.options.isDraining())
    ) {
      const { title, text } = explainRefusal('draining', 'This server is about to be replaced.');
      return this.fail(title, text);
    }
    // The answer to a join that timed out may still come; a fresh socket cannot confuse it.
    if (error.code === 'timeout') this.signalling?.close();
  }

  private afterClose(code: number): void {
    const final = explainClose(code);
    if (final) return this.fail(final.title, final.text);
    const everJoined = this.phase !== 'connecting';
    this.setPhase(everJoined ? 'reconnecting' : 'connecting');
  }

  private fail(title: string, text: string): void {
    this.over = true;
    this.listener.failed(title, text);
  }

  private endSession(): void {
    if (!this.session) return;
    this.session.close();
    this.session = this.speaking = null;
    this.listener.cleared();
    // A media path that broke leaves the server with a stay that is over for us.
    if (!this.over && this.signalling && !this.signalling.closed) {
      this.signalling.request('leave', {}).catch(() => {});
    }
  }

  private setPhase(phase: Phase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.listener.phaseChanged(phase);
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function maySpeak({ grants }: JoinAnswer): boolean {
  return grants.publishData;
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
