#include "rtp/rtcp/round_trip_time.h"

namespace sluice::rtp {
namespace {

// Far above any path people can talk over, far below what would stop our timers.
constexpr Duration kLongest = std::chrono::seconds(30);

}  // namespace

std::optional<Duration> RoundTripTime(NtpTime now, uint32_t last, uint32_t delay) {
  if (last == 0) return std::nullopt;
  // All three wrap every 18 hours, and so does their difference: its sign is what counts.
  const uint32_t units = now.compact() - last - delay;
  if (static_cast<int32_t>(units) < 0) {
    const bool slightly = FromCompactNtp(0 - units) < std::chrono::milliseconds(100);
    if (slightly) return Duration(0);
    return std::nullopt;
  }
  const Duration round_trip = FromCompactNtp(units);
  if (round_trip > kLongest) return std::nullopt;
  return round_trip;
}

}  // namespace sluice::rtp
