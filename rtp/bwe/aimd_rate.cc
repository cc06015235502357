#include "rtp/bwe/aimd_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// Far from known congestion, per second.
constexpr double kGrowthPerSecond = 0.1;
// And faster still if there was none for a while: an elastic flow meets its limit every few
// seconds.
constexpr double kCalmGrowthPerSecond = 0.2;
constexpr Duration kCalm = std::chrono::seconds(4);
// Below where congestion was met last: what was lost to somebody's burst comes back soon.
constexpr double kRecoveryPerSecond = 0.25;
constexpr double kRecovered = 0.8;
// Near it: flows that share a path come to equal rates because all of them grow by the same step
// and each gives up a share of its own. Slow paths take smaller steps.
constexpr double kStep = 100'000;
constexpr double kFullStepFrom = 1'000'000;
constexpr double kMaxStepShare = 0.18;
constexpr double kPacketBits = 9'600;
// What arrives may grow by half before a larger estimate has been tried at all.
constexpr double kUntriedShare = 1.5;
constexpr BitRate kUntriedExtra = BitRate::Kbps(10);
// More than this above the limit, and the limit is gone.
constexpr double kBeyondLimit = 1.1;
// As good as everything arrives.
constexpr double kAllArrives = 0.9;
// Who sends less than the rate by far, and sees so much of it arrive, has not met the path's limit;
// jitter and moments in which nothing moves shift what arrives from one window to the next.
constexpr double kNearlyAll = 0.7;
// A queue that is gone so soon after the response to a cut was a burst in passing: what arrived
// meanwhile says little about the path.
constexpr Duration kPassing = std::chrono::milliseconds(400);
constexpr Duration kMoment = std::chrono::milliseconds(120);
// After several cuts, each so soon after the last, it may be no more than arrives now.
constexpr Duration kSeries = std::chrono::seconds(1);
// If most of what was sent arrived, that is: who is left with less has lost more than a moment.
constexpr double kPassingShare = 0.6;
// No rate grows by more within a round trip.
constexpr double kMostGrown = 1.05;
constexpr Duration kMaxDrain = std::chrono::milliseconds(1500);
// The queue is to be gone after a second.
constexpr double kDrainSeconds = 1.0;
// Growth for longer than this without any feedback has no foundation.
constexpr Duration kMaxElapsed = std::chrono::milliseconds(500);
// Once a cut has taken effect, the queue needs a moment to show it.
constexpr Duration kPatience = std::chrono::milliseconds(250);
// A queue that a cut works on is at least so much shorter by then.
constexpr double kShrunk = 0.9;

// What is sent is measured over this time.
constexpr Duration kSentWindow = std::chrono::milliseconds(500);
// A path that is measured again to carry so much less was not measured in its queue before.
constexpr double kMuchLess = 0.8;

double Seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

// What no queue accounts for.
Duration Margin(const AimdRate::Facts& facts) { return facts.packet_time + facts.jitter; }

// What the path carries, as far as what arrives tells.
BitRate Measured(const AimdRate::Facts& facts) {
  // Frames come and go while the queue is short; once it stands, packets come evenly, and the
  // latest look is the best.
  return facts.queue >= AimdRate::kHoldQueue + Margin(facts)
             ? facts.acked_lately
             : std::max(
                   {facts.acked, std::min(facts.acked_lately, facts.sent_then), facts.acked_busy});
}

double Ratio(BitRate a, BitRate b) {
  return std::clamp(static_cast<double>(a.bps()) / static_cast<double>(b.bps()), 1.0, kMostGrown);
}

// The share of what is sent.
double Arrives(const AimdRate::Facts& facts) {
  const BitRate least = std::min(facts.acked, facts.acked_lately);
  return static_cast<double>(least.bps()) /
         static_cast<double>(std::max<int64_t>(facts.sent.bps(), 1));
}

bool AllArrives(const AimdRate::Facts& facts) { return Arrives(facts) >= kAllArrives; }

}  // namespace

std::optional<AimdRate::Change> AimdRate::Update(const Facts& facts) {
  const bool rising = IsRising(facts);
  const bool is_long = IsLong(facts);
  if (!is_long) {
    futile_cuts_ = 0;
    long_since_.reset();
  } else if (!long_since_) {
    long_since_ = facts.now;
  }
  if (facts.queue >= kHoldQueue + Margin(facts)) foreign_seen_ = facts.now;
  // The queue of a TCP flow is short for a moment whenever the flow has lost packets.
  if (facts.now - foreign_seen_ > kForeignGone) foreign_queue_ = false;
  std::optional<Change> change;
  if (foreign_queue_) {
    change = Compete(facts);
  } else if (rising || is_long) {
    const bool stands = is_long && facts.now - *long_since_ >= kStands;
    if ((rising || stands) && MayCut(facts, rising)) {
      change = Cut(facts, rising ? Reason::kOveruse : Reason::kStandingQueue);
    }
  } else {
    change = Grow(facts);
  }
  last_update_ = facts.now;
  return change;
}

bool AimdRate::IsRising(const Facts& facts) const {
  return facts.usage == Usage::kOver && facts.queue >= kSeenQueue + Margin(facts) / 2;
}

bool AimdRate::IsLong(const Facts& facts) const {
  return facts.queue >= kLongQueue + Margin(facts);
}

bool AimdRate::MayCut(const Facts& facts, bool rising) {
  if (!last_cut_) return true;
  if (facts.now - *last_cut_ < facts.response) return false;
  // What arrives now was sent before the cut, and says one thing only: that the path carries even
  // less than was thought.
  if (facts.sent_at < *last_cut_ && Measured(facts) > Scaled(measured_then_, kMuchLess)) {
    return false;
  }
  if (!draining_) return true;
  // What we cut has not reached the queue while less arrives than is sent.
  if (rising && !AllArrives(facts)) return true;
  const std::optional<bool> works = CutWorks(facts);
  if (!works || *works) return false;
  return !IsForeign(facts);
}

std::optional<bool> AimdRate::CutWorks(const Facts& facts) {
  if (!queue_then_) {
    queue_then_ = facts.queue;
    then_ = facts.now;
    return std::nullopt;
  }
  if (facts.now - then_ < kPatience) return std::nullopt;
  const bool works = static_cast<double>(facts.queue.count()) <
                     kShrunk * static_cast<double>(queue_then_->count());
  queue_then_ = facts.queue;
  then_ = facts.now;
  return works;
}

// Asked when a cut did not work.
bool AimdRate::IsForeign(const Facts& facts) {
  const bool again = last_foreign_ && facts.now - *last_foreign_ < kForeignMemory;
  // Only a cut that has made us send less than the path delivered tells anything.
  if (AllArrives(facts) && facts.sent < Scaled(measured_then_, kShrunk)) ++futile_cuts_;
  if (futile_cuts_ < (again ? 1 : kFutileCuts)) return false;
  foreign_queue_ = true;
  foreign_since_ = facts.now;
  draining_ = false;
  futile_cuts_ = 0;
  return true;
}

std::optional<AimdRate::Change> AimdRate::Cut(const Facts& facts, Reason reason) {
  const BitRate measured = Measured(facts);
  const std::optional<BitRate> limit_before = limit_;
  // What was sent beyond the rate and arrived is none of the rate's fault; if it was sent since the
  // last cut, that is.
  const bool settled = !last_cut_ || facts.now - *last_cut_ > kSentWindow;
  const BitRate allowed = settled ? std::max(rate_, facts.sent) : rate_;
  BitRate plain = Scaled(std::min(measured, allowed), kCut);
  if (facts.sent >= Scaled(rate_, kAllArrives) && facts.sent_then >= measured) {
    // What the rate has grown by while those packets were under way would otherwise be cut as well,
    // and the more the longer the round trip is.
    plain = Scaled(plain, Ratio(rate_, facts.sent_then));
  }
  if (facts.limited && Arrives(facts) >= kNearlyAll) {
    // What arrives is no limit if no more was sent.
    plain = std::max(plain, Scaled(rate_, kCut));
  } else {
    RecordLimit(measured);
  }
  const double depth =
      std::clamp(1 - Seconds(facts.queue_ahead) / kDrainSeconds, kDeepestCut, kCut) / kCut;
  const BitRate target = std::min(rate_, Scaled(plain, depth));
  if (target == rate_) return std::nullopt;
  queue_then_.reset();
  rate_before_cut_ = rate_;
  limit_before_cut_ = limit_before;
  measured_then_ = measured;
  rate_then_ = std::min(rate_, facts.sent);
  after_drain_ = plain;
  draining_ = true;
  one_of_several_ = last_cut_ && facts.now - *last_cut_ < kSeries;
  last_cut_ = facts.now;
  rate_ = target;
  return Change{reason, rate_};
}

void AimdRate::CutTo(Timestamp now, BitRate rate, std::optional<BitRate> limit) {
  rate_ = rate;
  if (limit) RecordLimit(*limit);
  last_cut_ = now;
  draining_ = false;
}

// One measurement far below the others may be somebody's burst in passing; two are not.
void AimdRate::RecordLimit(BitRate measured) {
  constexpr double kNew = 0.3;
  constexpr double kFar = 0.75;
  const bool was_low = std::exchange(low_limit_, limit_ && measured < Scaled(*limit_, kFar));
  if (!limit_ || (low_limit_ && was_low) || measured > Scaled(*limit_, 1 / kFar)) {
    limit_ = measured;
    low_limit_ = false;
  } else if (!low_limit_) {
    limit_ = Scaled(*limit_, 1 - kNew) + Scaled(measured, kNew);
  }
}

void AimdRate::ForgetCongestion() {
  limit_.reset();
  low_limit_ = false;
  queue_then_.reset();
  draining_ = false;
  futile_cuts_ = 0;
  foreign_queue_ = false;
}

std::optional<AimdRate::Change> AimdRate::Compete(const Facts& facts) {
  if (facts.now - foreign_since_ >= kForeignStays) last_foreign_ = facts.now;
  const bool waited = !last_cut_ || facts.now - *last_cut_ >= facts.response + kPatience;
  if (!facts.lost) return Step(facts);
  if (!waited) return std::nullopt;
  last_cut_ = facts.now;
  RecordLimit(facts.acked);
  rate_ = std::min(rate_, Scaled(std::max(facts.acked, facts.acked_lately), kForeignCut));
  return Change{Reason::kForeignLoss, rate_};
}

std::optional<AimdRate::Change> AimdRate::Grow(const Facts& facts) {
  if (facts.usage == Usage::kOver || facts.queue > kHoldQueue + Margin(facts)) return std::nullopt;
  if (HasPassed(facts)) return Change{Reason::kPassed, rate_};
  if (RecoverFromDrain(facts)) return Change{Reason::kDrained, rate_};
  // First the queue has to go. If it does not for long, what is left is jitter or somebody else's.
  if (draining_ && facts.now - *last_cut_ < facts.response + kMaxDrain) return std::nullopt;
  draining_ = false;
  if (limit_ && facts.acked > Scaled(*limit_, kBeyondLimit)) limit_.reset();
  return Step(facts);
}

// The queue is gone before anything has come that was sent after the cut, and sooner than the cuts
// of others would make it go: nothing moved for a moment.
bool AimdRate::HasPassed(const Facts& facts) {
  const bool gone = facts.queue <= kSeenQueue + Margin(facts) / 2;
  if (!draining_ || one_of_several_ || !gone || facts.sent_at >= *last_cut_) return false;
  if (facts.now - *last_cut_ > kMoment) return false;
  draining_ = false;
  limit_ = limit_before_cut_;
  low_limit_ = false;
  if (rate_before_cut_ <= rate_) return false;
  rate_ = rate_before_cut_;
  return true;
}

bool AimdRate::RecoverFromDrain(const Facts& facts) {
  if (!draining_ || facts.queue > kSeenQueue + Margin(facts) / 2) return false;
  draining_ = false;
  const bool passing = facts.now - *last_cut_ < facts.response + kPassing &&
                       measured_then_ > Scaled(rate_then_, kPassingShare);
  // What took long to go was no burst: the path carries what was measured.
  if (!passing && low_limit_) {
    limit_ = measured_then_;
    low_limit_ = false;
  }
  BitRate target = after_drain_;
  if (passing) {
    const BitRate most = Scaled(rate_then_, kCut);
    target = std::max(target, one_of_several_ ? std::min(most, facts.acked) : most);
  }
  if (target <= rate_) return false;
  rate_ = target;
  return true;
}

std::optional<AimdRate::Change> AimdRate::Step(const Facts& facts) {
  const BitRate ceiling = Scaled(facts.acked, kUntriedShare) + kUntriedExtra;
  if (rate_ >= ceiling || !facts.may_grow || !last_update_) return std::nullopt;
  const auto rate = static_cast<double>(rate_.bps());
  const bool below_limit = limit_ && rate_ < Scaled(*limit_, kRecovered);
  const bool near_limit = foreign_queue_ || (limit_ && !below_limit);
  const bool calm = last_cut_ && facts.now - *last_cut_ > kCalm;
  double per_second = rate * (below_limit ? kRecoveryPerSecond
                              : calm      ? kCalmGrowthPerSecond
                                          : kGrowthPerSecond);
  if (near_limit) {
    const double step = kStep * std::min(1.0, std::sqrt(rate / kFullStepFrom));
    per_second = std::min(step, rate * kMaxStepShare);
  }
  // Who competes with TCP grows like TCP: a packet more per round trip, in every round trip.
  if (foreign_queue_)
    per_second = std::min(kStep, kPacketBits / std::pow(Seconds(facts.response), 2));
  const double elapsed = Seconds(std::min(facts.now - *last_update_, kMaxElapsed));
  rate_ = std::min(rate_ + BitRate::Bps(static_cast<int64_t>(per_second * elapsed) + 1), ceiling);
  return Change{near_limit ? Reason::kGrowthNearLimit : Reason::kGrowth, rate_};
}

}  // namespace sluice::rtp::bwe
