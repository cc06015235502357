// One track of a recording: RTP that the tool behind it can take at its word.
//
// A participant mutes, turns the camera off and on again, and each time comes as another stream with
// other numbers. The track makes one stream of them, on the clock of the recording: numbers go on,
// timestamps are times of capture, and pauses in sound are filled with silence, because players
// disagree on what a hole in a track means.

import { kOpusSilence, kOpusSilenceUs, opusDurationUs } from './opus';
import { writeBye, writeRtp, writeSenderReport } from './rtp';
import type { RtpPacket } from './rtp';

// A hole may be shorter than the silence that fills it, by what two clocks may be apart.
const kToleranceUs = 5_000;
const kBeginUs = 1_000_000;
// A participant who was away for hours is not filled in one turn.
const kMostSilence = 3000;

export interface TrackFormat {
  kind: 'audio' | 'video';
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels?: number;
  parameters?: object;
}

export interface TrackOutput {
  rtp(packet: Buffer): void;
  rtcp(packet: Buffer): void;
  close(): void;
}

export class Track {
  private zeroUs = 0;
  private sequence = 0;
  // Of the source that is on the track: what its numbers differ by from ours.
  private delta: number | null = null;
  private lastIn: number | null = null;
  // Where sound has got to, where the last picture was.
  private reachedUs = -1;
  private picture: { source: number; out: number } | null = null;
  private lastOut = -1;
  packets = 0;

  constructor(
    readonly format: TrackFormat,
    readonly ssrc: number,
    private readonly output: TrackOutput,
  ) {}

  // The recording begins with what was captured then.
  begin(zeroUs: number): void {
    this.zeroUs = zeroUs;
    this.reachedUs = zeroUs;
    this.report(zeroUs);
  }

  // Another stream takes over the track.
  changeSource(): void {
    this.delta = null;
    this.lastIn = null;
    this.picture = null;
  }

  write(packet: RtpPacket, capturedUs: number): void {
    if (capturedUs < this.zeroUs) return;
    if (this.format.kind === 'audio') return this.writeSound(packet, capturedUs);
    this.send(packet, this.timeOfPicture(packet.timestamp, capturedUs));
  }

  // Silence up to then, unless sound has got that far.
  fillUntil(us: number): void {
    if (this.format.kind !== 'audio') return;
    for (let count = 0; count < kMostSilence && this.reachedUs + kOpusSilenceUs <= us; ++count) {
      this.sendSilence();
    }
  }

  // Without them a tool does not know how the tracks lie to one another, and after ten seconds of
  // hearing nothing FFmpeg gives up.
  report(nowUs: number): void {
    this.output.rtcp(this.reportAt(nowUs));
  }

  // RFC 3550 §6.1: a report comes first. FFmpeg overlooks packets that are as short as a BYE.
  end(nowUs: number): void {
    this.output.rtcp(Buffer.concat([this.reportAt(nowUs), writeBye(this.ssrc)]));
  }

  private reportAt(unixUs: number): Buffer {
    const { ssrc } = this;
    return writeSenderReport({ ssrc, unixUs, timestamp: this.units(unixUs) });
  }

  private writeSound(packet: RtpPacket, capturedUs: number): void {
    this.fillUntil(capturedUs + kToleranceUs);
    const time = this.units(capturedUs);
    // Late, and its place is taken.
    if (time <= this.lastOut) return;
    this.reachedUs = capturedUs + opusDurationUs(packet.payload);
    this.send(packet, time);
  }

  private sendSilence(): void {
    const timestamp = Math.max(this.units(this.reachedUs), this.lastOut + 1);
    this.reachedUs += kOpusSilenceUs;
    // Its source did not send it: what follows moves on by one.
    const { sequence } = this;
    this.sequence = (sequence + 1) & 0xffff;
    if (this.delta !== null) this.delta += 1;
    this.put({ marker: false, timestamp, sequence, payload: kOpusSilence });
  }

  // The packets of one picture share its time, and no two pictures do.
  private timeOfPicture(source: number, capturedUs: number): number {
    if (this.picture?.source !== source) {
      this.picture = { source, out: Math.max(this.units(capturedUs), this.lastOut + 1) };
    }
    return this.picture.out;
  }

  private send(packet: RtpPacket, timestamp: number): void {
    this.delta ??= this.sequence - packet.sequence;
    const sequence = (packet.sequence + this.delta) & 0xffff;
    const late = this.lastIn !== null && ((packet.sequence - this.lastIn) & 0xffff) > 0x8000;
    if (!late) {
      this.lastIn = packet.sequence;
      this.sequence = (sequence + 1) & 0xffff;
    }
    this.put({ marker: packet.marker, timestamp, sequence, payload: packet.payload });
  }

  private put(packet: Omit<RtpPacket, 'payloadType' | 'ssrc'>): void {
    const { payloadType } = this.format;
    this.packets += 1;
    this.lastOut = Math.max(this.lastOut, packet.timestamp);
    const timestamp = packet.timestamp >>> 0;
    this.output.rtp(writeRtp({ ...packet, timestamp, payloadType, ssrc: this.ssrc }));
  }

  // Of the track's own clock. It begins a second late, because FFmpeg takes zero for no time. Not yet
  // wrapped to 32 bits.
  private units(us: number): number {
    return Math.round(((us - this.zeroUs + kBeginUs) * this.format.clockRate) / 1e6);
  }
}
