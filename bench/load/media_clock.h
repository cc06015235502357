// How fast media is played: a time that passes as a multiple of the real one, and stands still when
// it is told to.

#ifndef SLUICE_BENCH_LOAD_MEDIA_CLOCK_H_
#define SLUICE_BENCH_LOAD_MEDIA_CLOCK_H_

#include <cstdint>

#include "base/time.h"

namespace sluice::load {

class MediaClock {
 public:
  // Stands still at zero.
  MediaClock() = default;

  Duration At(Timestamp now) const {
    const double passed = static_cast<double>((now - anchor_).count()) * speed_;
    return reached_ + Duration(static_cast<int64_t>(passed));
  }
  // Zero stops it. What was reached stays.
  void SetSpeed(Timestamp now, double speed) {
    reached_ = At(now);
    anchor_ = now;
    speed_ = speed;
  }
  double speed() const { return speed_; }
  // When it will show `media`; not for a clock that stands.
  Timestamp When(Duration media) const {
    return anchor_ +
           Duration(static_cast<int64_t>(static_cast<double>((media - reached_).count()) / speed_));
  }

 private:
  Timestamp anchor_;
  Duration reached_{0};
  double speed_ = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_MEDIA_CLOCK_H_
