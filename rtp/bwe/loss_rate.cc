#include "rtp/bwe/loss_rate.h"

#include <algorithm>
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
// How fast the path's own loss is believed to have gone down.
constexpr double kRecovery = 0.3;

}  // namespace

std::optional<LossRate::Change> LossRate::Record(const Facts& facts) {
  if (!since_) since_ = facts.now;
  received_ += facts.received;
  lost_ += facts.lost;
  if (!IsComplete(facts.now)) return std::nullopt;
  loss_ = static_cast<double>(lost_) / static_cast<double>(std::max<int64_t>(received_ + lost_, 1));
  since_ = facts.now;
  received_ = lost_ = 0;
  return Judge(facts);
}

bool LossRate::IsComplete(Timestamp now) const {
  const Duration age = now - *since_;
  const int64_t packets = received_ + lost_;
  if (age >= kMaxWindow) return packets > 0;
  if (packets < kMinPackets) return false;
  const bool much = static_cast<double>(lost_) > 2 * kMuch * static_cast<double>(packets);
  return age >= (much ? kShortWindow : kWindow);
}

std::optional<LossRate::Change> LossRate::Judge(const Facts& facts) {
  // The window in which a cut falls is half before it and half after.
  if (std::exchange(skip_, false)) return std::nullopt;
  if (trial_) return JudgeTrial(facts);
  const double excess = loss_ - own_loss_;
  if (excess < 0) own_loss_ += kRecovery * excess;
  if (excess > kLittle) return Object(facts, excess);
  suspicion_ = 0;
  allows_growth_ = true;
  return std::nullopt;
}

std::optional<LossRate::Change> LossRate::Object(const Facts& facts, double excess) {
  allows_growth_ = false;
  if (excess > kMuch) return Cut(facts, Reason::kLoss, std::max(1 - excess, kDeepestCut));
  if (++suspicion_ < kSuspicion) return std::nullopt;
  return Cut(facts, Reason::kLossTrial, kTrialCut);
}

LossRate::Change LossRate::Cut(const Facts& facts, Reason reason, double factor) {
  trial_ = Trial{facts.rate, facts.sent, loss_};
  suspicion_ = 0;
  skip_ = true;
  // A rate of which little is used is no cause of loss; what is sent may be.
  const BitRate from = std::min(facts.rate, std::max(facts.sent, Scaled(facts.rate, 0.5)));
  return {reason, Scaled(from, factor), std::nullopt};
}

std::optional<LossRate::Change> LossRate::JudgeTrial(const Facts& facts) {
  const Trial trial = *trial_;
  trial_.reset();
  suspicion_ = 0;
  const double before = trial.loss - own_loss_;
  if (loss_ - own_loss_ < kAsBefore * before) {
    allows_growth_ = true;
    // It was ours: what passes now is about what the path carries.
    return Change{Reason::kLoss, facts.rate, Scaled(facts.rate, 1.05)};
  }
  own_loss_ = std::min({loss_, kMaxOwn});
  allows_growth_ = true;
  if (facts.rate >= trial.rate) return std::nullopt;
  return Change{Reason::kLossNotOurs, trial.rate, std::nullopt};
}

}  // namespace sluice::rtp::bwe
