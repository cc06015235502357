// RTCP SR (RFC 3550 §6.4.1): which moment of a stream belongs to which moment of a wall clock, and
// what its sender receives. Profile-specific extensions are skipped.

#ifndef SLUICE_RTP_RTCP_SENDER_REPORT_H_
#define SLUICE_RTP_RTCP_SENDER_REPORT_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "rtp/rtcp/report_block.h"

namespace sluice::rtp {

struct SenderReport {
  Ssrc sender{};
  NtpTime ntp{};
  uint32_t rtp_timestamp = 0;
  uint32_t packet_count = 0;
  uint32_t octet_count = 0;  // of payload, without headers and padding
  ReportBlocks blocks{};

  bool operator==(const SenderReport&) const = default;

  static std::optional<SenderReport> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_SENDER_REPORT_H_
