// A first look at a packet, before usrsctp sees it.
//
// Not a parser of SCTP: it asks whether the packet is one of this association and whether its
// chunks (RFC 9260 §3.2) tile it, so that what walks them later has no lengths to be misled by.

#ifndef SLUICE_SCTP_PACKET_CHECK_H_
#define SLUICE_SCTP_PACKET_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::sctp {

// RFC 9260 §3.1.
inline constexpr size_t kPacketHeaderSize = 12;

struct PacketContents {
  bool init = false;  // RFC 9260 §3.3.2: alone in its packet
};

// Nothing if usrsctp had better not see it: not between `port` and `port`, no chunk, a chunk
// shorter than its header or longer than the packet, an INIT that is not alone.
std::optional<PacketContents> CheckPacket(ByteView packet, uint16_t port);

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_PACKET_CHECK_H_
