#include "rtp/bwe/probe_controller.h"

#include <algorithm>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// After a cut the path has to show that it is calm.
constexpr Duration kAfterCut = std::chrono::seconds(2);
// Who sends all that is allowed meets the limit again within some seconds, if there is one. A probe
// before that would only take from others on the path.
constexpr Duration kAfterCutUnlimited = std::chrono::seconds(5);
// Slower than this, five packets take longer than anybody wants to wait for a result.
constexpr BitRate kLeastRate = BitRate::Kbps(100);
constexpr double kBackOff = 1.5;
// A probe that is long compared with the jitter has a middle that jitter does not reach.
constexpr int64_t kJitterFactor = 10;

}  // namespace

void ProbeController::Ask(Timestamp now, BitRate rate) {
  asked_ = rate;
  first_ = true;
  next_ = settled_ = now;
  interval_ = kInterval;
}

void ProbeController::RecordCut(Timestamp now) {
  next_ = std::max(next_, now + kAfterCut);
  settled_ = now + kAfterCutUnlimited;
  interval_ = kInterval;
}

double ProbeController::Factor() const {
  if (first_ && asked_ == BitRate()) return kFirstFactor;
  return failed_ ? kCarefulFactor : kFactor;
}

BitRate ProbeController::Goal(const Facts& facts) const {
  return std::min(facts.max, Scaled(desired_, kHeadroom));
}

bool ProbeController::Wants(const Facts& facts) const {
  const BitRate goal = Goal(facts);
  return !outstanding_ && facts.calm && goal >= kLeastGoal &&
         facts.estimate < Scaled(goal, kReached);
}

std::optional<ProbeController::Plan> ProbeController::Take(Timestamp now, const Facts& facts) {
  if (!Wants(facts) || now < Due(facts)) return std::nullopt;
  const BitRate wanted = std::max({Scaled(facts.estimate, Factor()), asked_, kLeastRate});
  const BitRate rate = std::min(wanted, Goal(facts));
  if (rate < Scaled(facts.estimate, kLeastStep)) return std::nullopt;
  outstanding_ = true;
  return Plan{rate, std::clamp(kJitterFactor * facts.jitter, kSpan, kMaxSpan)};
}

void ProbeController::RecordResult(Timestamp now, bool passed) {
  outstanding_ = false;
  lost_ = 0;
  first_ = false;
  asked_ = BitRate();
  failed_ = !passed;
  if (passed) {
    interval_ = kInterval;
    next_ = now;
    return;
  }
  next_ = now + interval_;
  interval_ =
      std::min(Duration(static_cast<int64_t>(static_cast<double>(interval_.count()) * kBackOff)),
               kMaxInterval);
}

void ProbeController::RecordLost(Timestamp now) {
  if (lost_ >= kMaxLost) return RecordResult(now, false);
  ++lost_;
  outstanding_ = false;
  next_ = settled_ = now + kAfterLost;
}

std::optional<Timestamp> ProbeController::NextTimeout(const Facts& facts) const {
  if (!Wants(facts)) return std::nullopt;
  return Due(facts);
}

}  // namespace sluice::rtp::bwe
