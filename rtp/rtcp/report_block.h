// What a receiver says about one stream (RFC 3550 §6.4.1); part of sender and receiver reports.

#ifndef SLUICE_RTP_RTCP_REPORT_BLOCK_H_
#define SLUICE_RTP_RTCP_REPORT_BLOCK_H_

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/bounded_list.h"

namespace sluice::rtp {

struct ReportBlock {
  static constexpr size_t kSize = 24;
  static constexpr int32_t kMaxLost = 0x7fffff;
  static constexpr int32_t kMinLost = -0x800000;

  Ssrc source{};
  uint8_t fraction_lost = 0;        // of 256, since the last report
  int32_t cumulative_lost = 0;      // signed 24 bits: duplicates can make it negative
  uint32_t highest_sequence = 0;    // with the number of wraps in the upper half
  uint32_t jitter = 0;              // in units of the stream's clock
  uint32_t last_sender_report = 0;  // NtpTime::compact() of the last SR, zero if none came
  uint32_t delay_since_last = 0;    // in 1/65536 s

  bool operator==(const ReportBlock&) const = default;

  static ReportBlock Read(ByteReader& in);
  // A loss beyond 24 bits is written as the nearest that fits (RFC 3550 §A.3).
  void WriteTo(ByteWriter& out) const;
};

// The count of blocks has five bits.
using ReportBlocks = BoundedList<ReportBlock, 31>;

// Reads `count` blocks; false if `in` holds fewer.
bool ReadReportBlocks(ByteReader& in, size_t count, ReportBlocks& blocks);

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_REPORT_BLOCK_H_
