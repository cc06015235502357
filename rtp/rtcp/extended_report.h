// RTCP XR (RFC 3611), the two blocks by which somebody who only receives learns the round-trip
// time: the receiver sends its time (RRTR, §4.4), the sender answers with it and with how long the
// answer took (DLRR, §4.5). Other blocks are skipped.

#ifndef SLUICE_RTP_RTCP_EXTENDED_REPORT_H_
#define SLUICE_RTP_RTCP_EXTENDED_REPORT_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "rtp/rtcp/bounded_list.h"

namespace sluice::rtp {

struct ExtendedReport {
  // Enough for a peer that answers all SSRCs we ever report with; what is over is not read.
  static constexpr size_t kMaxEntries = 32;

  struct Dlrr {
    Ssrc receiver{};           // whose reference time is answered
    uint32_t last_report = 0;  // NtpTime::compact() of that time, zero if none came
    uint32_t delay = 0;        // since then, in 1/65536 s

    bool operator==(const Dlrr&) const = default;
  };

  Ssrc sender{};
  std::optional<NtpTime> reference_time{};  // RRTR; the first, if there are several
  BoundedList<Dlrr, kMaxEntries> dlrr{};

  bool operator==(const ExtendedReport&) const = default;

  static std::optional<ExtendedReport> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_EXTENDED_REPORT_H_
