// The person's own camera, microphone and screen: opening, choosing, closing.
//
// A camera that is switched off is closed, so that its light goes out. A muted microphone stays
// open, because people unmute in the middle of a word.

import { explainDevice } from './failures';

const kCameraShape: MediaTrackConstraints = {
  width: { min: 320, ideal: 1280, max: 1920 },
  height: { min: 240, ideal: 720, max: 1080 },
  frameRate: { ideal: 30, max: 30 },
};
const kMicrophoneShape: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

export interface Choice {
  camera: string | null;
  microphone: string | null;
}

export interface DeviceList {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

export class LocalMedia {
  camera: MediaStreamTrack | null = null;
  microphone: MediaStreamTrack | null = null;
  // Ids of the devices asked for; null leaves the choice to the browser.
  readonly choice: Choice = { camera: null, microphone: null };

  // `lost` hears of a device that went away by itself, `failed` why one did not open.
  constructor(
    private readonly lost: (device: 'camera' | 'microphone') => void,
    private readonly failed: (text: string) => void,
  ) {}

  get isAvailable(): boolean {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  // Opens both with one question to the person; if that fails, each by itself, so that a missing
  // camera does not cost the microphone.
  async openBoth(): Promise<void> {
    try {
      const stream = await this.get({ video: this.cameraShape(), audio: this.microphoneShape() });
      this.keepCamera(stream.getVideoTracks()[0] ?? null);
      this.keepMicrophone(stream.getAudioTracks()[0] ?? null);
    } catch {
      await this.openMicrophone();
      await this.openCamera();
    }
  }

  async openCamera(): Promise<boolean> {
    try {
      const stream = await this.get({ video: this.cameraShape() });
      this.keepCamera(stream.getVideoTracks()[0] ?? null);
    } catch (error) {
      this.failed(explainDevice(error, 'camera'));
      return false;
    }
    return this.camera !== null;
  }

  async openMicrophone(): Promise<boolean> {
    try {
      const stream = await this.get({ audio: this.microphoneShape() });
      this.keepMicrophone(stream.getAudioTracks()[0] ?? null);
    } catch (error) {
      this.failed(explainDevice(error, 'microphone'));
      return false;
    }
    return this.microphone !== null;
  }

  async openScreen(): Promise<MediaStream | null> {
    try {
      return await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: true,
      });
    } catch (error) {
      this.failed(explainDevice(error, 'screen'));
      return null;
    }
  }

  closeCamera(): void {
    this.keepCamera(null);
  }

  closeMicrophone(): void {
    this.keepMicrophone(null);
  }

  close(): void {
    this.closeCamera();
    this.closeMicrophone();
  }

  // Labels are empty until the person has given permission.
  async devices(): Promise<DeviceList> {
    if (!this.isAvailable) return { cameras: [], microphones: [] };
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const named = all.filter((device) => device.deviceId !== '');
    return {
      cameras: named.filter(({ kind }) => kind === 'videoinput'),
      microphones: named.filter(({ kind }) => kind === 'audioinput'),
    };
  }

  private async get(constraints: MediaStreamConstraints): Promise<MediaStream> {
    if (!this.isAvailable) throw new DOMException('insecure page', 'SecurityError');
    return navigator.mediaDevices.getUserMedia(constraints);
  }

  private cameraShape(): MediaTrackConstraints {
    const { camera } = this.choice;
    return camera === null ? kCameraShape : { ...kCameraShape, deviceId: { exact: camera } };
  }

  private microphoneShape(): MediaTrackConstraints {
    const { microphone } = this.choice;
    if (microphone === null) return kMicrophoneShape;
    return { ...kMicrophoneShape, deviceId: { exact: microphone } };
  }

  private keepCamera(track: MediaStreamTrack | null): void {
    this.camera?.stop();
    this.camera = track;
    if (track) track.contentHint = 'motion';
    this.watch(track, 'camera');
  }

  private keepMicrophone(track: MediaStreamTrack | null): void {
    this.microphone?.stop();
    this.microphone = track;
    this.watch(track, 'microphone');
  }

  // "ended" is not fired for our own stop(): it means unplugged, or permission taken back.
  private watch(track: MediaStreamTrack | null, device: 'camera' | 'microphone'): void {
    track?.addEventListener('ended', () => {
      if (this[device] !== track) return;
      this[device] = null;
      this.lost(device);
    });
  }
}
