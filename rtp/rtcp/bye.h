// RTCP BYE (RFC 3550 §6.6): these sources have ended.

#ifndef SLUICE_RTP_RTCP_BYE_H_
#define SLUICE_RTP_RTCP_BYE_H_

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/bounded_list.h"

namespace sluice::rtp {

struct Bye {
  static constexpr size_t kMaxReason = 255;  // its length has eight bits

  // The count of sources has five bits.
  BoundedList<Ssrc, 31> sources{};
  std::string_view reason{};  // of a parsed packet: a view of its bytes

  bool operator==(const Bye&) const = default;

  static std::optional<Bye> Parse(ByteView packet);
  // A longer reason is cut at kMaxReason.
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_BYE_H_
