// The page's own state, and what every button and every event means.
//
// Views show, Call talks, LocalMedia opens devices; this file connects them.

import type { Device, types } from 'mediasoup-client';

import type {
  ConsumerDescription,
  Events,
  JoinAnswer,
  PageConfig,
  PeerDescription,
} from '../protocol/messages';
import { Call } from './call';
import type { CallListener, Phase } from './call';
import type { CallState, CallStats, Diagnostics } from './diagnostics';
import { peerStats, sentStats } from './diagnostics';
import { endView } from './end_view';
import { findObstacle } from './failures';
import type { Obstacle } from './failures';
import { LobbyView } from './lobby_view';
import { LocalMedia } from './local_media';
import { inventRoom, linkToRoom } from './params';
import type { Params } from './params';
import { copyText, recall, remember, reloadOnce } from './browser';
import { RemotePeer } from './remote_peer';
import { RoomView } from './room_view';
import type { RoomStatus } from './room_view';
import { SettingsDialog } from './settings_dialog';
import { SpeakingDetector, TrackMeter } from './sound_level';
import { Tile } from './tile';
import { Toasts } from './toasts';

const kLevelPeriodMs = 100;
const kLossPeriodMs = 2000;

export class App implements CallListener, Diagnostics {
  private readonly toasts = new Toasts();
  private readonly media: LocalMedia;
  private readonly obstacle: Obstacle | null;
  private lobby: LobbyView | null = null;
  private view: RoomView | null = null;
  private settings: SettingsDialog | null = null;
  private call: Call | null = null;
  private self: Tile | null = null;
  private ownScreen: { stream: MediaStream; tile: Tile } | null = null;
  private readonly peers = new Map<string, RemotePeer>();
  // Tiles of a room that was lost; they stay in sight until the rejoin replaces them.
  private stale: RemotePeer[] = [];
  private meter: { track: MediaStreamTrack; meter: TrackMeter } | null = null;
  private readonly speaking = new SpeakingDetector();
  private microphoneWanted: boolean;
  private cameraWanted: boolean;
  private opening: Promise<void> | null = null;
  private room: string | null;
  private name: string;
  private peerId: string | null = null;
  private joinStartedAt: number | null = null;
  private joinedAt: number | null = null;
  private joins = 0;
  private failure: { title: string; text: string } | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: PageConfig,
    private readonly params: Params,
    private readonly device: Promise<Device>,
  ) {
    this.room = params.room;
    this.name = params.name || recall('name') || '';
    this.microphoneWanted = params.audio;
    this.cameraWanted = params.video;
    this.media = new LocalMedia(
      (device) => this.deviceLost(device),
      (text) => this.toasts.show(text, 'warning'),
    );
    this.media.choice.camera = recall('camera');
    this.media.choice.microphone = recall('microphone');
    this.obstacle = findObstacle({
      isSecureContext: window.isSecureContext,
      hasMediaDevices: this.media.isAvailable,
      hasPeerConnection: 'RTCPeerConnection' in window,
      hasWebSocket: 'WebSocket' in window,
    });
    root.after(this.toasts.element);
    setInterval(() => this.updateLevels(), kLevelPeriodMs);
    setInterval(() => void this.updateLoss(), kLossPeriodMs);
  }

  start(): void {
    if (this.params.autoJoin && this.room && !this.obstacle?.fatal) {
      if (this.obstacle) this.toasts.show(this.obstacle.text, 'warning');
      this.join(this.room, this.name || 'Guest');
    } else {
      this.showLobby();
    }
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.listDevices());
    window.addEventListener('online', () => this.call?.retryNow());
    // A closed tab leaves at once instead of by heartbeat.
    window.addEventListener('pagehide', () => this.call?.leave());
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) location.reload();
    });
    document.addEventListener('keydown', (event) => this.onKey(event));
  }

  // --- Diagnostics

  state(): CallState {
    return {
      phase: this.call?.state ?? (this.failure ? 'ended' : 'lobby'),
      room: this.room,
      peerId: this.peerId,
      name: this.name,
      microphoneOn: this.microphoneOn,
      cameraOn: this.media.camera !== null,
      sharing: this.ownScreen !== null,
      joinStartedAt: this.joinStartedAt,
      joinedAt: this.joinedAt,
      joins: this.joins,
      peers: [...this.peers.values()].map((peer) => ({
        id: peer.id,
        name: peer.name,
        micMuted: peer.isMuted,
        cameraOff: peer.isCameraOff,
        sharingScreen: peer.screenTile !== null,
        firstFrameAt: peer.firstFrameAt,
      })),
      failure: this.failure,
    };
  }

  async stats(): Promise<CallStats> {
    const session = this.call?.current ?? null;
    const [peers, camera, microphone, screen] = await Promise.all([
      Promise.all([...this.peers.values()].map(peerStats)),
      sentStats(session, 'camera'),
      sentStats(session, 'microphone'),
      sentStats(session, 'screen'),
    ]);
    const { joinStartedAt, joinedAt } = this;
    const sent = { camera, microphone, screen };
    return { at: performance.now(), joinStartedAt, joinedAt, peers, sent };
  }

  // --- Lobby

  private showLobby(): void {
    const room = this.room ?? inventRoom(() => Math.random());
    const bad = this.params.roomIsBad ? 'The room in this address cannot exist; choose another.' : null;
    this.lobby = new LobbyView(
      {
        room,
        roomIsFixed: this.room !== null,
        name: this.name,
        notice: this.obstacle?.text ?? bad,
        blocked: this.obstacle?.fatal ?? false,
      },
      {
        join: (chosen, name) => this.join(chosen, name),
        toggleMicrophone: () => void this.toggleMicrophone(),
        toggleCamera: () => void this.toggleCamera(),
        picked: (device, id) => void this.pick(device, id),
      },
    );
    this.root.replaceChildren(this.lobby.element);
    this.lobby.focus();
    this.showDevices();
    if (!this.obstacle) void this.openDevices();
  }

  // --- Devices

  private get microphoneOn(): boolean {
    return this.microphoneWanted && this.media.microphone !== null;
  }

  // Opens what is wanted and not open yet; calls while it is under way share one question.
  private openDevices(): Promise<void> {
    this.opening ??= this.openWanted().finally(() => {
      this.opening = null;
      this.showDevices();
      void this.listDevices();
    });
    return this.opening;
  }

  private async openWanted(): Promise<void> {
    const needMicrophone = this.microphoneWanted && !this.media.microphone;
    const needCamera = this.cameraWanted && !this.media.camera;
    if (needMicrophone && needCamera) await this.media.openBoth();
    else if (needMicrophone) await this.media.openMicrophone();
    else if (needCamera) await this.media.openCamera();
    this.microphoneWanted &&= this.media.microphone !== null;
    this.cameraWanted &&= this.media.camera !== null;
  }

  private async toggleMicrophone(): Promise<void> {
    this.microphoneWanted = !this.microphoneOn;
    if (this.microphoneWanted && !this.media.microphone) await this.openDevices();
    this.showDevices();
    this.sendMicrophone();
  }

  private async toggleCamera(): Promise<void> {
    if (this.media.camera) {
      this.cameraWanted = false;
      this.call?.setPaused('camera', true);
      this.media.closeCamera();
    } else {
      this.cameraWanted = true;
      await this.openDevices();
      this.sendCamera();
    }
    this.showDevices();
  }

  private async pick(device: 'camera' | 'microphone', id: string): Promise<void> {
    this.media.choice[device] = id;
    remember(device, id);
    if (device === 'camera') {
      this.cameraWanted = await this.media.openCamera();
      this.sendCamera();
    } else {
      this.microphoneWanted = await this.media.openMicrophone();
      this.sendMicrophone();
    }
    this.showDevices();
    await this.listDevices();
  }

  private deviceLost(device: 'camera' | 'microphone'): void {
    this.toasts.show(`The ${device} was disconnected.`, 'warning');
    this.call?.setPaused(device, true);
    if (device === 'camera') this.cameraWanted = false;
    else this.microphoneWanted = false;
    this.showDevices();
    void this.listDevices();
  }

  private sendMicrophone(): void {
    const { microphone } = this.media;
    if (microphone) this.call?.publish('microphone', microphone, !this.microphoneWanted);
  }

  private sendCamera(): void {
    if (this.media.camera) this.call?.publish('camera', this.media.camera);
  }

  private showDevices(): void {
    const { camera, microphone } = this.media;
    const speaks = this.microphoneOn;
    this.lobby?.setMicrophone(speaks);
    this.lobby?.setCamera(camera);
    this.view?.setMicrophone(speaks);
    this.view?.setCamera(camera !== null);
    this.self?.setMuted(!speaks);
    this.self?.setStream(camera ? new MediaStream([camera]) : null);
    this.self?.setPicture(camera !== null);
    if (this.meter?.track === microphone) return;
    this.meter?.meter.close();
    this.meter = microphone ? { track: microphone, meter: new TrackMeter(microphone) } : null;
  }

  private async listDevices(): Promise<void> {
    const devices = await this.media.devices();
    const { camera, microphone } = this.media;
    const inUse = {
      camera: camera?.getSettings().deviceId ?? this.media.choice.camera,
      microphone: microphone?.getSettings().deviceId ?? this.media.choice.microphone,
    };
    this.lobby?.pickers.update(devices, inUse);
    this.settings?.pickers.update(devices, inUse);
  }

  // --- Call

  private join(room: string, name: string): void {
    this.joinStartedAt = performance.now();
    this.joinedAt = null;
    this.joins = 0;
    this.failure = null;
    this.room = room;
    this.name = name;
    if (!this.params.autoJoin) remember('name', name);
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.call = new Call(
      {
        url: `${scheme}://${location.host}/ws?room=${encodeURIComponent(room)}`,
        name,
        token: this.params.token,
        revision: this.config.revision,
        device: this.device,
        codecMimeType: this.params.codec ? `video/${this.params.codec}` : null,
      },
      this,
    );
    void this.call.run();
    this.showRoom(room, name);
    if (!this.obstacle) {
      void this.openDevices().then(() => {
        this.sendCamera();
        this.sendMicrophone();
      });
    }
    void this.checkCodec();
  }

  private showRoom(room: string, name: string): void {
    this.lobby?.dispose();
    this.lobby = null;
    this.self = new Tile({ name, self: true });
    const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);
    this.view = new RoomView(room, this.roomActions(room), canShare);
    this.settings = new SettingsDialog({ picked: (device, id) => void this.pick(device, id) });
    this.root.replaceChildren(this.view.element);
    document.title = `${room} · Sluice`;
    if (this.params.room === null) history.replaceState(null, '', linkToRoom('', room));
    this.showDevices();
    this.arrange();
  }

  private roomActions(room: string) {
    return {
      toggleMicrophone: () => void this.toggleMicrophone(),
      toggleCamera: () => void this.toggleCamera(),
      toggleScreen: () => void this.toggleScreen(),
      openSettings: () => {
        void this.listDevices();
        this.settings?.open();
      },
      copyLink: () => void this.copyLink(room),
      leave: () => {
        this.call?.leave();
        this.showEnd('You left the room', 'Close this tab, or come back in.');
      },
    };
  }

  private async toggleScreen(): Promise<void> {
    if (this.ownScreen) return this.stopSharing();
    const stream = await this.media.openScreen();
    const [picture] = stream?.getVideoTracks() ?? [];
    if (!stream || !picture || !this.call) return;
    picture.contentHint = 'detail';
    const tile = new Tile({ name: 'Your screen', screen: true });
    tile.setStream(new MediaStream([picture]));
    tile.setPicture(true);
    this.ownScreen = { stream, tile };
    // The browser has a stop button of its own.
    picture.addEventListener('ended', () => this.stopSharing());
    this.call.publish('screen', picture);
    const [sound] = stream.getAudioTracks();
    if (sound) this.call.publish('screen-audio', sound);
    this.arrange();
  }

  private stopSharing(): void {
    const screen = this.ownScreen;
    if (!screen) return;
    this.ownScreen = null;
    for (const track of screen.stream.getTracks()) track.stop();
    screen.tile.dispose();
    this.call?.unpublish('screen');
    this.call?.unpublish('screen-audio');
    this.arrange();
  }

  private async copyLink(room: string): Promise<void> {
    const link = linkToRoom(location.origin, room);
    if (await copyText(link)) this.toasts.show('The link to this room was copied.');
    else this.toasts.show(`Copy this link: ${link}`);
  }

  private async checkCodec(): Promise<void> {
    const { codec } = this.params;
    if (!codec) return;
    const device = await this.device.catch(() => null);
    const known = device?.sendRtpCapabilities.codecs ?? [];
    if (known.some(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`.toLowerCase())) return;
    this.toasts.show(`This browser cannot send ${codec}; it will choose another codec.`, 'warning');
  }

  // --- What the call reports

  phaseChanged(phase: Phase): void {
    const status: Partial<Record<Phase, RoomStatus>> = {
      connecting: 'connecting',
      joined: 'live',
      reconnecting: 'reconnecting',
      rejoining: 'rejoining',
    };
    const shown = status[phase];
    if (shown) this.view?.setStatus(shown);
    this.view?.element.classList.toggle('is-away', phase !== 'joined');
    if (phase === 'reconnecting') this.toasts.show('The server is gone. Reconnecting…', 'warning');
    if (phase === 'rejoining') this.toasts.show('The media server was restarted. Rejoining…', 'warning');
  }

  joined(answer: JoinAnswer): void {
    this.joins += 1;
    this.joinedAt = performance.now();
    this.peerId = answer.peerId;
    this.name = answer.name;
    this.self?.setName(`${answer.name} (you)`, answer.name);
    for (const peer of this.stale) peer.dispose();
    this.stale = [];
    for (const peer of answer.peers) this.addPeer(peer);
    if (this.joins > 1) this.toasts.clear();
    this.arrange();
  }

  peerJoined(peer: PeerDescription): void {
    this.addPeer(peer);
    this.arrange();
    this.toasts.show(`${peer.name} joined.`);
  }

  peerLeft(peerId: string): void {
    const peer = this.peers.get(peerId);
    if (!peer) return;
    this.peers.delete(peerId);
    peer.dispose();
    this.arrange();
    this.toasts.show(`${peer.name} left.`);
  }

  peerLink({ peerId, state }: Events['peerLink']): void {
    this.peers.get(peerId)?.setLink(state);
  }

  streamAdded(description: ConsumerDescription, consumer: types.Consumer): void {
    this.peers.get(description.peerId)?.addStream(description, consumer);
  }

  streamRemoved(consumerId: string): void {
    this.ownerOf(consumerId)?.removeStream(consumerId);
  }

  streamPaused(consumerId: string, paused: boolean): void {
    this.ownerOf(consumerId)?.setPaused(consumerId, paused);
  }

  linkChanged(up: boolean): void {
    this.view?.setStatus(up ? 'live' : 'unstable');
  }

  cleared(): void {
    for (const peer of this.peers.values()) {
      peer.tile.setNotice('Reconnecting…');
      this.stale.push(peer);
    }
    this.peers.clear();
    this.peerId = null;
    this.arrange();
  }

  failed(title: string, text: string): void {
    this.failure = { title, text };
    this.showEnd(title, text);
  }

  outdated(): void {
    if (reloadOnce()) return;
    this.failed('The server was updated', 'Close this tab and open the room again.');
  }

  private showEnd(title: string, text: string): void {
    this.stopSharing();
    this.meter?.meter.close();
    this.meter = null;
    this.media.close();
    for (const peer of [...this.peers.values(), ...this.stale]) peer.dispose();
    this.peers.clear();
    this.stale = [];
    this.settings?.dispose();
    this.settings = null;
    this.view?.dispose();
    this.view = null;
    this.self?.dispose();
    this.self = null;
    this.toasts.clear();
    const { room, name } = this;
    const again = { label: 'Join again', run: () => room && this.join(room, name) };
    const home = { label: 'To the start page', run: () => location.assign('/') };
    this.root.replaceChildren(endView(title, text, [again, home]));
  }

  private addPeer(description: PeerDescription): void {
    const peer = new RemotePeer(description, {
      soundBlocked: () => this.askForClick(),
      screenAdded: () => this.arrange(),
      screenRemoved: () => this.arrange(),
    });
    this.peers.get(description.id)?.dispose();
    this.peers.set(description.id, peer);
  }

  private ownerOf(consumerId: string): RemotePeer | undefined {
    return [...this.peers.values()].find((peer) => peer.hasStream(consumerId));
  }

  private arrange(): void {
    if (!this.view || !this.self) return;
    const others = [...this.stale, ...this.peers.values()];
    const screens = others.flatMap(({ screenTile }) => (screenTile ? [screenTile] : []));
    const tiles = [...screens, this.self, ...others.map(({ tile }) => tile)];
    if (this.ownScreen) tiles.push(this.ownScreen.tile);
    this.view.setTiles(tiles, screens[screens.length - 1] ?? null);
    this.view.setPeople(1 + others.length);
    this.view.setInvitation(this.joins > 0 && others.length === 0 && this.call?.state === 'joined');
    this.view.setSharing(this.ownScreen !== null);
  }

  private askForClick(): void {
    const listen = () => {
      for (const peer of this.peers.values()) peer.resumeSound();
    };
    document.addEventListener('pointerdown', listen, { once: true });
    this.toasts.show('The browser holds back the sound.', 'note', { label: 'Listen', run: listen });
  }

  private updateLevels(): void {
    if (!this.lobby && !this.view) return;
    const now = performance.now();
    const level = this.microphoneOn && this.meter ? this.meter.meter.level() : 0;
    this.lobby?.setLevel(level);
    this.self?.setSpeaking(this.speaking.update(level, now));
    for (const peer of this.peers.values()) peer.updateSpeaking(now);
  }

  private async updateLoss(): Promise<void> {
    for (const peer of [...this.peers.values()]) {
      const seen = await peerStats(peer);
      peer.updateLoss({
        received: seen.packetsReceived + seen.audioPacketsReceived,
        lost: seen.packetsLost + seen.audioPacketsLost,
      });
    }
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement | null;
    const typing = target?.closest('input[type=text], select, textarea, dialog') !== null;
    if (!this.view || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'm' || event.key === 'M') void this.toggleMicrophone();
    if (event.key === 'v' || event.key === 'V') void this.toggleCamera();
  }
}
