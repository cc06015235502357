// One RTCPeerConnection with the server, and nothing else: offers, answers and candidates.
//
// The server gives way when both sides offer at once. Whatever it offered before it has answered our
// own offer is void, and comes again.

import type { IceServer, Methods, SectionUse } from '../../protocol/messages';
import type { Signalling } from '../signalling';

export interface LinkListener {
  // A channel that the server opened; its number is `channel.id`.
  channel(channel: RTCDataChannel): void;
  state(state: RTCPeerConnectionState): void;
  // The server has refused what we offered.
  refused(error: Error): void;
}

// What is sent in a section.
export interface Sending {
  transceiver: RTCRtpTransceiver;
  use: SectionUse;
}

export class Link {
  readonly connection: RTCPeerConnection;
  readonly sendings: Sending[] = [];
  // Ids of the server for what is sent, by section.
  producers: Record<string, string> = {};
  private last: Promise<unknown> = Promise.resolve();
  // Offers of the server, in the order in which they came: how many, and up to which they are void.
  private offersSeen = 0;
  private offersVoid = 0;
  private closed = false;

  constructor(
    private readonly signalling: Signalling,
    private readonly listener: LinkListener,
    iceServers: IceServer[],
  ) {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    this.connection = connection;
    connection.onnegotiationneeded = () => void this.inTurn(() => this.offer());
    connection.onicecandidate = ({ candidate }) => candidate && this.tell(candidate);
    connection.ondatachannel = ({ channel }) => listener.channel(channel);
    connection.onconnectionstatechange = () => {
      listener.state(connection.connectionState);
      if (connection.connectionState === 'failed') connection.restartIce();
    };
  }

  // Made before the first offer, so that it is part of it.
  openChannel(label: string): RTCDataChannel {
    return this.connection.createDataChannel(label);
  }

  // Several sizes of a picture if there are several encodings and the browser can.
  add(
    track: MediaStreamTrack,
    use: SectionUse,
    sendEncodings: RTCRtpEncodingParameters[],
  ): Sending {
    const streams = [new MediaStream([track])];
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams };
    const several = sendEncodings.length > 1 ? { ...init, sendEncodings } : init;
    const transceiver = this.connection.addTransceiver(track, several);
    const scales = sendEncodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy ?? 1);
    const sending = { transceiver, use: scales.length > 1 ? { ...use, scales } : use };
    this.sendings.push(sending);
    return sending;
  }

  // The section stays, and is used again.
  async replace({ transceiver, use }: Sending, track: MediaStreamTrack | null): Promise<void> {
    await transceiver.sender.replaceTrack(track);
    if (track) use.capture = captureOf(track) ?? use.capture;
    transceiver.direction = track ? 'sendonly' : 'inactive';
  }

  trackOf(mid: string): MediaStreamTrack | null {
    const transceivers = this.connection.getTransceivers();
    return transceivers.find((one) => one.mid === mid)?.receiver.track ?? null;
  }

  // An offer of the server.
  offered(sdp: string): void {
    const number = ++this.offersSeen;
    void this.inTurn(async () => {
      if (number <= this.offersVoid) return;
      await this.connection.setRemoteDescription({ type: 'offer', sdp });
      await this.connection.setLocalDescription();
      await this.negotiate('answer');
    });
  }

  // Settled: nothing is under way.
  settled(): Promise<unknown> {
    return this.last;
  }

  close(): void {
    this.closed = true;
    this.connection.close();
  }

  private async offer(): Promise<void> {
    // Whatever asked for it may have been answered by another one.
    if (this.connection.signalingState !== 'stable') return;
    await this.connection.setLocalDescription();
    if (this.connection.localDescription?.type !== 'offer') return;
    let answer: Methods['negotiate']['answer'];
    try {
      answer = await this.negotiate('offer');
    } catch (error) {
      // What went before goes on.
      await this.connection.setLocalDescription({ type: 'rollback' });
      throw error;
    }
    const { sdp, producers } = answer;
    this.producers = producers ?? {};
    await this.connection.setRemoteDescription({ type: 'answer', sdp: sdp ?? '' });
  }

  private negotiate(type: 'offer' | 'answer'): Promise<Methods['negotiate']['answer']> {
    const sdp = this.connection.localDescription?.sdp ?? '';
    const uses = this.sendings.flatMap(({ transceiver: { mid }, use }) =>
      mid === null ? [] : [[mid, use] as const],
    );
    const sections = type === 'offer' ? { sections: Object.fromEntries(uses) } : {};
    const answered = this.signalling.request('negotiate', { type, sdp, ...sections });
    // The server gives way: what it offered before it has answered us is void, and comes again.
    return type === 'answer'
      ? answered
      : answered.then((answer) => {
          this.offersVoid = this.offersSeen;
          return answer;
        });
  }

  private tell({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): void {
    const data = { candidate, sdpMid, sdpMLineIndex };
    this.signalling.request('addCandidate', data).catch(() => {});
  }

  // One after another, or descriptions would overtake each other.
  private inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.last.then(async () => {
      if (!this.closed) await step();
    });
    this.last = done.catch((error: unknown) => {
      if (!this.closed) this.listener.refused(error as Error);
    });
    return done.catch(() => {});
  }
}

export function captureOf(track: MediaStreamTrack): SectionUse['capture'] {
  const { width, height } = track.getSettings();
  return width && height ? { width, height } : undefined;
}
