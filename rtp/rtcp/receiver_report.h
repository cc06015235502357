// RTCP RR (RFC 3550 §6.4.2): what somebody receives who sends nothing. Profile-specific extensions
// are skipped.

#ifndef SLUICE_RTP_RTCP_RECEIVER_REPORT_H_
#define SLUICE_RTP_RTCP_RECEIVER_REPORT_H_

#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/report_block.h"

namespace sluice::rtp {

struct ReceiverReport {
  Ssrc sender{};
  ReportBlocks blocks{};

  bool operator==(const ReceiverReport&) const = default;

  static std::optional<ReceiverReport> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_RECEIVER_REPORT_H_
