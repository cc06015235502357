// RTP and RTCP (RFC 3550), as much of it as a recorder reads and writes.

const kHeaderBytes = 12;
const kVersion = 2;
const kSenderReport = 200;
const kBye = 203;
// From 1900, where NTP counts from, to 1970.
const kNtpToUnixSeconds = 2_208_988_800;
const kFractions = 2 ** 32;

export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
}

// One clock reading of a sender: at `unixUs` its RTP clock read `timestamp`.
export interface SenderTime {
  ssrc: number;
  unixUs: number;
  timestamp: number;
}

// RFC 5761 §4: on a shared port the second byte tells the two apart.
export function isRtcp(bytes: Buffer): boolean {
  return bytes.length >= 8 && bytes[1]! >= 192 && bytes[1]! <= 223;
}

// Null for bytes that are no RTP. The payload is a view of `bytes`.
export function parseRtp(bytes: Buffer): RtpPacket | null {
  if (bytes.length < kHeaderBytes || bytes[0]! >> 6 !== kVersion) return null;
  let start = kHeaderBytes + 4 * (bytes[0]! & 0x0f);
  if (bytes[0]! & 0x10) {
    if (bytes.length < start + 4) return null;
    start += 4 + 4 * bytes.readUInt16BE(start + 2);
  }
  const padding = bytes[0]! & 0x20 ? bytes[bytes.length - 1]! : 0;
  const end = bytes.length - padding;
  if (start > end) return null;
  return {
    marker: (bytes[1]! & 0x80) !== 0,
    payloadType: bytes[1]! & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
  };
}

export function writeRtp(packet: RtpPacket): Buffer {
  const header = Buffer.alloc(kHeaderBytes);
  header[0] = kVersion << 6;
  header[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
  header.writeUInt16BE(packet.sequence, 2);
  header.writeUInt32BE(packet.timestamp, 4);
  header.writeUInt32BE(packet.ssrc, 8);
  return Buffer.concat([header, packet.payload]);
}

// The sender reports of a compound packet.
export function parseSenderReports(bytes: Buffer): SenderTime[] {
  const found: SenderTime[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const size = 4 + 4 * bytes.readUInt16BE(at + 2);
    if (bytes[at]! >> 6 !== kVersion || at + size > bytes.length) break;
    if (bytes[at + 1] === kSenderReport && size >= 28) {
      const seconds = bytes.readUInt32BE(at + 8) - kNtpToUnixSeconds;
      const micros = (bytes.readUInt32BE(at + 12) / kFractions) * 1e6;
      const unixUs = Math.round(seconds * 1e6 + micros);
      found.push({
        ssrc: bytes.readUInt32BE(at + 4),
        unixUs,
        timestamp: bytes.readUInt32BE(at + 16),
      });
    }
    at += size;
  }
  return found;
}

// RFC 3550 §6.4.1, without report blocks and without counts that anybody would look at.
export function writeSenderReport({ ssrc, unixUs, timestamp }: SenderTime): Buffer {
  const report = Buffer.alloc(28);
  report[0] = kVersion << 6;
  report[1] = kSenderReport;
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeUInt32BE(Math.floor(unixUs / 1e6) + kNtpToUnixSeconds, 8);
  report.writeUInt32BE(Math.floor(((unixUs % 1e6) / 1e6) * kFractions), 12);
  report.writeUInt32BE(timestamp >>> 0, 16);
  return report;
}

// RFC 3550 §6.6.
export function writeBye(ssrc: number): Buffer {
  const bye = Buffer.alloc(8);
  bye[0] = (kVersion << 6) | 1;
  bye[1] = kBye;
  bye.writeUInt16BE(1, 2);
  bye.writeUInt32BE(ssrc, 4);
  return bye;
}
