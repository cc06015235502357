// One stay in a room, over one RTCPeerConnection. It ends as a whole; whoever wants to go on makes
// another one.

import type { EventName, Events, IceServer, PageConfig } from '../../protocol/messages';
import { chooseLayers } from '../layer_choice';
import type { View } from '../layer_choice';
import { Signalling } from '../signalling';
import { Link } from './link';
import type { LinkListener } from './link';
import type { OwnMedia } from './own_media';
import { People } from './people';
import { Talk } from './talk';

export interface CallListener {
  changed(): void;
  heard(name: string, text: string): void;
  notice(text: string): void;
  // `final` if it makes no sense to try again by oneself.
  ended(reason: string, final: boolean): void;
}

export interface CallSetup {
  url: string;
  config: PageConfig;
  name: string;
  session: string;
  token: string | null;
}

export class Call {
  readonly link: Link;
  readonly people: People;
  readonly talk: Talk;
  state: RTCPeerConnectionState = 'new';
  private readonly chosen = new Map<string, string>();
  private over = false;

  private constructor(
    readonly signalling: Signalling,
    private readonly listener: CallListener,
    private readonly media: OwnMedia,
    iceServers: IceServer[],
  ) {
    const whatHappens: LinkListener = {
      channel: (channel) => this.talk.opened(channel),
      state: (state) => {
        this.state = state;
        listener.changed();
      },
      refused: (error) => listener.notice(error.message),
    };
    this.link = new Link(signalling, whatHappens, iceServers);
    this.people = new People(
      (mid) => this.link.trackOf(mid),
      () => listener.changed(),
    );
    this.talk = new Talk(this.link.openChannel('chat'), signalling, (peerId, text) =>
      listener.heard(this.people.nameOf(peerId), text),
    );
  }

  static async join(setup: CallSetup, media: OwnMedia, listener: CallListener): Promise<Call> {
    let call: Call | null = null;
    // What comes before the call stands is a matter of a few events.
    const early: (() => void)[] = [];
    const signalling = await Signalling.open(setup.url, {
      event: (name, data) => {
        if (call) call.take(name, data);
        else early.push(() => call?.take(name, data));
      },
      closed: () => call?.end('The connection to the server was lost.', false),
    });
    try {
      const { name, session, token, config } = setup;
      const joined = await signalling.request('join', {
        ...{ name, session, revision: config.revision, media: 'sdp' },
        rtpCapabilities: { codecs: [], headerExtensions: [] },
        ...(token === null ? {} : { token }),
      });
      call = new Call(signalling, listener, media, joined.iceServers);
      for (const peer of joined.peers) call.people.joined(peer);
      for (const take of early) take();
      await media.sendAll(call.link);
      return call;
    } catch (error) {
      signalling.close();
      throw error;
    }
  }

  // What of each picture is worth sending for the place it has on the screen.
  view(views: Map<string, View>): void {
    const consumers = [...views].flatMap(([consumerId, view]) => {
      const { shape, capture } = this.people.streamOf(consumerId)?.description ?? {};
      if (!shape) return [];
      const wish = { consumerId, ...chooseLayers(shape, capture ?? null, view) };
      if (this.chosen.get(consumerId) === JSON.stringify(wish)) return [];
      this.chosen.set(consumerId, JSON.stringify(wish));
      return [wish];
    });
    if (consumers.length === 0) return;
    this.signalling.request('setPreferredLayers', { consumers }).catch(() => {});
  }

  leave(): void {
    if (!this.over) this.signalling.request('leave', {}).catch(() => {});
    this.end('You have left.', true);
  }

  private end(reason: string, final: boolean): void {
    if (this.over) return;
    this.over = true;
    this.link.close();
    this.signalling.close();
    this.listener.ended(reason, final);
  }

  private take<E extends EventName>(event: E, data: Events[E]): void {
    const handle = this.handlers[event] as ((data: Events[E]) => void) | undefined;
    handle?.(data);
  }

  private readonly handlers: { [E in EventName]?: (data: Events[E]) => void } = {
    offer: ({ sdp }) => this.link.offered(sdp),
    peerJoined: (peer) => this.people.joined(peer),
    peerLeft: ({ peerId }) => this.people.left(peerId),
    newConsumer: (description) => this.people.receives(description),
    consumerClosed: ({ consumerId }) => {
      this.chosen.delete(consumerId);
      this.people.ended(consumerId);
    },
    consumerPaused: ({ consumerId }) => this.people.pause(consumerId, true),
    consumerResumed: ({ consumerId }) => this.people.pause(consumerId, false),
    newDataConsumer: (description) => this.talk.expect(description),
    sourceMuted: ({ source }) => {
      const track = this.media.track(source);
      if (track) track.enabled = false;
      this.listener.notice(`A moderator turned your ${source} off.`);
    },
    roomReset: ({ reason }) => this.end(reason, false),
    dismissed: ({ message }) => this.end(message, true),
  };
}
