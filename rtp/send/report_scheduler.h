// When to send the next RTCP report (RFC 3550 §6.2, §6.3).
//
// Every stream of picture needs one about once a second, sound once in five. The moments are
// randomised, so that a room in which everybody joined at once does not report at once for ever.
// The full algorithm of RFC 3550 divides a share of bandwidth among all members of a multicast
// session; here a session has two ends, and the interval is fixed.

#ifndef SLUICE_RTP_SEND_REPORT_SCHEDULER_H_
#define SLUICE_RTP_SEND_REPORT_SCHEDULER_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtp/packet/media.h"

namespace sluice::rtp {

class ReportScheduler {
 public:
  static constexpr Duration kAudioInterval = std::chrono::seconds(5);
  static constexpr Duration kVideoInterval = std::chrono::seconds(1);

  // One seed gives one history.
  ReportScheduler(MediaKind kind, uint64_t seed);

  // The first report is due at once: between two ends it need not wait (RFC 3550 §6.2), and until
  // it comes sound and picture cannot be aligned. Later calls change nothing.
  void Start(Timestamp now);
  void Stop() { next_.reset(); }

  // True if a report is due, and it is taken as sent.
  bool TakeDue(Timestamp now);
  std::optional<Timestamp> NextTimeout() const { return next_; }

 private:
  // Uniform in 0.5 .. 1.5 intervals.
  Duration Draw();

  Duration interval_;
  uint64_t state_;
  std::optional<Timestamp> next_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_REPORT_SCHEDULER_H_
