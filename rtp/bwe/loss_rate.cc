#include "rtp/bwe/loss_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// What a test sends less: loss that is ours is then gone, as the rate was at most that much too
// high when little was lost.
constexpr double kTrialCut = 0.9;
// As much is lost as before if it is this share of it; loss by chance varies.
constexpr double kAsBefore = 0.5;
constexpr double kDeepestCut = 0.5;
// How fast the path's own loss is believed to have changed.
constexpr double kAdjustment = 0.2;
// The rate that passed counts for about half a minute.
constexpr double kForgetting = 0.97;
constexpr double kGrown = 1.05;

}  // namespace

void LossRate::Restart() {
  since_.reset();
  received_ = lost_ = 0;
  much_ = 0;
  trial_.reset();
  skip_ = false;
}

std::optional<LossRate::Change> LossRate::Record(const Facts& facts) {
  if (!since_) since_ = facts.now;
  received_ += facts.received;
  lost_ += facts.lost;
  if (!IsComplete(facts.now)) return std::nullopt;
  packets_ = static_cast<double>(received_ + lost_);
  loss_ = static_cast<double>(lost_) / packets_;
  since_ = facts.now;
  received_ = lost_ = 0;
  return Judge(facts);
}

bool LossRate::IsComplete(Timestamp now) const {
  const Duration age = now - *since_;
  const int64_t packets = received_ + lost_;
  if (age >= kMaxWindow) return packets > 0;
  if (packets < kMinPackets) return false;
  const bool much =
      static_cast<double>(lost_) > (own_loss_ + 2 * kMuch) * static_cast<double>(packets);
  return age >= (much ? kShortWindow : kWindow);
}

// What chance makes of the path's own loss in a window of so many packets: two standard deviations.
double LossRate::Noise() const { return 2 * std::sqrt(own_loss_ * (1 - own_loss_) / packets_); }

std::optional<LossRate::Change> LossRate::Judge(const Facts& facts) {
  // The window in which a cut falls is half before it and half after.
  if (std::exchange(skip_, false)) return std::nullopt;
  if (trial_) return JudgeTrial(facts);
  const double excess = loss_ - own_loss_;
  if (excess > kLittle + Noise()) return Object(facts, excess);
  return Accept(facts, excess);
}

std::optional<LossRate::Change> LossRate::Accept(const Facts& facts, double excess) {
  suspicion_ = 0;
  much_ = 0;
  allows_growth_ = true;
  own_loss_ += kAdjustment * (own_loss_ > 0 ? excess : 0);
  // Loss that was taken for the path's own without a test may have come with the rate, and would be
  // taken for that again and again as the rate creeps up.
  const bool sure = tested_ || own_loss_ < kLittle;
  if (!passed_ || sure) {
    passed_ = std::max(Scaled(passed_.value_or(facts.sent), kForgetting), facts.sent);
  }
  if (own_loss_ < kLittle) tested_ = false;
  return std::nullopt;
}

std::optional<LossRate::Change> LossRate::Object(const Facts& facts, double excess) {
  allows_growth_ = false;
  if (excess > kMuch + Noise()) {
    // Radio loses packets in crowds; what a rate causes goes on. So the smaller of two counts.
    const double lasting = std::min(std::exchange(much_, excess), excess);
    if (lasting <= kMuch) return std::nullopt;
    much_ = 0;
    return Cut(facts, Reason::kLoss, std::max(1 - lasting, kDeepestCut));
  }
  much_ = 0;
  if (++suspicion_ < kSuspicion) return std::nullopt;
  suspicion_ = 0;
  if (!passed_) passed_ = facts.sent;
  // Where loss was ours before, it is taken for ours again.
  if (facts.sent > Scaled(*passed_, ours_ ? 1 : kGrown)) {
    return Cut(facts, Reason::kLossTrial, kTrialCut);
  }
  own_loss_ = std::min(loss_, kMaxOwn);
  return std::nullopt;
}

LossRate::Change LossRate::Cut(const Facts& facts, Reason reason, double factor) {
  trial_ = Trial{facts.rate, loss_};
  suspicion_ = 0;
  skip_ = true;
  // A rate of which little is used is no cause of loss; what is sent may be.
  const BitRate from = std::min(facts.rate, std::max(facts.sent, Scaled(facts.rate, 0.5)));
  return {reason, Scaled(from, factor), std::nullopt, std::nullopt};
}

std::optional<LossRate::Change> LossRate::JudgeTrial(const Facts& facts) {
  const Trial trial = *std::exchange(trial_, std::nullopt);
  allows_growth_ = true;
  if (loss_ - own_loss_ < kAsBefore * (trial.loss - own_loss_)) {
    // It was ours: what passes now is about what the path carries.
    ours_ = true;
    passed_ = facts.sent;
    own_loss_ = std::min(own_loss_, loss_);
    return Change{Reason::kLoss, facts.rate, facts.rate, trial.rate};
  }
  own_loss_ = std::min(loss_, kMaxOwn);
  tested_ = true;
  ours_ = false;
  if (facts.rate >= trial.rate) return std::nullopt;
  return Change{Reason::kLossNotOurs, trial.rate, std::nullopt, std::nullopt};
}

}  // namespace sluice::rtp::bwe
