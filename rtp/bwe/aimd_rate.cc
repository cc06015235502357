#include "rtp/bwe/aimd_rate.h"

#include <algorithm>
#include <cmath>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// Far from known congestion: 8 % a second, as published for this family of controllers.
constexpr double kGrowthPerSecond = 0.08;
// Near it: flows that share a path come to equal rates because all of them grow by the same step
// and each gives up a share of its own. Growing with the root of the rate keeps that, and still
// gives slow paths small steps.
constexpr double kStepAtOneMegabit = 50'000;
// What arrives may grow by half before a larger estimate has been tried at all.
constexpr double kUntriedShare = 1.5;
constexpr BitRate kUntriedExtra = BitRate::Kbps(10);
// More than this above the limit, and the limit is gone.
constexpr double kBeyondLimit = 1.1;
// The queue is to be gone after a second.
constexpr double kDrainSeconds = 1.0;
// Growth for longer than this without any feedback has no foundation.
constexpr Duration kMaxElapsed = std::chrono::milliseconds(500);
// Cuts against a queue that stands: give the last one this long to show, besides the response.
constexpr Duration kPatience = std::chrono::milliseconds(200);

double Seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

}  // namespace

std::optional<AimdRate::Change> AimdRate::Update(const Facts& facts) {
  const bool rising =
      facts.usage == Usage::kOver && facts.queue >= kSeenQueue + facts.packet_time / 2;
  if (!IsLong(facts)) {
    futile_cuts_ = 0;
    if (facts.queue < kLongQueue / 2) foreign_queue_ = false;
  }
  std::optional<Change> change;
  if (rising || (IsLong(facts) && !foreign_queue_)) {
    if (MayCut(facts, rising)) {
      change = Cut(facts, rising ? Reason::kOveruse : Reason::kStandingQueue);
    }
  } else {
    change = Grow(facts);
  }
  last_update_ = facts.now;
  return change;
}

bool AimdRate::IsLong(const Facts& facts) const {
  return facts.queue >= kLongQueue + facts.packet_time;
}

bool AimdRate::MayCut(const Facts& facts, bool rising) {
  if (!last_cut_) return true;
  const Duration since = facts.now - *last_cut_;
  if (rising) return since >= facts.response;
  if (since < facts.response + kPatience) return false;
  if (facts.queue < queue_at_cut_ * 4 / 5) {
    // The last cut works.
    queue_at_cut_ = facts.queue;
    last_cut_ = facts.now;
    return false;
  }
  if (++futile_cuts_ <= kFutileCuts) return true;
  foreign_queue_ = true;
  return false;
}

std::optional<AimdRate::Change> AimdRate::Cut(const Facts& facts, Reason reason) {
  const BitRate measured =
      facts.queue >= kHoldQueue ? std::min(facts.acked, facts.acked_lately) : facts.acked;
  // As much as arrives is no limit if hardly more was sent.
  const bool all_arrives = measured >= Scaled(facts.sent, 0.9);
  BitRate plain = Scaled(measured, kCut);
  if (facts.limited && all_arrives) {
    plain = std::max(plain, Scaled(rate_, kCut));
  } else {
    RememberLimit(measured);
  }
  const double depth =
      std::clamp(1 - Seconds(facts.queue) / kDrainSeconds, kDeepestCut, kCut) / kCut;
  queue_at_cut_ = facts.queue;
  after_drain_ = plain;
  draining_ = true;
  last_cut_ = facts.now;
  const BitRate target = std::min(rate_, Scaled(plain, depth));
  if (target == rate_) return std::nullopt;
  rate_ = target;
  return Change{reason, rate_};
}

void AimdRate::CutTo(Timestamp now, BitRate rate, std::optional<BitRate> limit) {
  rate_ = rate;
  if (limit) RememberLimit(*limit);
  last_cut_ = now;
}

void AimdRate::RememberLimit(BitRate measured) {
  constexpr double kNew = 0.3;
  const bool known = limit_ && measured > Scaled(*limit_, 0.75) && measured < Scaled(*limit_, 1.3);
  limit_ = known ? Scaled(*limit_, 1 - kNew) + Scaled(measured, kNew) : measured;
}

std::optional<AimdRate::Change> AimdRate::Grow(const Facts& facts) {
  if (facts.usage == Usage::kOver) return std::nullopt;
  if (facts.queue > kHoldQueue + facts.packet_time && !foreign_queue_) return std::nullopt;
  if (draining_ && facts.queue < kSeenQueue + facts.packet_time / 2) {
    draining_ = false;
    if (after_drain_ > rate_) {
      rate_ = after_drain_;
      return Change{Reason::kDrained, rate_};
    }
  }
  if (limit_ && facts.acked > Scaled(*limit_, kBeyondLimit)) limit_.reset();
  const BitRate ceiling = Scaled(facts.acked, kUntriedShare) + kUntriedExtra;
  if (rate_ >= ceiling || !facts.may_grow || !last_update_) return std::nullopt;
  const Duration elapsed = std::min(facts.now - *last_update_, kMaxElapsed);
  const bool near_limit = limit_ && rate_ > Scaled(*limit_, kCut * 0.95);
  rate_ = std::min(rate_ + Step(elapsed, near_limit), ceiling);
  return Change{near_limit ? Reason::kGrowthNearLimit : Reason::kGrowth, rate_};
}

BitRate AimdRate::Step(Duration elapsed, bool near_limit) const {
  const auto rate = static_cast<double>(rate_.bps());
  double per_second = rate * kGrowthPerSecond;
  if (near_limit) per_second = std::min(per_second, kStepAtOneMegabit * std::sqrt(rate / 1e6));
  return BitRate::Bps(static_cast<int64_t>(per_second * Seconds(elapsed)) + 1);
}

}  // namespace sluice::rtp::bwe
