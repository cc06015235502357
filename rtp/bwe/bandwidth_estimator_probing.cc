// The part of BandwidthEstimator that deals with probes: when the path allows one, and what it has
// shown.

#include <utility>

#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/bwe/scaled.h"

namespace sluice::rtp {
namespace {

using bwe::Scaled;

// Longer than any queue of ours, and than pictures of a slow screen share are apart.
constexpr Duration kRest = std::chrono::seconds(2);
// A measured rate is not filled to the brim.
constexpr double kOfProbe = 0.95;
// What did not pass shows the path at its limit; others may be on it.
constexpr double kOfFailedProbe = 0.85;
// A probe on top of a queue measures the queue.
constexpr Duration kCalmQueue = std::chrono::milliseconds(15);
// A probe that nobody takes is out of date soon.
constexpr Duration kReadyFor = std::chrono::milliseconds(500);

}  // namespace

void BandwidthEstimator::ApplyProbe(Timestamp now) {
  const auto result = probe_estimator_.Poll(now);
  if (!result) return;
  const BitRate before = estimate();
  const bool believed =
      result->passed || probe_controller_.is_first() || application_limit_.limited();
  if (result->arrived == BitRate()) return probe_controller_.RecordLost(now);
  probe_controller_.RecordResult(now, result->passed);
  if (result->passed) ++probes_passed_;
  const BitRate found = Scaled(result->arrived, result->passed ? kOfProbe : kOfFailedProbe);
  // How well somebody can be reached again is known now.
  answered_.reset();
  if (!believed || overused_ || found <= before) return;
  aimd_.RecordCarried(result->arrived);
  aimd_.Set(found);
  Conclude(now, Reason::kProbe, before);
}

void BandwidthEstimator::PrepareProbe(Timestamp now) {
  if (ready_probe_) {
    if (now < ready_until_) return;
    ready_probe_.reset();
    probe_controller_.RecordResult(now, false);
  }
  if (probe_estimator_.busy()) return;
  const auto plan = probe_controller_.Take(now, ProbeFacts());
  if (!plan) return;
  ready_probe_ = Probe{next_probe_, plan->rate, plan->span, bwe::ProbeController::kMinPackets};
  next_probe_ = next_probe_ == bwe::FeedbackAdapter::kMaxProbe ? 1 : next_probe_ + 1;
  ready_until_ = now + kReadyFor;
}

// One that waits to be taken is planned anew within new bounds.
void BandwidthEstimator::CancelProbe() {
  if (!ready_probe_) return;
  ready_probe_.reset();
  probe_controller_.Cancel();
}

std::optional<BandwidthEstimator::Probe> BandwidthEstimator::TakeProbe(Timestamp now) {
  if (trace_ != nullptr) trace_->Fact("probe", now);
  now_ = now;
  PrepareProbe(now);
  const std::optional<Probe> probe = std::exchange(ready_probe_, std::nullopt);
  if (!probe) return std::nullopt;
  ++probes_;
  probe_estimator_.Begin(now, probe->id, probe->rate, probe->span);
  return probe;
}

bool BandwidthEstimator::IsCalm() const {
  // Where nothing has been sent for a while nothing stands in the way, whatever was the case
  // before: somebody whose picture was paused for want of bandwidth gets it back by a probe or not
  // at all.
  if (has_feedback_ && IsResting(now_)) return true;
  return has_feedback_ && !silence_.silent() && detector_.usage() != bwe::Usage::kOver &&
         loss_.allows_growth() && !aimd_.foreign_queue() &&
         queue_level_.queue() < kCalmQueue + PacketTime() + jitter_;
}

bwe::ProbeController::Facts BandwidthEstimator::ProbeFacts() const {
  const bool limited = IsResting(now_) || application_limit_.limited();
  return {estimate(), Ceiling(), IsCalm(), limited, jitter_};
}

bool BandwidthEstimator::IsResting(Timestamp now) const {
  return last_sent_ && now - *last_sent_ > kRest;
}

}  // namespace sluice::rtp
