#include "worker/io/clock.h"

#include <time.h>

#include "base/check.h"

namespace sluice::worker {
namespace {

Duration ReadClock(clockid_t id) {
  timespec time{};
  SLUICE_CHECK(clock_gettime(id, &time) == 0);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

TurnTime Clock::Read() const {
  const Duration monotonic = ReadClock(CLOCK_MONOTONIC);
  return {Timestamp(monotonic), ReadClock(CLOCK_REALTIME) - monotonic};
}

Timestamp ArrivalTime(const TurnTime& turn, Duration since_1970) {
  const Timestamp arrival(since_1970 - turn.unix_offset);
  if (arrival > turn.now || turn.now - arrival > kMaxArrivalAge) return turn.now;
  return arrival;
}

}  // namespace sluice::worker
