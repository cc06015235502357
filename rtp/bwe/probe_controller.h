// When to probe, and how fast.
//
// An application that sends less than the path carries learns nothing about the rest, and one that
// was throttled learns slowly. So, as long as more is desired than is known to fit: a probe at the
// start, after feedback came back and when a bound was lifted; then every few seconds while the
// path is calm, twice as fast as the estimate, and less often when that does not pass. A probe that
// passes is followed by the next at once.

#ifndef SLUICE_RTP_BWE_PROBE_CONTROLLER_H_
#define SLUICE_RTP_BWE_PROBE_CONTROLLER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp::bwe {

class ProbeController {
 public:
  // Nobody knows anything at the start, and waiting is worst then.
  static constexpr double kFirstFactor = 3;
  static constexpr double kFactor = 2;
  // After a probe that did not pass: close to the limit, half of what is too much.
  static constexpr double kCarefulFactor = 1.5;
  // What is desired has to fit with room to spare, or nobody would dare to send it.
  static constexpr double kHeadroom = 1.25;
  // This close to the goal there is nothing left to find out.
  static constexpr double kReached = 0.9;
  // Less of a step teaches nothing that growth does not.
  static constexpr double kLeastStep = 1.1;
  static constexpr Duration kInterval = std::chrono::seconds(3);
  static constexpr Duration kMaxInterval = std::chrono::seconds(8);
  // After one that got lost, and how often in a row.
  static constexpr Duration kAfterLost = std::chrono::milliseconds(500);
  static constexpr int kMaxLost = 2;
  // Short, because a probe that does not fit is a queue of its own length.
  static constexpr Duration kSpan{20'000};
  // Long enough for the jitter of Wi-Fi.
  static constexpr Duration kMaxSpan{150'000};
  // Five packets at this rate are a fifth of a second; slower ones take too long.
  static constexpr BitRate kLeastGoal = BitRate::Kbps(200);
  // Under five packets, chance decides.
  static constexpr int kMinPackets = 5;

  struct Facts {
    BitRate estimate;
    BitRate max;
    // Nothing speaks against a probe: no overuse, no queue, feedback comes.
    bool calm = false;
    // Less is sent than the estimate allows.
    bool limited = false;
    Duration jitter{0};
  };
  struct Plan {
    BitRate rate;
    Duration span{0};
  };

  void SetDesired(BitRate desired) { desired_ = desired; }
  BitRate desired() const { return desired_; }
  // Something changed for the better: probe as soon as the path is calm, with `rate` if that is
  // more than what would be probed anyway.
  void Ask(Timestamp now, BitRate rate);
  // The rate fell: what was learnt about failing probes is out of date.
  void RecordCut(Timestamp now);

  // The probe to send now, once.
  std::optional<Plan> Take(Timestamp now, const Facts& facts);
  // It was not sent after all; what was known when it was planned has changed.
  void Cancel() { outstanding_ = false; }
  // What became of it.
  void RecordResult(Timestamp now, bool passed);
  // Too little of it arrived to tell anything: it was too fast by far, or fell into a moment in
  // which the path lost everything. So it is repeated soon, but not again and again.
  void RecordLost(Timestamp now);

  // When Take() should be asked, if the facts stay.
  std::optional<Timestamp> NextTimeout(const Facts& facts) const;
  // True while what a probe measures is better than anything known, even if it did not pass.
  bool is_first() const { return first_; }

 private:
  double Factor() const;
  BitRate Goal(const Facts& facts) const;
  bool Wants(const Facts& facts) const;
  Timestamp Due(const Facts& facts) const {
    return facts.limited ? next_ : std::max(next_, settled_);
  }

  BitRate desired_;
  BitRate asked_;
  Timestamp next_;
  Timestamp settled_;  // If all that is allowed is sent: not before this.
  Duration interval_ = kInterval;
  bool first_ = true;
  bool failed_ = false;
  bool outstanding_ = false;
  int lost_ = 0;  // in a row
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_PROBE_CONTROLLER_H_
