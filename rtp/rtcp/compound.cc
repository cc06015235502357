#include "rtp/rtcp/compound.h"

namespace sluice::rtp {

std::optional<RtcpPacket> CompoundReader::Next() {
  if (rest_.empty()) return std::nullopt;
  const std::optional<RtcpPacket> packet = RtcpPacket::Parse(rest_);
  if (!packet) {
    RejectMember();
    return std::nullopt;
  }
  rest_ = rest_.subspan(packet->bytes().size());
  return packet;
}

}  // namespace sluice::rtp
