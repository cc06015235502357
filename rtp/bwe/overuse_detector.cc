#include "rtp/bwe/overuse_detector.h"

#include <algorithm>
#include <cmath>

namespace sluice::rtp::bwe {
namespace {

// Per millisecond. The threshold rises slowly and falls faster than it rises, as published.
constexpr double kRise = 0.0087;
constexpr double kFall = 0.039;
constexpr double kMinThreshold = 6;
constexpr double kMaxThreshold = 600;
// A trend this far above the threshold is a change of path or a spike, to which the threshold must
// not adapt.
constexpr double kOutlier = 15;
// A gap in the groups is not time in which the threshold had anything to adapt to.
constexpr Duration kMaxElapsed{100'000};

}  // namespace

void OveruseDetector::Record(double trend, Duration at) {
  const Duration elapsed = last_ ? std::clamp(at - *last_, Duration(0), kMaxElapsed) : Duration(0);
  last_ = at;
  if (trend > threshold_) {
    // Of the first step nobody knows when in it the trend went over the threshold.
    over_for_ += over_count_ == 0 ? elapsed / 2 : elapsed;
    ++over_count_;
    if (over_for_ > kMinOveruse && over_count_ > 1 && trend >= previous_) usage_ = Usage::kOver;
  } else {
    over_for_ = Duration(0);
    over_count_ = 0;
    usage_ = trend < -threshold_ ? Usage::kUnder : Usage::kNormal;
  }
  previous_ = trend;
  Adapt(trend, elapsed);
}

void OveruseDetector::Adapt(double trend, Duration elapsed) {
  const double size = std::abs(trend);
  if (size > threshold_ + kOutlier) return;
  const double gain = size < threshold_ ? kFall : kRise;
  const double milliseconds = static_cast<double>(elapsed.count()) / 1000;
  threshold_ = std::clamp(threshold_ + gain * (size - threshold_) * milliseconds, kMinThreshold,
                          kMaxThreshold);
}

}  // namespace sluice::rtp::bwe
