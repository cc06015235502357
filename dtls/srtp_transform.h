// What turns one packet into a protected one and back, given its index.
//
// A transform holds the session keys of one kind (RTP or RTCP) and one direction and nothing that
// changes from packet to packet: counting and remembering is SrtpSession's. No call allocates.

#ifndef SLUICE_DTLS_SRTP_TRANSFORM_H_
#define SLUICE_DTLS_SRTP_TRANSFORM_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "dtls/srtp_kdf.h"

namespace sluice::dtls {

inline constexpr size_t kRtcpHeaderSize = 8;  // RFC 3711 §3.4: as far as the sender's SSRC
inline constexpr size_t kRtcpIndexSize = 4;   // RFC 3711 §3.4: E flag and SRTCP index
// More than any datagram of ours or of a peer holds.
inline constexpr size_t kMaxRtcpSize = 2048;
inline constexpr uint32_t kRtcpEncrypted = 0x80000000;  // the E flag

// What no two packets under one key have in common. The index has 48 bits for RTP (RFC 3711 §3.3.1)
// and 31 for RTCP.
struct PacketId {
  Ssrc ssrc;
  uint64_t index = 0;
};

// An RTP packet to be sealed. `out` is exactly as long as the protected packet; its first `written`
// bytes are there already, of which `header` stay clear. `rest` follows them from elsewhere.
struct ClearRtp {
  ByteSpan out;
  size_t header = 0;
  size_t written = 0;
  ByteView rest;
};

class SrtpTransform;

// A packet to be sealed later, together with others; see SealQueue. Without a transform it is to
// leave in the clear.
struct SealJob {
  SrtpTransform* transform = nullptr;
  PacketId id;
  ClearRtp clear;
  bool sealed = false;
};

class SrtpTransform {
 public:
  enum class Direction : uint8_t { kSeal, kOpen };

  // Nothing if OpenSSL has no memory.
  static std::unique_ptr<SrtpTransform> Create(const SrtpSessionKeys& keys, Direction direction);

  virtual ~SrtpTransform() = default;

  virtual bool SealRtp(PacketId id, const ClearRtp& clear) = 0;

  // In place; `packet` is the whole protected packet, `header` of it clear. False if it is not
  // authentic. Its bytes may be garbage then.
  virtual bool OpenRtp(PacketId id, ByteSpan packet, size_t header) = 0;

  // In place; `packet` is exactly as long as the protected packet.
  virtual bool SealRtcp(PacketId id, ByteSpan packet) = 0;

  // As OpenRtp.
  virtual bool OpenRtcp(PacketId id, ByteSpan packet) = 0;

  // Where E flag and index are: before the tag (RFC 3711 §3.4), or after it (RFC 7714 §9.2).
  virtual size_t RtcpIndexOffset(size_t packet_size) const = 0;

  // Whether RTCP may be authentic without being encrypted.
  virtual bool takes_clear_rtcp() const = 0;

  // Whether several packets together are cheaper (BulkCipher::SealBurst).
  virtual bool seals_in_bursts() const { return false; }
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_TRANSFORM_H_
