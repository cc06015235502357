// The machine's clocks, read once per turn of the loop and nowhere else.

#ifndef SLUICE_WORKER_IO_CLOCK_H_
#define SLUICE_WORKER_IO_CLOCK_H_

#include "base/time.h"

namespace sluice::worker {

// What one turn knows about time.
struct TurnTime {
  // CLOCK_MONOTONIC: never goes back, whatever happens to the wall clock.
  Timestamp now;
  // CLOCK_REALTIME minus CLOCK_MONOTONIC. Measured anew each turn, because the kernel stamps
  // datagrams in wall time and the wall clock is slewed and set.
  Duration unix_offset{0};
};

class Clock {
 public:
  TurnTime Read() const;
};

// The oldest stamp that is believed. Nothing waits that long in a receive buffer unless the process
// was stopped.
inline constexpr Duration kMaxArrivalAge = std::chrono::seconds(1);

// A kernel receive stamp, as time since 1970, in the worker's clock. A stamp from the future or
// older than kMaxArrivalAge says that the wall clock was set between the stamp and this turn (or
// that the process was stopped): then the datagram counts as having come now. One false jump in the
// arrivals would look like congestion to every bandwidth estimator.
Timestamp ArrivalTime(const TurnTime& turn, Duration since_1970);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_CLOCK_H_
