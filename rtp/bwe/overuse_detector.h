// When a trend is congestion. The threshold adapts (Carlucci et al., "Analysis and Design of the
// Google Congestion Control for Web Real-Time Communication", 2016): a fixed one either starves
// next to TCP, whose queue moves all the time, or sees nothing on a quiet path.

#ifndef SLUICE_RTP_BWE_OVERUSE_DETECTOR_H_
#define SLUICE_RTP_BWE_OVERUSE_DETECTOR_H_

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace sluice::rtp::bwe {

enum class Usage : uint8_t { kNormal, kUnder, kOver };

class OveruseDetector {
 public:
  // A trend has to last for this long, and over two groups.
  static constexpr Duration kMinOveruse{10'000};

  // `trend` as of Trendline::value(), `at` on the receiver's clock.
  void Record(double trend, Duration at);
  void Reset() { *this = OveruseDetector(); }

  Usage usage() const { return usage_; }
  double threshold() const { return threshold_; }
  // The latest trend over the threshold.
  double excess() const { return previous_ / threshold_; }

 private:
  void Adapt(double trend, Duration elapsed);

  Usage usage_ = Usage::kNormal;
  double threshold_ = 12.5;
  double previous_ = 0;
  std::optional<Duration> last_;
  Duration over_for_{0};
  int over_count_ = 0;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_OVERUSE_DETECTOR_H_
