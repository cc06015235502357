// The wall clock of a test executable.
//
// OpenSSL's DTLS timer reads gettimeofday(). An executable that links virtual_gettimeofday.cc
// defines that function itself, so that its tests own the time OpenSSL sees as they own `now`. The
// clock stands still until it is set; nothing else in the process is affected, because cores read
// no clock and OpenSSL's certificates use time().

#ifndef SLUICE_TESTS_SUPPORT_VIRTUAL_GETTIMEOFDAY_H_
#define SLUICE_TESTS_SUPPORT_VIRTUAL_GETTIMEOFDAY_H_

#include "base/time.h"

namespace sluice::test {

// Lets gettimeofday() answer with `now` plus the offset, counted from some moment in 2026.
void SetWallClock(Timestamp now);

// What the wall clock is ahead of `now`, from the next SetWallClock() on; zero until it is called.
// Moves the clock as an administrator or NTP would.
void SetWallClockOffset(Duration offset);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_VIRTUAL_GETTIMEOFDAY_H_
