// How long something took, counted in cells that double: constant memory, and a few instructions
// for each time. An exact sum and maximum are kept beside.

#ifndef SLUICE_WORKER_ENGINE_DURATION_HISTOGRAM_H_
#define SLUICE_WORKER_ENGINE_DURATION_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/time.h"

namespace sluice::worker {

class DurationHistogram {
 public:
  // The bounds are 32 us, 64 us and so on to 1.05 s. What lies between two is of no interest to an
  // operator: below the first nothing can be done, above the last everything is lost.
  static constexpr size_t kBounds = 16;
  // What the cell counts took at most as long, and longer than the bound before it. A last cell
  // counts what took longer than all bounds.
  static constexpr Duration Bound(size_t cell) { return Duration(int64_t{32} << cell); }

  // What is negative counts as nothing: stamps of the kernel may be some microseconds ahead.
  void Record(Duration span) {
    const auto us = static_cast<uint64_t>(std::max<int64_t>(span.count(), 0));
    const auto power = static_cast<size_t>(std::bit_width((us - (us > 0 ? 1 : 0)) >> 5));
    ++cells_[std::min(power, kBounds)];
    sum_us_ += us;
    max_us_ = std::max(max_us_, us);
  }

  const std::array<uint64_t, kBounds + 1>& cells() const { return cells_; }
  uint64_t sum_us() const { return sum_us_; }
  // The longest since this was last asked.
  uint64_t TakeMaxUs() { return std::exchange(max_us_, 0); }

 private:
  std::array<uint64_t, kBounds + 1> cells_{};
  uint64_t sum_us_ = 0;
  uint64_t max_us_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DURATION_HISTOGRAM_H_
