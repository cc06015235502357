#include "tests/support/virtual_gettimeofday.h"

#include <sys/time.h>

namespace sluice::test {
namespace {

constexpr int64_t kEpoch = 1'790'000'000'000'000;  // microseconds since 1970: in 2026

int64_t wall_clock = kEpoch;
int64_t wall_clock_offset = 0;

}  // namespace

void SetWallClock(Timestamp now) {
  wall_clock = kEpoch + now.time_since_epoch().count() + wall_clock_offset;
}

void SetWallClockOffset(Duration offset) { wall_clock_offset = offset.count(); }

}  // namespace sluice::test

// The C library declares it with attributes of its own, and its second parameter as a pointer that
// nobody uses any more.
extern "C" int gettimeofday(struct timeval* now, void*) noexcept {
  now->tv_sec = sluice::test::wall_clock / 1'000'000;
  now->tv_usec = sluice::test::wall_clock % 1'000'000;
  return 0;
}
