// SRTP with AES-128-GCM (RFC 7714), for a handful of packets: no roll-over, no replay list, no
// RTCP.

import { createCipheriv, createDecipheriv } from 'node:crypto';

const kKeySize = 16;
const kSaltSize = 12;
const kTagSize = 16;
// RFC 3711 §4.3.2.
const kKeyLabel = 0;
const kSaltLabel = 2;

export class SrtpKeys {
  #send;
  #receive;

  // From what a DTLS client exports (RFC 5764 §4.2): both keys, then both salts, its own first.
  static ofClient(material) {
    const keys = new SrtpKeys();
    const part = (from, size) => material.subarray(from, from + size);
    const salts = 2 * kKeySize;
    keys.#send = derive(part(0, kKeySize), part(salts, kSaltSize));
    keys.#receive = derive(part(kKeySize, kKeySize), part(salts + kSaltSize, kSaltSize));
    return keys;
  }

  seal(packet) {
    const header = packet.subarray(0, headerSize(packet));
    const cipher = createCipheriv('aes-128-gcm', this.#send.key, vector(packet, this.#send.salt));
    cipher.setAAD(header);
    const payload = cipher.update(packet.subarray(header.length));
    return Buffer.concat([header, payload, cipher.final(), cipher.getAuthTag()]);
  }

  // Throws if the packet was not sealed with these keys.
  open(packet) {
    const header = packet.subarray(0, headerSize(packet));
    const { key, salt } = this.#receive;
    const cipher = createDecipheriv('aes-128-gcm', key, vector(packet, salt));
    cipher.setAAD(header).setAuthTag(packet.subarray(packet.length - kTagSize));
    const payload = cipher.update(packet.subarray(header.length, packet.length - kTagSize));
    return Buffer.concat([header, payload, cipher.final()]);
  }
}

export function headerSize(packet) {
  const fixed = 12 + 4 * (packet[0] & 0x0f);
  const extended = (packet[0] & 0x10) !== 0;
  return extended ? fixed + 4 + 4 * packet.readUInt16BE(fixed + 2) : fixed;
}

// RFC 3711 §4.3.1 with a key derivation rate of zero; the salt of GCM is two bytes shorter
// (RFC 7714 §11).
function derive(masterKey, masterSalt) {
  const session = (label, size) => {
    const block = Buffer.alloc(16);
    masterSalt.copy(block);
    block[7] ^= label;
    return createCipheriv('aes-128-ctr', masterKey, block).update(Buffer.alloc(size));
  };
  return { key: session(kKeyLabel, kKeySize), salt: session(kSaltLabel, kSaltSize) };
}

// RFC 7714 §8.1, with a roll-over counter of zero.
function vector(packet, salt) {
  const iv = Buffer.alloc(12);
  packet.copy(iv, 2, 8, 12);
  packet.copy(iv, 10, 2, 4);
  return iv.map((byte, at) => byte ^ salt[at]);
}
