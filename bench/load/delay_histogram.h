// Delays in nanoseconds, counted in cells whose width grows with the delay: constant memory, and no
// percentile is wrong by more than a part in 64.

#ifndef SLUICE_BENCH_LOAD_DELAY_HISTOGRAM_H_
#define SLUICE_BENCH_LOAD_DELAY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::load {

class DelayHistogram {
 public:
  // What is negative counts as none: clocks of different cores may differ by some nanoseconds.
  void Record(int64_t nanoseconds) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(nanoseconds, 0));
    ++cells_[CellOf(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  void Clear() { *this = DelayHistogram(); }

  uint64_t count() const { return count_; }
  // Exact, in microseconds.
  double max_us() const { return static_cast<double>(max_) / 1'000; }

  // The smallest delay, in microseconds, that `share` of all (0..1) do not exceed; 0 of none.
  double PercentileUs(double share) const {
    const double wanted = share * static_cast<double>(count_);
    uint64_t seen = 0;
    for (size_t i = 0; i < cells_.size(); ++i) {
      seen += cells_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        return static_cast<double>(std::min(UpperEnd(i), max_)) / 1'000;
      }
    }
    return 0;
  }

 private:
  // 64 cells for each power of two, from 64 ns to about an hour.
  static constexpr int kBits = 6;
  static constexpr size_t kPerPower = size_t{1} << kBits;
  static constexpr size_t kPowers = 36;

  static size_t CellOf(uint64_t value) {
    if (value < kPerPower) return value;
    const int power = static_cast<int>(std::bit_width(value)) - 1 - kBits;
    const size_t cell = (static_cast<size_t>(power) + 1) * kPerPower + (value >> power) - kPerPower;
    return std::min(cell, kPowers * kPerPower - 1);
  }

  // The largest value that belongs to the cell.
  static uint64_t UpperEnd(size_t cell) {
    if (cell < kPerPower) return cell;
    const size_t power = cell / kPerPower - 1;
    return ((cell % kPerPower + kPerPower + 1) << power) - 1;
  }

  std::array<uint64_t, kPowers * kPerPower> cells_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_DELAY_HISTOGRAM_H_
