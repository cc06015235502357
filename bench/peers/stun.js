// STUN (RFC 8489), as far as a controlling ICE agent needs it that has one path: a binding request
// with USE-CANDIDATE, whether an answer is the one to it, and an answer to the other side's
// requests.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const kMagicCookie = 0x2112a442;
const kBindingRequest = 0x0001;
const kBindingSuccess = 0x0101;
const kHeaderSize = 20;
const kIntegritySize = 24;
const kFingerprintSize = 8;
const kFingerprintMask = 0x5354554e;
const attributes = {
  ...{ username: 0x0006, messageIntegrity: 0x0008, priority: 0x0024, useCandidate: 0x0025 },
  ...{ xorMappedAddress: 0x0020, fingerprint: 0x8028, iceControlling: 0x802a },
};
// That of a host candidate (RFC 8445 §5.1.2.2).
const kPriority = 0x7effffff;

export function bindingRequest(local, remote) {
  const head = Buffer.alloc(kHeaderSize);
  head.writeUInt16BE(kBindingRequest, 0);
  head.writeUInt32BE(kMagicCookie, 4);
  randomBytes(12).copy(head, 8);
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(kPriority);
  const body = [
    attribute(attributes.username, Buffer.from(`${remote.ufrag}:${local.ufrag}`)),
    attribute(attributes.priority, priority),
    attribute(attributes.iceControlling, randomBytes(8)),
    attribute(attributes.useCandidate, Buffer.alloc(0)),
  ];
  return withFingerprint(withIntegrity(Buffer.concat([head, ...body]), remote.pwd));
}

// A success for `request`, sealed by somebody who knows the password (RFC 8489 §14.5).
export function isAnswerTo(request, message, password) {
  if (!isStun(message) || message.readUInt16BE(0) !== kBindingSuccess) return false;
  if (
    !hasFingerprint(message) ||
    !message.subarray(4, kHeaderSize).equals(request.subarray(4, kHeaderSize))
  )
    return false;
  const at = find(message, attributes.messageIntegrity);
  if (at === undefined || at + kIntegritySize + kFingerprintSize > message.length) {
    return false;
  }
  const covered = Buffer.from(message.subarray(0, at));
  const expected = withIntegrity(covered, password).subarray(at + 4);
  return timingSafeEqual(expected, message.subarray(at + 4, at + kIntegritySize));
}

export function isBindingRequest(message) {
  return isStun(message) && message.readUInt16BE(0) === kBindingRequest;
}

// RFC 8445 §7.3: to a server that checks as well, though it calls itself lite. `from` is its
// address and port.
export function answerTo(request, from, password) {
  const head = Buffer.from(request.subarray(0, kHeaderSize));
  head.writeUInt16BE(kBindingSuccess, 0);
  const mapped = attribute(attributes.xorMappedAddress, xorAddress(from));
  return withFingerprint(withIntegrity(Buffer.concat([head, mapped]), password));
}

// RFC 8489 §14.2, for IPv4.
function xorAddress({ address, port }) {
  const value = Buffer.from([0, 1, 0, 0, ...address.split('.').map(Number)]);
  value.writeUInt16BE(port ^ (kMagicCookie >>> 16), 2);
  value.writeUInt32BE((value.readUInt32BE(4) ^ kMagicCookie) >>> 0, 4);
  return value;
}

// STUN begins with 0 or 1 where DTLS and SRTP do not (RFC 7983).
export function isStun(message) {
  return message.length >= kHeaderSize && message[0] < 2;
}

function attribute(type, value) {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

function withIntegrity(message, password) {
  // The length counts the attribute that is still to come.
  message.writeUInt16BE(message.length - kHeaderSize + kIntegritySize, 2);
  const seal = createHmac('sha1', password).update(message).digest();
  return Buffer.concat([message, attribute(attributes.messageIntegrity, seal)]);
}

function withFingerprint(message) {
  message.writeUInt16BE(message.length - kHeaderSize + kFingerprintSize, 2);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(fingerprint(message));
  return Buffer.concat([message, attribute(attributes.fingerprint, value)]);
}

// RFC 8445 §7: every check and every answer ends with one.
function hasFingerprint(message) {
  const at = message.length - kFingerprintSize;
  if (at < kHeaderSize) return false;
  const isIt =
    message.readUInt16BE(at) === attributes.fingerprint && message.readUInt16BE(at + 2) === 4;
  return isIt && message.readUInt32BE(at + 4) === fingerprint(message.subarray(0, at));
}

function fingerprint(message) {
  return (crc32(message) ^ kFingerprintMask) >>> 0;
}

function find(message, wanted) {
  let at = kHeaderSize;
  while (at + 4 <= message.length) {
    if (message.readUInt16BE(at) === wanted) return at;
    at += 4 + Math.ceil(message.readUInt16BE(at + 2) / 4) * 4;
  }
  return undefined;
}

// ISO 3309, bit by bit: messages are short and few.
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
