#include "rtp/bwe/trendline.h"

#include <algorithm>

namespace sluice::rtp::bwe {
namespace {

// The newest group's share of the smoothed delay: one late packet is not a trend.
constexpr double kNewest = 0.1;
constexpr double kGain = 4;
constexpr size_t kMaxWeight = 60;

double Milliseconds(Duration span) { return static_cast<double>(span.count()) / 1000; }

}  // namespace

void Trendline::Record(const ArrivalGrouper::Variation& variation) {
  if (!first_) first_ = variation.at;
  accumulated_ += Milliseconds(variation.delay());
  smoothed_ += kNewest * (accumulated_ - smoothed_);
  points_[count_ % kWindow] = {Milliseconds(variation.at - *first_), smoothed_};
  ++count_;
  if (count_ < kWindow) return;
  value_ = Slope() * static_cast<double>(std::min(count_, kMaxWeight)) * kGain;
}

double Trendline::Slope() const {
  double mean_at = 0;
  double mean_delay = 0;
  for (const Point& point : points_) {
    mean_at += point.at / kWindow;
    mean_delay += point.delay / kWindow;
  }
  double along = 0;
  double spread = 0;
  for (const Point& point : points_) {
    along += (point.at - mean_at) * (point.delay - mean_delay);
    spread += (point.at - mean_at) * (point.at - mean_at);
  }
  // All at the same time: a receiver that got them in one go, or says so.
  return spread > 0 ? along / spread : 0;
}

}  // namespace sluice::rtp::bwe
