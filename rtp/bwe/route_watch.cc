#include "rtp/bwe/route_watch.h"

#include <algorithm>

namespace sluice::rtp::bwe {
namespace {

// Time without feedback is no time in which anything was seen to stay.
constexpr Duration kMaxElapsed = std::chrono::milliseconds(250);
// How many times the movement that is allowed a queue would have to have sunk.
constexpr int kSurely = 3;
constexpr int64_t kStillShare = 12;

Duration Drain(BitRate sent, BitRate carried, Duration elapsed) {
  if (carried.bps() == 0 || sent >= carried) return Duration(0);
  const double share = 1 - static_cast<double>(sent.bps()) / static_cast<double>(carried.bps());
  return Duration(static_cast<int64_t>(share * static_cast<double>(elapsed.count())));
}

}  // namespace

std::optional<BitRate> RouteWatch::Record(const Facts& facts) {
  if (facts.queue < kLow + facts.packet_time) {
    last_low_ = facts.now;
    estimate_then_ = facts.estimate;
    jumped_ = false;
    return std::nullopt;
  }
  if (!jumped_) {
    const bool high = facts.queue >= kHigh + facts.packet_time;
    jumped_ = high && last_low_ && facts.now - *last_low_ <= kJump;
    // Neither low nor high: a queue that grows.
    if (jumped_) BeginStay(facts);
    return std::nullopt;
  }
  Watch(facts);
  const Duration still = std::max(kStill, most_ / kStillShare);
  if (most_ - least_ > still) {
    // Where it settles later than a jump takes, it has grown.
    jumped_ = facts.now - *last_low_ <= kJump;
    BeginStay(facts);
  }
  const bool would_be_shorter = drained_ >= std::max(most_ / 2, kSurely * still);
  if (!would_be_shorter || !facts.all_arrives || facts.now - stays_since_ < kMinStay) {
    return std::nullopt;
  }
  const BitRate before = estimate_then_;
  Reset();
  return before;
}

void RouteWatch::Watch(const Facts& facts) {
  least_ = std::min(least_, facts.queue);
  most_ = std::max(most_, facts.queue);
  const bool has_cut = facts.last_cut && last_low_ && *facts.last_cut > *last_low_;
  const Duration elapsed = std::min(facts.now - updated_, kMaxElapsed);
  if (has_cut) drained_ += Drain(facts.sent_then, facts.carried, elapsed);
  updated_ = facts.now;
}

void RouteWatch::BeginStay(const Facts& facts) {
  stays_since_ = facts.now;
  updated_ = facts.now;
  least_ = facts.queue;
  most_ = facts.queue;
  drained_ = Duration(0);
}

}  // namespace sluice::rtp::bwe
