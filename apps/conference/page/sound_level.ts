// How loud somebody is right now, from 0 to 1.

// A voice in a quiet room lies well above this, breathing and fans below.
const kSpeaking = 0.012;
// Words have gaps; an outline that followed each of them would flicker.
const kHoldMs = 500;

// Turns a level that jumps about into "is speaking".
export class SpeakingDetector {
  private until = -Infinity;

  update(level: number, now: number): boolean {
    if (level >= kSpeaking) this.until = now + kHoldMs;
    return now < this.until;
  }
}

// The level of a remote stream as its receiver reports it (WebRTC §5.3, contributing sources).
export function receiverLevel(receiver: RTCRtpReceiver | undefined): number {
  const sources = receiver?.getSynchronizationSources?.() ?? [];
  return Math.max(0, ...sources.map(({ audioLevel }) => audioLevel ?? 0));
}

// The level of a local track, which no receiver reports.
export class TrackMeter {
  private readonly context: AudioContext;
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    // Nothing of it is to be heard: without a sink no output device is opened and kept running.
    // Browsers that do not know the option pass over it.
    const options = { sinkId: { type: 'none' } };
    this.context = new AudioContext(options as AudioContextOptions);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
  }

  level(): number {
    // Without a click on the page the browser keeps the context suspended; this asks again.
    if (this.context.state === 'suspended') void this.context.resume().catch(() => {});
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.sqrt(sum / this.samples.length);
  }

  close(): void {
    void this.context.close().catch(() => {});
  }
}
