// Temporary maximum media stream bit rate, request and notification (RFC 5104 §4.2): how much of a
// stream its receiver wants, and the sender's word that it has heard so. A rate of zero asks for
// nothing at all until more is asked for.
//
// The measured overhead (RFC 5104 §4.2.1.2) is read by nobody here and written as zero.

#ifndef SLUICE_RTP_RTCP_TMMBR_H_
#define SLUICE_RTP_RTCP_TMMBR_H_

#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/units.h"
#include "rtp/rtcp/bounded_list.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

// One entry of either: a stream and its bound, or a receiver and the bound it has set.
struct StreamBound {
  // The most that fits the 17-bit mantissa and our signed 64-bit rates.
  static constexpr int64_t kMaxBps = int64_t{0x1ffff} << 46;

  Ssrc ssrc{};
  // The wire keeps the 17 most significant bits; the rest is rounded down.
  BitRate rate{};

  bool operator==(const StreamBound&) const = default;
};

struct BoundRequest {
  // More streams than a peer asks about at once; what is over is not read.
  static constexpr size_t kMaxEntries = 64;

  // Who asks.
  Ssrc sender{};
  // By the SSRC of the stream that is meant.
  BoundedList<StreamBound, kMaxEntries> entries{};

  bool operator==(const BoundRequest&) const = default;

  static std::optional<BoundRequest> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

struct BoundNotification {
  static constexpr size_t kMaxEntries = BoundRequest::kMaxEntries;

  // The stream that is bounded.
  Ssrc sender{};
  // By the SSRC of the receiver that has set the bound; none: there is no bound any more.
  BoundedList<StreamBound, kMaxEntries> entries{};

  bool operator==(const BoundNotification&) const = default;

  static std::optional<BoundNotification> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_TMMBR_H_
