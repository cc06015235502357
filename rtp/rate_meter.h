// How many bits per second passed lately: a window of one second that slides in steps of 100 ms.
//
// Counting costs an addition and nothing is allocated. Until a second has passed, the average is
// over what has, so that a new stream does not look slower than it is.

#ifndef SLUICE_RTP_RATE_METER_H_
#define SLUICE_RTP_RATE_METER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp {

class RateMeter {
 public:
  static constexpr Duration kStep{100'000};
  static constexpr size_t kSteps = 10;
  static constexpr Duration kWindow = kStep * kSteps;

  void Record(Timestamp now, size_t bytes) {
    // Time never goes backwards; should it, the bytes count as of the newest moment.
    if (now >= newest_ends_ || !started_) [[unlikely]]
      BeginStep(now);
    bytes_[newest_slot_] += bytes;
  }

  // Zero once nothing came for a window.
  BitRate Rate(Timestamp now) const {
    if (!started_) return BitRate();
    const int64_t step = StepOf(now);
    uint64_t sum = 0;
    for (int64_t i = newest_step_; i > newest_step_ - static_cast<int64_t>(kSteps); --i) {
      if (i > step - static_cast<int64_t>(kSteps)) sum += bytes_[Slot(i)];
    }
    // The newest step is part of the window as far as it has passed.
    const Duration age = now - first_;
    const Duration whole = kStep * (kSteps - 1) + now.time_since_epoch() % kStep;
    const Duration span = age < whole ? age : whole;
    return DataSize::Bytes(static_cast<int64_t>(sum)) / (span < kStep ? kStep : span);
  }

 private:
  void BeginStep(Timestamp now) {
    const int64_t step = StepOf(now);
    if (!started_) {
      started_ = true;
      first_ = now;
      newest_step_ = step;
    }
    for (; newest_step_ < step; ++newest_step_) {
      if (step - newest_step_ > static_cast<int64_t>(kSteps)) newest_step_ = step - kSteps;
      bytes_[Slot(newest_step_ + 1)] = 0;
    }
    newest_slot_ = Slot(newest_step_);
    newest_ends_ = Timestamp((newest_step_ + 1) * kStep);
  }

  static int64_t StepOf(Timestamp now) { return now.time_since_epoch() / kStep; }
  static size_t Slot(int64_t step) {
    return static_cast<size_t>(step % static_cast<int64_t>(kSteps) + static_cast<int64_t>(kSteps)) %
           kSteps;
  }

  std::array<uint64_t, kSteps> bytes_{};
  int64_t newest_step_ = 0;
  size_t newest_slot_ = 0;
  Timestamp newest_ends_;
  Timestamp first_;
  bool started_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RATE_METER_H_
