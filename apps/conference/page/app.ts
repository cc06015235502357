// The page's own state, and what every button and every event means.
//
// Views show, Call talks, OwnMedia sends, People receive; this file connects them.

import type { Device, types } from 'mediasoup-client';

import { linkToRoom, inventRoom } from './params';
import type { Params } from './params';
import type {
  ConnectionStats,
  ConsumerDescription,
  Events,
  JoinAnswer,
  PageConfig,
  PeerDescription,
} from '../protocol/messages';
import { copyText, isDraining, recall, reloadOnce, remember } from './browser';
import { Call } from './call';
import type { CallListener, Phase } from './call';
import { peerState, sentStats } from './diagnostics';
import type { CallState, CallStats, Diagnostics } from './diagnostics';
import { endView } from './end_view';
import { explainMissingCodec, explainUndecodable, findObstacle } from './failures';
import type { Obstacle } from './failures';
import { onRoomKeys } from './keys';
import { LobbyView } from './lobby_view';
import { OwnMedia } from './own_media';
import { PanelBoard } from './panel_board';
import type { ConnectionHistory } from './panel_board';
import { PanelReader } from './panel_reader';
import { People } from './people';
import { Permissions } from './permissions';
import { RoomView } from './room_view';
import type { RoomActions, RoomStatus } from './room_view';
import { SettingsDialog } from './settings_dialog';
import { chooseStage, importanceOf } from './staging';
import type { ViewMode } from './staging';
import type { PanelContent } from './stats_panel';
import { Talk } from './talk';
import { Tile } from './tile';
import { Toasts } from './toasts';
import { Viewing } from './viewing';

const kLevelPeriodMs = 100;
const kQualityPeriodMs = 2000;

const kStatusOf: Partial<Record<Phase, RoomStatus>> = {
  connecting: 'connecting',
  joined: 'live',
  reconnecting: 'reconnecting',
  rejoining: 'rejoining',
};

export class App implements CallListener, Diagnostics {
  private readonly toasts = new Toasts();
  private readonly own: OwnMedia;
  private readonly people: People;
  private readonly permissions: Permissions;
  private readonly viewing: Viewing;
  private readonly panels: PanelBoard;
  readonly data: Talk;
  private readonly reader: PanelReader;
  private readonly obstacle: Obstacle | null;
  private lobby: LobbyView | null = null;
  private view: RoomView | null = null;
  private settings: SettingsDialog | null = null;
  private self: Tile | null = null;
  private call: Call | null = null;
  private room: string | null;
  private name: string;
  private peerId: string | null = null;
  private joinStartedAt: number | null = null;
  private joinedAt: number | null = null;
  private joins = 0;
  private mode: ViewMode;
  private pinned: Tile | null = null;
  private speakerId: string | null = null;
  private failure: { title: string; text: string } | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: PageConfig,
    private readonly params: Params,
    private readonly device: Promise<Device>,
  ) {
    this.room = params.room;
    this.name = params.name || recall('name') || '';
    this.own = new OwnMedia(params.audio, params.video, {
      changed: () => this.showOwn(),
      devicesChanged: (devices, inUse) => {
        this.lobby?.pickers.update(devices, inUse);
        this.settings?.pickers.update(devices, inUse);
      },
      failed: (text) => this.toasts.show(text, 'warning'),
      panelToggled: (tile) => this.togglePanel(tile),
    });
    this.permissions = new Permissions(this.own, (text) => this.toasts.show(text, 'warning'));
    this.mode = params.view ?? (recall('view') === 'speaker' ? 'speaker' : 'grid');
    this.viewing = new Viewing((wishes) => this.call?.setPreferredLayers(wishes));
    this.people = new People(this.viewing, {
      changed: () => this.arrange(),
      soundBlocked: () => this.askForClick(),
      pinned: (tile) => this.togglePin(tile),
      panelToggled: (tile) => this.togglePanel(tile),
    });
    this.reader = new PanelReader(this.people, this.viewing);
    this.panels = new PanelBoard({
      read: (tile, connection) => this.panelContent(tile, connection),
      ask: () => this.connection(),
    });
    this.data = new Talk({
      call: () => this.call,
      ownName: () => this.name,
      nameOf: (peerId) => this.people.find(peerId)?.name,
      toasts: this.toasts,
    });
    this.obstacle = findObstacle({
      isSecureContext: window.isSecureContext,
      hasMediaDevices: this.own.isAvailable,
      hasPeerConnection: 'RTCPeerConnection' in window,
      hasWebSocket: 'WebSocket' in window,
    });
    root.after(this.toasts.element);
  }

  start(): void {
    if (this.params.autoJoin && this.room && !this.obstacle?.fatal) {
      if (this.obstacle) this.toasts.show(this.obstacle.text, 'warning');
      this.join(this.room, this.name || 'Guest');
    } else {
      this.showLobby();
    }
    setInterval(() => this.updateLevels(), kLevelPeriodMs);
    setInterval(() => {
      if (this.call?.current) void this.reader.record(this.call.current);
    }, kQualityPeriodMs);
    window.addEventListener('online', () => this.call?.networkReturned());
    // A closed tab leaves at once instead of by heartbeat.
    window.addEventListener('pagehide', () => this.call?.leave());
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) location.reload();
    });
    onRoomKeys(() => this.view && this.roomActions(this.room ?? ''));
  }

  state(): CallState {
    const { call, own, people, pinned, room, name, peerId, joinStartedAt, joinedAt, joins } = this;
    return {
      ...{ phase: call?.state ?? 'lobby', room, peerId, name, joinStartedAt, joinedAt, joins },
      microphoneOn: own.microphoneOn,
      cameraOn: own.camera !== null,
      sharing: own.screenTile !== null,
      peers: people.all.map((peer) => peerState(peer, pinned)),
      activeSpeaker: this.speakerId,
      view: this.mode,
      panelsOpen: this.panels.openCount,
      chat: this.data.state(),
      failure: this.failure,
    };
  }

  async stats(): Promise<CallStats> {
    const session = this.call?.current ?? null;
    const [peers, camera, microphone, screen] = await Promise.all([
      this.people.stats(),
      sentStats(session, 'camera'),
      sentStats(session, 'microphone'),
      sentStats(session, 'screen'),
    ]);
    const { joinStartedAt, joinedAt } = this;
    const sent = { camera, microphone, screen };
    return { at: performance.now(), joinStartedAt, joinedAt, peers, sent };
  }

  async connection(): Promise<ConnectionStats | null> {
    return (await this.call?.current?.connectionStats()) ?? null;
  }

  private showLobby(): void {
    const bad = this.params.roomIsBad
      ? 'The room in this address cannot exist; choose another.'
      : null;
    this.lobby = new LobbyView(
      {
        room: this.room ?? inventRoom(() => Math.random()),
        roomIsFixed: this.room !== null,
        name: this.name,
        notice: this.obstacle?.text ?? bad,
        blocked: this.obstacle?.fatal ?? false,
      },
      {
        join: (room, name) => this.join(room, name),
        toggleMicrophone: () => void this.own.toggleMicrophone(),
        toggleCamera: () => void this.own.toggleCamera(),
        picked: (device, id) => void this.own.pick(device, id),
      },
    );
    this.root.replaceChildren(this.lobby.element);
    this.lobby.focus();
    this.showOwn();
    if (!this.obstacle) void this.own.open();
  }

  private join(room: string, name: string): void {
    this.joinStartedAt = performance.now();
    this.joinedAt = null;
    this.joins = 0;
    this.failure = null;
    this.room = room;
    this.name = name;
    if (!this.params.autoJoin) remember('name', name);
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const call = new Call(
      {
        url: `${scheme}://${location.host}/ws?room=${encodeURIComponent(room)}`,
        name,
        token: this.params.token,
        revision: this.config.revision,
        device: this.device,
        codecMimeType: this.params.codec ? `video/${this.params.codec}` : null,
        layers: this.params.layers,
        isDraining: () => isDraining(room),
      },
      this,
    );
    this.call = call;
    // The socket first: while the devices open, the room is entered.
    void call.run();
    this.own.attach(call);
    if (!this.obstacle) void this.own.open();
    this.showRoom(room, name);
    void this.checkCodec();
  }

  private showRoom(room: string, name: string): void {
    this.lobby?.dispose();
    this.lobby = null;
    const self: Tile = new Tile({ name, self: true, onPanel: () => this.togglePanel(self) });
    self.video.addEventListener('resize', () => this.own.resized('camera', self.video));
    this.self = self;
    const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);
    this.view = new RoomView(room, this.roomActions(room), canShare);
    this.settings = new SettingsDialog({ picked: (device, id) => void this.own.pick(device, id) });
    this.data.attach(this.view);
    this.view.setView(this.mode);
    this.root.replaceChildren(this.view.element);
    document.title = `${room} · Sluice`;
    if (this.params.room === null) history.replaceState(null, '', linkToRoom('', room));
    this.showOwn();
  }

  private roomActions(room: string): RoomActions {
    return {
      toggleMicrophone: () => void this.own.toggleMicrophone(),
      toggleCamera: () => void this.own.toggleCamera(),
      toggleScreen: () => void this.own.toggleScreen(),
      toggleView: () => this.toggleView(),
      togglePanels: () => this.togglePanels(),
      toggleChat: () => this.data.toggle(),
      openSettings: () => {
        void this.own.listDevices();
        this.settings?.open();
      },
      copyLink: () => void this.copyLink(room),
      leave: () => {
        this.call?.leave();
        this.showEnd('You left the room', 'Close this tab, or come back in.');
      },
    };
  }

  private showEnd(title: string, text: string): void {
    this.own.close();
    this.people.dismiss();
    this.panels.clear();
    this.data.detach();
    this.pinned = null;
    this.speakerId = null;
    this.settings?.dispose();
    this.view?.dispose();
    this.self?.dispose();
    this.settings = this.view = this.self = null;
    this.peerId = null;
    this.toasts.clear();
    const { room, name } = this;
    const again = { label: 'Join again', run: () => room && this.join(room, name) };
    const home = { label: 'To the start page', run: () => location.assign('/') };
    this.root.replaceChildren(endView(title, text, [again, home]));
  }

  phaseChanged(phase: Phase): void {
    const status = kStatusOf[phase];
    if (status) this.view?.setStatus(status);
    if (phase === 'reconnecting') this.toasts.show('The server is gone. Reconnecting…', 'warning');
    if (phase === 'rejoining') {
      this.toasts.show('The media server was restarted. Rejoining…', 'warning');
    }
  }

  joined(answer: JoinAnswer): void {
    this.joins += 1;
    this.joinedAt = performance.now();
    this.peerId = answer.peerId;
    this.name = answer.name;
    this.self?.setName(`${answer.name} (you)`, answer.name);
    if (this.joins > 1) this.toasts.clear();
    this.permissions.joined(answer.grants);
    this.people.reset(answer.peers);
    this.showSpeaker(answer.activeSpeaker);
  }

  moved({ peers }: JoinAnswer): void {
    this.people.keep(peers);
  }

  sourceMuted(event: Events['sourceMuted']): void {
    this.permissions.muted(event);
  }

  undecodable(event: Events['undecodable']): void {
    this.toasts.show(explainUndecodable(event), 'warning');
  }

  peerJoined(peer: PeerDescription): void {
    this.people.add(peer);
    this.toasts.show(`${peer.name} joined.`);
  }

  peerLeft(peerId: string): void {
    if (this.speakerId === peerId) this.showSpeaker(null);
    const peer = this.people.remove(peerId);
    if (!peer) return;
    this.data.peerLeft(peerId, peer.name);
    this.toasts.show(`${peer.name} left.`);
  }

  peerLink(event: Events['peerLink']): void {
    this.people.setLink(event);
  }

  streamAdded(description: ConsumerDescription, consumer: types.Consumer): void {
    this.people.addStream(description, consumer);
  }

  streamsReady(): void {
    this.viewing.update();
  }

  streamRemoved(consumerId: string): void {
    this.people.removeStream(consumerId);
  }

  streamPaused(consumerId: string, paused: boolean): void {
    this.people.setPaused(consumerId, paused);
  }

  layersChanged(event: Events['layersChanged']): void {
    this.people.setLayers(event);
  }

  scored(event: Events['consumerScore']): void {
    this.people.setScore(event);
  }

  ownScored(event: Events['producerScore']): void {
    this.reader.setOwnScores(this.call?.current ?? null, event);
  }

  captureChanged(event: Events['captureChanged']): void {
    this.people.setCapture(event);
  }

  activeSpeaker(peerId: string): void {
    this.showSpeaker(peerId);
  }

  audioLevels(event: Events['audioLevels']): void {
    this.people.setLevels(event);
  }

  linkChanged(up: boolean): void {
    this.view?.setStatus(up ? 'live' : 'unstable');
  }

  cleared(): void {
    this.peerId = null;
    this.data.reset();
    this.people.suspend();
  }

  failed(title: string, text: string): void {
    this.failure = { title, text };
    this.showEnd(title, text);
  }

  outdated(): void {
    if (reloadOnce()) return;
    this.failed('The server was updated', 'Close this tab and open the room again.');
  }

  private showOwn(): void {
    const { camera, microphoneOn } = this.own;
    this.lobby?.setMicrophone(microphoneOn);
    this.lobby?.setCamera(camera);
    this.view?.setMicrophone(microphoneOn);
    this.view?.setCamera(camera !== null);
    this.view?.setSharing(this.own.screenTile !== null);
    this.self?.setMuted(!microphoneOn);
    this.self?.setTrack(camera);
    this.arrange();
  }

  private arrange(): void {
    if (!this.view || !this.self) return;
    const { people, own, self } = this;
    const { screens } = people;
    const tiles = [...screens, self, ...people.tiles];
    if (own.screenTile) tiles.push(own.screenTile);
    if (this.pinned && !tiles.includes(this.pinned)) this.pinned = null;
    // One's own face is not what one wants to see large.
    const speaker = people.find(this.speakerId)?.tile ?? null;
    const candidates = { pinned: this.pinned, screens, speaker, mode: this.mode };
    const staged = chooseStage(candidates);
    this.view.setTiles(tiles, staged);
    this.view.setPeople(1 + people.count);
    this.view.setInvitation(this.call?.state === 'joined' && people.count === 0);
    this.panels.keep(tiles);
    if (this.params.panels) this.panels.openNew(tiles);
    this.view.setPanels(this.panels.openCount > 0);
    this.viewing.rank((tile) => importanceOf(tile, candidates, staged));
  }

  private showSpeaker(peerId: string | null): void {
    this.speakerId = peerId;
    this.people.setActiveSpeaker(peerId);
    this.self?.setActiveSpeaker(peerId !== null && peerId === this.peerId);
    this.arrange();
  }

  private togglePin(tile: Tile): void {
    this.pinned?.setPinned(false);
    this.pinned = this.pinned === tile ? null : tile;
    this.pinned?.setPinned(true);
    this.arrange();
  }

  private toggleView(): void {
    this.mode = this.mode === 'grid' ? 'speaker' : 'grid';
    if (!this.params.autoJoin) remember('view', this.mode);
    this.view?.setView(this.mode);
    this.arrange();
  }

  private togglePanel(tile: Tile): void {
    this.panels.toggle(tile);
    this.view?.setPanels(this.panels.openCount > 0);
  }

  private togglePanels(): void {
    const { people, self, own } = this;
    const tiles = [...people.screens, ...people.tiles, self, own.screenTile];
    this.panels.toggleAll(tiles.filter((tile) => tile !== null));
    this.view?.setPanels(this.panels.openCount > 0);
  }

  private panelContent(tile: Tile, connection: ConnectionHistory): Promise<PanelContent> {
    const session = this.call?.current ?? null;
    if (tile === this.self) return this.reader.own('camera', session, connection);
    if (tile === this.own.screenTile) return this.reader.own('screen', session, connection);
    return this.reader.remote(tile);
  }

  private updateLevels(): void {
    if (!this.lobby && !this.view) return;
    const now = performance.now();
    const level = this.own.level();
    this.lobby?.setLevel(level);
    this.self?.setSpeaking(this.own.isSpeaking(level, now));
    this.people.updateSpeaking(now);
  }

  private async copyLink(room: string): Promise<void> {
    const link = linkToRoom(location.origin, room);
    if (await copyText(link)) this.toasts.show('The link to this room was copied.');
    else this.toasts.show(`Copy this link: ${link}`);
  }

  private async checkCodec(): Promise<void> {
    const device = await this.device.catch(() => null);
    const text = explainMissingCodec(this.params.codec, device?.sendRtpCapabilities.codecs ?? []);
    if (text) this.toasts.show(text, 'warning');
  }

  private askForClick(): void {
    const listen = () => this.people.resumeSound();
    document.addEventListener('pointerdown', listen, { once: true });
    this.toasts.show('The browser holds back the sound.', 'note', { label: 'Listen', run: listen });
  }
}
