// Walks the packets of an RTCP datagram (RFC 3550 §6.1). Reduced-size datagrams, which do not begin
// with a report, are accepted as well (RFC 5506 §3.1).
//
// The first member that makes no sense ends the walk: its length is not to be trusted, so nobody
// knows where the next one would begin.

#ifndef SLUICE_RTP_RTCP_COMPOUND_H_
#define SLUICE_RTP_RTCP_COMPOUND_H_

#include <optional>

#include "base/bytes.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

class CompoundReader {
 public:
  explicit CompoundReader(ByteView datagram) : rest_(datagram), malformed_(datagram.empty()) {}

  // The next packet, or nullopt at the end and at the first malformed member.
  std::optional<RtcpPacket> Next();

  // For the owner, whose parser refused the body of the packet that Next() returned last.
  void RejectMember() {
    malformed_ = true;
    rest_ = {};
  }

  // Once Next() has returned nullopt: whether the walk ended early.
  bool malformed() const { return malformed_; }

 private:
  ByteView rest_;
  bool malformed_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_COMPOUND_H_
