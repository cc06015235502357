#include "rtp/bwe/decision.h"

#include <algorithm>

namespace sluice::rtp::bwe {
namespace {

// One turn makes one or two.
constexpr size_t kFirstSize = 4;

}  // namespace

std::string_view NameOf(Reason reason) {
  switch (reason) {
    case Reason::kStart:
      return "start";
    case Reason::kGrowth:
      return "growth";
    case Reason::kGrowthNearLimit:
      return "growth-near-limit";
    case Reason::kOveruse:
      return "overuse";
    case Reason::kStandingQueue:
      return "standing-queue";
    case Reason::kForeignLoss:
      return "foreign-loss";
    case Reason::kDrained:
      return "drained";
    case Reason::kPassed:
      return "passed";
    case Reason::kNewRoute:
      return "new-route";
    case Reason::kLoss:
      return "loss";
    case Reason::kLossTrial:
      return "loss-trial";
    case Reason::kLossNotOurs:
      return "loss-not-ours";
    case Reason::kProbe:
      return "probe";
    case Reason::kSilence:
      return "silence";
    case Reason::kFeedbackBack:
      return "feedback-back";
    case Reason::kRemb:
      return "remb";
    case Reason::kBounds:
      return "bounds";
    case Reason::kLossReport:
      return "loss-report";
  }
  return "unknown";
}

void DecisionLog::Push(const Decision& decision) {
  if (size_ == kCapacity) {
    head_ = (head_ + 1) % kCapacity;
    --size_;
    ++lost_;
  }
  if (size_ == ring_.size()) Grow();
  ring_[(head_ + size_) % ring_.size()] = decision;
  ++size_;
}

void DecisionLog::Grow() {
  std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_), ring_.end());
  head_ = 0;
  ring_.resize(std::max(2 * ring_.size(), kFirstSize));
}

std::optional<Decision> DecisionLog::Poll() {
  if (size_ == 0) return std::nullopt;
  const Decision decision = ring_[head_];
  head_ = (head_ + 1) % ring_.size();
  --size_;
  return decision;
}

}  // namespace sluice::rtp::bwe
