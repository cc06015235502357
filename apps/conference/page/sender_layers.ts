// Keeps one sender at what somebody watches.
//
// The browser wants its parameters changed one call at a time (WebRTC §5.2: getParameters, change,
// setParameters); what is asked for meanwhile is taken up by the next round.

import type { PictureSize } from '../protocol/messages';
import { assignEncodings, encodingsWanted, fitRates, keepWarm } from './encodings';
import type { Encoding, Wanted } from './encodings';
import type { Timing } from './timing';

// How long the smallest picture goes on when nobody watches.
const kWarmMs = 10_000;

// The part of RTCRtpSender that is used here.
export interface Sender {
  getParameters(): { encodings: Encoding[] };
  setParameters(parameters: { encodings: Encoding[] }): Promise<void>;
}

export class SenderLayers {
  private wanted: Wanted | null = null;
  private stopCooling: (() => void) | null = null;
  private round: Promise<void> | null = null;
  private again = false;
  private closed = false;

  constructor(
    private readonly sender: Sender,
    private plan: Encoding[],
    private readonly timing: Timing,
  ) {}

  // Which encodings are being sent, as the browser sees it.
  get encodings(): Encoding[] {
    return this.sender.getParameters().encodings ?? [];
  }

  want(wanted: Wanted): void {
    this.stopCooling?.();
    this.stopCooling = null;
    if (wanted.encodings.includes(true)) {
      this.wanted = wanted;
    } else {
      this.wanted = keepWarm(wanted);
      this.stopCooling = this.timing.after(kWarmMs, () => {
        this.wanted = wanted;
        this.apply();
      });
    }
    this.apply();
  }

  // Another camera, or a window of another size: the same shares of it at other bit rates.
  resize(source: 'camera' | 'screen', capture: PictureSize): void {
    this.plan = fitRates(this.plan, source, capture);
    this.apply();
  }

  close(): void {
    this.closed = true;
    this.stopCooling?.();
  }

  private apply(): void {
    this.again = true;
    this.round ??= this.settle().finally(() => (this.round = null));
  }

  private async settle(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      try {
        const parameters = this.sender.getParameters();
        const next = encodingsWanted(this.plan, this.wanted);
        if (assignEncodings(parameters.encodings, next)) {
          await this.sender.setParameters(parameters);
        }
      } catch (error) {
        // The picture goes on as it was, which is more than is watched but not less.
        if (!this.closed) console.warn('layers could not be switched', error);
      }
    }
  }
}
