// Time as a core sees it: a value that arrives, never one that is fetched.
//
// WorkerClock has no now(), on purpose. The worker reads the machine's monotonic clock once per
// turn of its loop and hands the value down; a core that tried to read a clock would not compile,
// and whoever owns `now` in a test owns every timer in the program.

#ifndef SLUICE_BASE_TIME_H_
#define SLUICE_BASE_TIME_H_

#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice {

struct WorkerClock {
  using rep = int64_t;
  using period = std::micro;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<WorkerClock>;
  static constexpr bool is_steady = true;
};

using Timestamp = WorkerClock::time_point;
using Duration = WorkerClock::duration;

// The earlier of two deadlines, where none means never.
inline std::optional<Timestamp> Earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

// A 64-bit NTP timestamp (RFC 5905 §6): 32 bits of seconds since 1900, 32 bits of fraction.
// Appears only where RTCP and header extensions need it.
class NtpTime {
 public:
  constexpr NtpTime() = default;
  constexpr explicit NtpTime(uint64_t raw) : raw_(raw) {}

  // `unix_offset` is what must be added to a worker timestamp to get the time since 1970; the
  // shell measures it once, so that a wall clock set back in mid-call moves nothing.
  static NtpTime From(Timestamp now, Duration unix_offset) {
    constexpr uint64_t kSecondsFrom1900To1970 = 2208988800u;
    const int64_t micros = now.time_since_epoch().count() + unix_offset.count();
    const auto unsigned_micros = static_cast<uint64_t>(micros < 0 ? 0 : micros);
    const uint64_t seconds = unsigned_micros / 1'000'000 + kSecondsFrom1900To1970;
    const uint64_t fraction = ((unsigned_micros % 1'000'000) << 32) / 1'000'000;
    return NtpTime(seconds << 32 | fraction);
  }

  constexpr uint64_t raw() const { return raw_; }
  constexpr uint32_t seconds() const { return static_cast<uint32_t>(raw_ >> 32); }
  constexpr uint32_t fraction() const { return static_cast<uint32_t>(raw_); }

  // The middle 32 bits (RFC 3550 §4), the form of LSR, DLSR and LRR.
  constexpr uint32_t compact() const { return static_cast<uint32_t>(raw_ >> 16); }

  constexpr bool operator==(const NtpTime&) const = default;

 private:
  uint64_t raw_ = 0;
};

// A span in units of 1/65536 s, as DLSR and DLRR carry it (RFC 3550 §6.4.1), and back. Spans
// outside of what 32 bits hold are clamped rather than wrapped: a huge delay is then merely wrong
// by being too small, instead of looking like a short one.
inline uint32_t ToCompactNtp(Duration span) {
  if (span.count() <= 0) return 0;
  const uint64_t micros = static_cast<uint64_t>(span.count());
  constexpr uint64_t kLimit = 65'535ull * 1'000'000;
  if (micros >= kLimit) return 0xffffffffu;
  return static_cast<uint32_t>((micros << 16) / 1'000'000);
}

inline Duration FromCompactNtp(uint32_t units) {
  return Duration(static_cast<int64_t>((static_cast<uint64_t>(units) * 1'000'000) >> 16));
}

}  // namespace sluice

#endif  // SLUICE_BASE_TIME_H_
