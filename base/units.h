// Bit rates and amounts of data, which multiply with Duration and with nothing else.

#ifndef SLUICE_BASE_UNITS_H_
#define SLUICE_BASE_UNITS_H_

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace sluice {

class DataSize {
 public:
  constexpr DataSize() = default;
  static constexpr DataSize Bytes(int64_t bytes) { return DataSize(bytes); }

  constexpr int64_t bytes() const { return bytes_; }
  constexpr int64_t bits() const { return bytes_ * 8; }
  constexpr auto operator<=>(const DataSize&) const = default;
  constexpr DataSize operator+(DataSize other) const { return DataSize(bytes_ + other.bytes_); }
  constexpr DataSize operator-(DataSize other) const { return DataSize(bytes_ - other.bytes_); }
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
  static constexpr BitRate Kbps(int64_t kbps) { return BitRate(kbps * 1000); }

  constexpr int64_t bps() const { return bps_; }
  constexpr auto operator<=>(const BitRate&) const = default;
  constexpr BitRate operator+(BitRate other) const { return BitRate(bps_ + other.bps_); }
  constexpr BitRate operator-(BitRate other) const { return BitRate(bps_ - other.bps_); }

 private:
  constexpr explicit BitRate(int64_t bps) : bps_(bps) {}
  int64_t bps_ = 0;
};

constexpr DataSize operator*(BitRate rate, Duration span) {
  return DataSize::Bytes(rate.bps() * span.count() / 8'000'000);
}

// The average rate; zero over an empty span, so that a caller need not guard its first sample.
constexpr BitRate operator/(DataSize size, Duration span) {
  if (span.count() <= 0) return BitRate();
  return BitRate::Bps(size.bits() * 1'000'000 / span.count());
}

// How long `size` takes at `rate`; zero for a rate of zero, which callers rule out.
constexpr Duration operator/(DataSize size, BitRate rate) {
  if (rate.bps() <= 0) return Duration(0);
  return Duration(size.bits() * 1'000'000 / rate.bps());
}

}  // namespace sluice

#endif  // SLUICE_BASE_UNITS_H_
