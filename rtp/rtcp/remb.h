// Receiver estimated maximum bit-rate (draft-alvestrand-rmcat-remb-03 §2.2): the most that all
// these sources together should send.

#ifndef SLUICE_RTP_RTCP_REMB_H_
#define SLUICE_RTP_RTCP_REMB_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/units.h"
#include "rtp/rtcp/bounded_list.h"

namespace sluice::rtp {

struct Remb {
  // The most that fits both the 18-bit mantissa and our signed 64-bit rates. A larger one on the
  // wire is read as this.
  static constexpr int64_t kMaxBps = int64_t{0x3ffff} << 45;

  Ssrc sender{};
  // The wire keeps the 18 most significant bits; the rest is rounded down.
  BitRate rate{};
  // The count of sources has eight bits.
  BoundedList<Ssrc, 255> sources{};

  bool operator==(const Remb&) const = default;

  static std::optional<Remb> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_REMB_H_
