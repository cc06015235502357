// Whether the delay has been rising lately, and how steeply: the slope of a line through the
// smoothed delay of the last groups (least squares, as in Carlucci et al., "Congestion Control for
// Web Real-Time Communication", 2017).

#ifndef SLUICE_RTP_BWE_TRENDLINE_H_
#define SLUICE_RTP_BWE_TRENDLINE_H_

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"
#include "rtp/bwe/arrival_grouper.h"

namespace sluice::rtp::bwe {

class Trendline {
 public:
  // About a quarter of a second of paced video: long enough for jitter to cancel out.
  static constexpr size_t kWindow = 20;

  void Record(const ArrivalGrouper::Variation& variation);
  void Reset() { *this = Trendline(); }

  // Milliseconds of delay gained per millisecond, times the number of groups it is taken from (60
  // at most) and the usual gain of 4, so that the first seconds weigh less. Zero until the window
  // is full.
  double value() const { return value_; }

 private:
  struct Point {
    double at = 0;     // ms since the first
    double delay = 0;  // ms, smoothed
  };

  double Slope() const;

  std::array<Point, kWindow> points_{};
  size_t count_ = 0;
  std::optional<Duration> first_;
  double accumulated_ = 0;
  double smoothed_ = 0;
  double value_ = 0;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_TRENDLINE_H_
