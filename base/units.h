// Bit rates and amounts of data, which multiply with Duration and with nothing else.
//
// A rate may come from a peer, who may claim any (REMB can express 2^81 bit/s). Arithmetic
// therefore stops at the ends of the number range instead of running over them.

#ifndef SLUICE_BASE_UNITS_H_
#define SLUICE_BASE_UNITS_H_

#include <compare>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace sluice {

constexpr int64_t SaturatedSum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

constexpr int64_t SaturatedDifference(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

constexpr int64_t SaturatedProduct(int64_t a, int64_t b) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) != (b < 0) ? std::numeric_limits<int64_t>::min()
                            : std::numeric_limits<int64_t>::max();
}

class DataSize {
 public:
  constexpr DataSize() = default;
  static constexpr DataSize Bytes(int64_t bytes) { return DataSize(bytes); }

  constexpr int64_t bytes() const { return bytes_; }
  constexpr int64_t bits() const { return SaturatedProduct(bytes_, 8); }
  constexpr auto operator<=>(const DataSize&) const = default;
  constexpr DataSize operator+(DataSize other) const {
    return DataSize(SaturatedSum(bytes_, other.bytes_));
  }
  constexpr DataSize operator-(DataSize other) const {
    return DataSize(SaturatedDifference(bytes_, other.bytes_));
  }
  constexpr DataSize& operator+=(DataSize other) { return *this = *this + other; }
  constexpr DataSize& operator-=(DataSize other) { return *this = *this - other; }

 private:
  constexpr explicit DataSize(int64_t bytes) : bytes_(bytes) {}
  int64_t bytes_ = 0;
};

class BitRate {
 public:
  constexpr BitRate() = default;
  static constexpr BitRate Bps(int64_t bps) { return BitRate(bps); }
  static constexpr BitRate Kbps(int64_t kbps) { return BitRate(SaturatedProduct(kbps, 1000)); }

  constexpr int64_t bps() const { return bps_; }
  constexpr auto operator<=>(const BitRate&) const = default;
  constexpr BitRate operator+(BitRate other) const {
    return BitRate(SaturatedSum(bps_, other.bps_));
  }
  constexpr BitRate operator-(BitRate other) const {
    return BitRate(SaturatedDifference(bps_, other.bps_));
  }

 private:
  constexpr explicit BitRate(int64_t bps) : bps_(bps) {}
  int64_t bps_ = 0;
};

constexpr DataSize operator*(BitRate rate, Duration span) {
  return DataSize::Bytes(SaturatedProduct(rate.bps(), span.count()) / 8'000'000);
}

// The average rate; zero over an empty span, so that a caller need not guard its first sample.
constexpr BitRate operator/(DataSize size, Duration span) {
  if (span.count() <= 0) return BitRate();
  return BitRate::Bps(SaturatedProduct(size.bits(), 1'000'000) / span.count());
}

// How long `size` takes at `rate`; zero for a rate of zero, which callers rule out.
constexpr Duration operator/(DataSize size, BitRate rate) {
  if (rate.bps() <= 0) return Duration(0);
  return Duration(SaturatedProduct(size.bits(), 1'000'000) / rate.bps());
}

}  // namespace sluice

#endif  // SLUICE_BASE_UNITS_H_
