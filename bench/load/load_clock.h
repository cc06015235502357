// The clocks of the load: monotonic time, and the wall time in which the kernel stamps datagrams.

#ifndef SLUICE_BENCH_LOAD_LOAD_CLOCK_H_
#define SLUICE_BENCH_LOAD_LOAD_CLOCK_H_

#include <time.h>

#include <cstdint>

#include "base/time.h"

namespace sluice::load {

class LoadClock {
 public:
  LoadClock() : offset_ns_(RealNs() - Read(CLOCK_MONOTONIC)) {}

  Timestamp Now() const { return Timestamp(Duration(Read(CLOCK_MONOTONIC) / 1'000)); }
  // CLOCK_REALTIME, nanoseconds.
  static int64_t RealNs() { return Read(CLOCK_REALTIME); }
  // A kernel stamp as a moment of Now(). Wrong by as much as the wall clock was set meanwhile,
  // which a load of some seconds does not see.
  Timestamp At(int64_t real_ns) const {
    return Timestamp(Duration((real_ns - offset_ns_) / 1'000));
  }

  // CPU time of this process.
  static int64_t OwnCpuNs() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

 private:
  static int64_t Read(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
  }

  int64_t offset_ns_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_LOAD_CLOCK_H_
