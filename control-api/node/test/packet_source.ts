// Two streams of a client that says everything that can be said: sound with its loudness, pictures
// with their orientation, and reports of when they were sent.
import type { types } from '../src/index.js';

function extension(uri: string, id: number): types.RtpHeaderExtensionParameters {
  return { uri, id, encrypt: false, parameters: {} };
}

const sdes = 'urn:ietf:params:rtp-hdrext:sdes';

export const soundParameters: types.RtpParameters = {
  mid: 'a',
  codecs: [
    { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2, parameters: {} },
  ],
  headerExtensions: [extension('urn:ietf:params:rtp-hdrext:ssrc-audio-level', 10)],
  encodings: [{ ssrc: 1001 }],
  rtcp: { cname: 'everything' },
};

export const pictureParameters: types.RtpParameters = {
  mid: 'v',
  codecs: [
    { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000, rtcpFeedback: [{ type: 'nack' }] },
    { mimeType: 'video/rtx', payloadType: 97, clockRate: 90000, parameters: { apt: 96 } },
  ],
  headerExtensions: [
    extension(`${sdes}:mid`, 1),
    extension(`${sdes}:rtp-stream-id`, 2),
    extension('urn:3gpp:video-orientation', 3),
    extension('http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', 5),
  ],
  encodings: [
    {
      ...{ ssrc: 2002, rid: 'r0', rtx: { ssrc: 2003 }, codecPayloadType: 96, dtx: false },
      ...{ scalabilityMode: 'L1T1', maxBitrate: 500_000, maxFramerate: 30 },
      ...{ adaptivePtime: false, scaleResolutionDownBy: 1 },
    },
  ],
  rtcp: { cname: 'everything', reducedSize: true },
  msid: 'stream track',
};

/** Milliseconds. */
const period = 10;
const sound = { kind: 'audio', payloadType: 111, ssrc: 1001, step: 960 } as const;
const picture = { kind: 'video', payloadType: 96, ssrc: 2002, step: 1800 } as const;
// RFC 7741: the beginning of a partition, and of a key frame of 320 by 240.
const keyFrame = Buffer.from([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]);

export class PacketSource {
  readonly #send: (packet: Buffer, kind: types.MediaKind) => void;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 100;

  constructor(send: (packet: Buffer, kind: types.MediaKind) => void) {
    this.#send = send;
  }

  begin(): void {
    this.#timer = setInterval(() => this.#tick(), period);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** RFC 3550 §6.4.1, without blocks. */
  senderReport(ssrc: number): Buffer {
    const report = Buffer.alloc(28);
    report.writeUInt32BE(0x80c80006, 0);
    report.writeUInt32BE(ssrc, 4);
    report.writeUInt32BE(3_900_000_000, 8);
    report.writeUInt32BE(this.#sequence * picture.step, 16);
    report.writeUInt32BE(this.#sequence, 20);
    report.writeUInt32BE(this.#sequence * 100, 24);
    return report;
  }

  #tick(): void {
    this.#sequence += 1;
    // RFC 6464: loud; TS 26.114 §7.4.5: turned every 32 packets; RFC 8285: one-byte headers.
    this.#sendPacket(sound, [[10, [5]]], Buffer.alloc(40, 7));
    const number = [this.#sequence >> 8, this.#sequence & 0xff];
    const extensions: [number, number[]][] = [
      [1, [...Buffer.from('v')]],
      [2, [...Buffer.from('r0')]],
      [3, [8 | ((this.#sequence >> 5) & 3)]],
      [5, number],
    ];
    this.#sendPacket(picture, extensions, Buffer.concat([keyFrame, Buffer.alloc(100)]));
  }

  #sendPacket(
    { kind, payloadType, ssrc, step }: typeof sound | typeof picture,
    extensions: [number, number[]][],
    payload: Buffer,
  ): void {
    const elements = extensions.flatMap(([id, bytes]) => [
      (id << 4) | (bytes.length - 1),
      ...bytes,
    ]);
    while (elements.length % 4 !== 0) elements.push(0);
    const header = Buffer.alloc(16);
    header.writeUInt16BE(0x9080 | payloadType, 0);
    header.writeUInt16BE(this.#sequence, 2);
    header.writeUInt32BE(this.#sequence * step, 4);
    header.writeUInt32BE(ssrc, 8);
    header.writeUInt16BE(0xbede, 12);
    header.writeUInt16BE(elements.length / 4, 14);
    this.#send(Buffer.concat([header, Buffer.from(elements), payload]), kind);
  }
}
