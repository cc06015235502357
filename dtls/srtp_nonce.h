// What makes each packet's key stream its own.

#ifndef SLUICE_DTLS_SRTP_NONCE_H_
#define SLUICE_DTLS_SRTP_NONCE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

using AeadNonce = std::array<uint8_t, 12>;
using CounterBlock = std::array<uint8_t, 16>;

// RFC 7714 §8.1 and §9.1: two zeros, the SSRC, the index in 48 bits, xored with the salt. For RTP
// the index is roll-over counter and sequence number; for RTCP it begins with zeros.
inline AeadNonce NonceFor(PacketId id, const AeadNonce& salt) {
  AeadNonce nonce;
  ByteWriter out(nonce);
  out.U16(0);
  out.U32(id.ssrc.value());
  out.U16(static_cast<uint16_t>(id.index >> 32));
  out.U32(static_cast<uint32_t>(id.index));
  for (size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<uint8_t>(nonce[i] ^ salt[i]);
  return nonce;
}

// RFC 3711 §4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16. The last two bytes count blocks;
// `salt` stands in the others.
inline CounterBlock CounterFor(PacketId id, const CounterBlock& salt) {
  CounterBlock counter;
  ByteWriter out(counter);
  out.U32(0);
  out.U32(id.ssrc.value());
  out.U64(id.index << 16);
  for (size_t i = 0; i < counter.size(); ++i) {
    counter[i] = static_cast<uint8_t>(counter[i] ^ salt[i]);
  }
  return counter;
}

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_NONCE_H_
