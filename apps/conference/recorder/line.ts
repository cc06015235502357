// One stream of one participant on its way to us: a UDP port, the server's end of it, and packets
// that know when they were captured.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { StreamFacts } from '../protocol/control';
import type { Layers } from '../protocol/messages';
import type { ControlClient } from './control_client';
import { isRtcp, parseRtp, parseSenderReports } from './rtp';
import type { RtpPacket } from './rtp';
import { SourceClock } from './source_clock';
import type { TrackFormat } from './track';

const kLoopback = '127.0.0.1';
// A large key frame comes in one burst; the kernel grants what it likes of it.
const kReceiveBytes = 4 * 1024 * 1024;
// The first report comes with the first packet. Whoever sends none is placed by arrival.
const kMostHeld = 256;
const kHoldUs = 500_000;
// A source may take its time to make a key frame; asking faster makes it slower.
const kAskEveryMs = 500;
// A larger picture that nobody watched begins to flow only when it is asked for.
const kLayerPatienceMs = 3000;

export type LineListener = (packet: RtpPacket, capturedUs: number) => void;

export class Line {
  private readonly clock: SourceClock;
  private held: { packet: RtpPacket; arrivedUs: number }[] = [];
  private askedAt = -Infinity;
  private readonly openedAt = performance.now();
  private layer: number | null = null;
  private next: number | null = null;
  private closed = false;
  flows = false;
  lost = 0;

  private constructor(
    readonly stream: StreamFacts,
    readonly consumerId: string,
    readonly format: TrackFormat,
    private readonly wantedLayer: number | null,
    private readonly socket: Socket,
    private readonly control: ControlClient,
    private readonly listener: LineListener,
  ) {
    this.clock = new SourceClock(format.clockRate);
    socket.on('message', (bytes) => this.receive(bytes));
  }

  // Packets begin to come at once: they cost nothing, and an encoder that slept warms up.
  static async open(
    control: ControlClient,
    stream: StreamFacts,
    spatialLayer: number | null,
    listener: LineListener,
  ): Promise<Line> {
    const socket = createSocket('udp4');
    try {
      socket.bind(0, kLoopback);
      await once(socket, 'listening');
      growBuffer(socket);
      const { port } = socket.address() as AddressInfo;
      const { producerId } = stream;
      const layer = spatialLayer === null ? {} : { spatialLayer };
      const answer = await control.request('receive', { producerId, port, ...layer });
      const { consumerId, rtpParameters, spatialLayers } = answer;
      const top = spatialLayers - 1;
      const wanted = top > 0 ? Math.min(spatialLayer ?? top, top) : null;
      const format = formatOf(stream, rtpParameters);
      const line = new Line(stream, consumerId, format, wanted, socket, control, listener);
      await control.request('resume', { consumerId });
      return line;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  // The picture is as large as it was asked for, or it has been waited for long enough.
  get isSettled(): boolean {
    if (this.wantedLayer === null || this.layer === this.wantedLayer) return true;
    return performance.now() - this.openedAt > kLayerPatienceMs;
  }

  noteLayers(layers: Layers | null): void {
    this.layer = layers?.spatialLayer ?? null;
  }

  askKeyFrame(): void {
    const { consumerId } = this;
    const now = performance.now();
    if (this.closed || now - this.askedAt < kAskEveryMs) return;
    this.askedAt = now;
    // The stream may end at this moment; then nothing is missed.
    this.control.request('requestKeyFrame', { consumerId }).catch(() => {});
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
    this.control.request('stop', { consumerId: this.consumerId }).catch(() => {});
  }

  private receive(bytes: Buffer): void {
    if (isRtcp(bytes)) return this.receiveReports(bytes);
    const packet = parseRtp(bytes);
    if (!packet || packet.payloadType !== this.format.payloadType) return;
    if (packet.payload.length === 0) return;
    this.flows = true;
    this.watchSequence(packet.sequence);
    if (this.clock.isKnown) return this.pass(packet);
    const arrivedUs = Date.now() * 1000;
    this.held.push({ packet, arrivedUs });
    const first = this.held[0]!;
    if (this.held.length < kMostHeld && arrivedUs - first.arrivedUs < kHoldUs) return;
    this.place(first.arrivedUs, first.packet.timestamp);
  }

  private receiveReports(bytes: Buffer): void {
    for (const { unixUs, timestamp } of parseSenderReports(bytes)) this.place(unixUs, timestamp);
  }

  private place(unixUs: number, timestamp: number): void {
    this.clock.learn(unixUs, timestamp);
    const held = this.held;
    this.held = [];
    for (const { packet } of held) this.pass(packet);
  }

  private pass(packet: RtpPacket): void {
    if (!this.closed) this.listener(packet, this.clock.captured(packet.timestamp));
  }

  // On loopback only a full buffer loses packets. What is broken by it is mended by a key frame.
  private watchSequence(sequence: number): void {
    const expected = this.next ?? sequence;
    const ahead = (sequence - expected) & 0xffff;
    if (ahead > 0x8000) return;
    this.next = (sequence + 1) & 0xffff;
    if (ahead === 0) return;
    this.lost += ahead;
    if (this.stream.kind === 'video') this.askKeyFrame();
  }
}

function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(kReceiveBytes);
  } catch {
    // Then it is as large as it is.
  }
}

interface Codec {
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels?: number;
  parameters?: object;
}

function formatOf({ kind }: StreamFacts, { codecs }: { codecs: Codec[] }): TrackFormat {
  const [codec] = codecs;
  if (!codec) throw new Error('the server describes a stream without a codec');
  const { mimeType, payloadType, clockRate, channels, parameters } = codec;
  return { kind, mimeType, payloadType, clockRate, channels, parameters };
}
