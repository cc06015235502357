// Which protocol a datagram speaks, by its first byte (RFC 7983 §7), and for media by its second
// (RFC 5761 §4). SCTP as it is comes to plain transports only, and is known by its two ports, whose
// first byte no other protocol here has.

#ifndef SLUICE_WORKER_ENGINE_DEMUX_H_
#define SLUICE_WORKER_ENGINE_DEMUX_H_

#include <cstdint>

#include "base/bytes.h"

namespace sluice::worker {

enum class Wire : uint8_t { kUnknown, kStun, kDtls, kRtp, kRtcp, kSctp };

// RFC 9260 §3.1: from port 5000 to port 5000, the only ones that are spoken here (RFC 8841 §5.1).
inline constexpr uint32_t kSctpPorts = 5000u << 16 | 5000u;

inline Wire Classify(ByteView datagram) {
  // RFC 8489 §5: a STUN header has twenty bytes; nothing shorter than a minimal RTCP packet is of
  // use to anybody.
  if (datagram.size() < 4) return Wire::kUnknown;
  const uint8_t first = datagram[0];
  if (first <= 3) return Wire::kStun;
  if (first >= 20 && first <= 63) return Wire::kDtls;
  if (first < 128 || first > 191) {
    return ByteReader(datagram).U32() == kSctpPorts ? Wire::kSctp : Wire::kUnknown;
  }
  // RFC 5761 §4: RTCP packet types 192..223 are payload types 64..95 with the marker bit set,
  // which is why those payload types are never negotiated.
  const uint8_t second = datagram[1];
  return second >= 192 && second <= 223 ? Wire::kRtcp : Wire::kRtp;
}

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DEMUX_H_
