// What the person sends: which devices are wanted on, which are, and telling the call about it.

import type { Source } from '../protocol/messages';
import type { Call } from './call';
import { recall, remember } from './browser';
import { LocalMedia } from './local_media';
import type { Choice, DeviceList } from './local_media';
import { SpeakingDetector, TrackMeter } from './sound_level';
import { Tile } from './tile';

export interface OwnMediaListener {
  // Something was switched, opened or lost; views should show it.
  changed(): void;
  // The list of devices, or which of them are in use, is another one now.
  devicesChanged(devices: DeviceList, inUse: Choice): void;
  failed(text: string): void;
  panelToggled(tile: Tile): void;
}

export class OwnMedia {
  private readonly media: LocalMedia;
  private readonly speaking = new SpeakingDetector();
  private call: Call | null = null;
  private opening: Promise<void> | null = null;
  private meter: { track: MediaStreamTrack; meter: TrackMeter } | null = null;
  private screen: { stream: MediaStream; tile: Tile } | null = null;
  private closed = false;
  // What may not be sent, and why.
  private readonly refusals = new Map<Source, string>();

  constructor(
    private microphoneWanted: boolean,
    private cameraWanted: boolean,
    private readonly listener: OwnMediaListener,
  ) {
    this.media = new LocalMedia(
      (device) => this.lost(device),
      (text) => listener.failed(text),
    );
    this.media.choice.camera = recall('camera');
    this.media.choice.microphone = recall('microphone');
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.listDevices());
  }

  get isAvailable(): boolean {
    return this.media.isAvailable;
  }

  get microphoneOn(): boolean {
    return this.microphoneWanted && this.media.microphone !== null;
  }

  get camera(): MediaStreamTrack | null {
    return this.media.camera;
  }

  get screenTile(): Tile | null {
    return this.screen?.tile ?? null;
  }

  // From now on everything that is on goes into `call`.
  attach(call: Call): void {
    this.call = call;
    this.closed = false;
    this.sendCamera();
    this.sendMicrophone();
  }

  // Opens what is wanted and not open yet; calls while it is under way share one question.
  open(): Promise<void> {
    this.opening ??= this.openWanted().finally(() => {
      this.opening = null;
      // The person left while the browser was still asking.
      if (this.closed) return this.media.close();
      this.update();
      void this.listDevices();
    });
    return this.opening;
  }

  // Turns a source off, if it is on, and keeps it off until allow().
  refuse(source: Source, why: string): void {
    this.refusals.set(source, why);
    this.turnOff(source);
    // Muted is not enough where it cannot be turned on again.
    if (source !== 'microphone' || !this.media.microphone) return;
    this.media.closeMicrophone();
    this.update();
  }

  allow(source: Source): void {
    this.refusals.delete(source);
  }

  turnOff(source: Source): void {
    if (source === 'microphone' && this.microphoneWanted) {
      this.microphoneWanted = false;
      this.sendMicrophone();
    } else if (source === 'camera' && (this.cameraWanted || this.media.camera)) {
      this.cameraWanted = false;
      this.call?.setPaused('camera', true);
      this.media.closeCamera();
    } else if (source.startsWith('screen')) {
      this.stopSharing();
    }
    this.update();
  }

  // True if it may be turned on; otherwise the person is told why not.
  private mayTurnOn(source: Source): boolean {
    const why = this.refusals.get(source);
    if (why !== undefined) this.listener.failed(why);
    return why === undefined;
  }

  async toggleMicrophone(): Promise<void> {
    if (!this.microphoneOn && !this.mayTurnOn('microphone')) return;
    this.microphoneWanted = !this.microphoneOn;
    if (this.microphoneWanted && !this.media.microphone) await this.open();
    this.sendMicrophone();
    this.update();
  }

  async toggleCamera(): Promise<void> {
    if (this.media.camera) {
      this.cameraWanted = false;
      this.call?.setPaused('camera', true);
      this.media.closeCamera();
    } else if (this.mayTurnOn('camera')) {
      this.cameraWanted = true;
      await this.open();
    }
    this.update();
  }

  async pick(device: 'camera' | 'microphone', id: string): Promise<void> {
    this.media.choice[device] = id;
    remember(device, id);
    if (!this.mayTurnOn(device)) return;
    // One that does not open leaves the one before it as it was.
    const opened = await (device === 'camera'
      ? this.media.openCamera()
      : this.media.openMicrophone());
    if (opened && device === 'camera') this.cameraWanted = true;
    if (opened && device === 'microphone') this.microphoneWanted = true;
    this.sendOpened();
    this.update();
    await this.listDevices();
  }

  async toggleScreen(): Promise<void> {
    if (this.screen) return this.stopSharing();
    if (!this.mayTurnOn('screen')) return;
    const stream = await this.media.openScreen();
    const [picture] = stream?.getVideoTracks() ?? [];
    if (!stream || !picture) return;
    picture.contentHint = 'detail';
    const tile: Tile = new Tile({
      name: 'Your screen',
      screen: true,
      onPanel: () => this.listener.panelToggled(tile),
    });
    const { video } = tile;
    video.addEventListener('resize', () => this.resized('screen', video));
    tile.setStream(new MediaStream([picture]));
    tile.setPicture(true);
    this.screen = { stream, tile };
    // The browser has a stop button of its own.
    picture.addEventListener('ended', () => this.stopSharing());
    this.call?.publish('screen', picture);
    const [sound] = stream.getAudioTracks();
    if (sound && !this.refusals.has('screen-audio')) this.call?.publish('screen-audio', sound);
    this.listener.changed();
  }

  async listDevices(): Promise<void> {
    const devices = await this.media.devices();
    const { camera, microphone, choice } = this.media;
    this.listener.devicesChanged(devices, {
      camera: camera?.getSettings().deviceId ?? choice.camera,
      microphone: microphone?.getSettings().deviceId ?? choice.microphone,
    });
  }

  // A picture of one's own has another size now: another camera, a turned phone, a window.
  resized(source: 'camera' | 'screen', { videoWidth, videoHeight }: HTMLVideoElement): void {
    if (videoWidth === 0 || videoHeight === 0) return;
    this.call?.setCapture(source, { width: videoWidth, height: videoHeight });
  }

  // How loud the microphone is, from 0 to 1; a muted one is silent.
  level(): number {
    return this.microphoneOn && this.meter ? this.meter.meter.level() : 0;
  }

  isSpeaking(level: number, now: number): boolean {
    return this.speaking.update(level, now);
  }

  // The call is over: every light goes out. What was wanted on is wanted on next time, too.
  close(): void {
    this.stopSharing();
    this.closed = true;
    this.call = null;
    this.meter?.meter.close();
    this.meter = null;
    this.media.close();
  }

  private async openWanted(): Promise<void> {
    const needMicrophone = this.microphoneWanted && !this.media.microphone;
    const needCamera = this.cameraWanted && !this.media.camera;
    if (needMicrophone && needCamera) await this.media.openBoth();
    else if (needMicrophone) await this.media.openMicrophone();
    else if (needCamera) await this.media.openCamera();
    this.microphoneWanted &&= this.media.microphone !== null;
    this.cameraWanted &&= this.media.camera !== null;
    this.sendOpened();
  }

  // A browser asks the person before it opens a device. What is no longer wanted by then, or may no
  // longer be sent, is closed again: its light would be on for nobody.
  private sendOpened(): void {
    if (this.refusals.has('camera')) this.cameraWanted = false;
    if (!this.cameraWanted) this.media.closeCamera();
    if (this.refusals.has('microphone')) {
      this.microphoneWanted = false;
      this.media.closeMicrophone();
    }
    this.sendCamera();
    this.sendMicrophone();
  }

  private lost(device: 'camera' | 'microphone'): void {
    this.listener.failed(`The ${device} was disconnected.`);
    this.call?.setPaused(device, true);
    if (device === 'camera') this.cameraWanted = false;
    else this.microphoneWanted = false;
    this.update();
    void this.listDevices();
  }

  private sendMicrophone(): void {
    const { microphone } = this.media;
    if (this.refusals.has('microphone')) return this.call?.unpublish('microphone');
    if (microphone) this.call?.publish('microphone', microphone, !this.microphoneWanted);
  }

  private sendCamera(): void {
    if (this.refusals.has('camera')) return;
    if (this.media.camera) this.call?.publish('camera', this.media.camera);
  }

  private stopSharing(): void {
    const { screen } = this;
    if (!screen) return;
    this.screen = null;
    for (const track of screen.stream.getTracks()) track.stop();
    screen.tile.dispose();
    this.call?.unpublish('screen');
    this.call?.unpublish('screen-audio');
    this.listener.changed();
  }

  private update(): void {
    const { microphone } = this.media;
    if (this.meter?.track !== microphone) {
      this.meter?.meter.close();
      this.meter = microphone ? { track: microphone, meter: new TrackMeter(microphone) } : null;
    }
    this.listener.changed();
  }
}
