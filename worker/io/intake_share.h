// How many datagrams a turn of the loop takes in: as many as it can deal with in a moment.
//
// What a datagram costs depends on how many receive it. A worker that takes in more than its core
// can send does the work of deciding and queueing for packets that are thrown away then, and
// whoever asks it something waits for all of it. Taking in less leaves the rest in the kernel,
// which is where it costs least, and keeps turns short: requests and deadlines have their turn
// between them.

#ifndef SLUICE_WORKER_IO_INTAKE_SHARE_H_
#define SLUICE_WORKER_IO_INTAKE_SHARE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace sluice::worker {

class IntakeShare {
 public:
  // Two turns are what a request waits for at the worst.
  static constexpr Duration kLong = std::chrono::milliseconds(10);
  static constexpr Duration kShort = std::chrono::milliseconds(5);
  // With 1,000 receivers these are as many packets as one turn sends.
  static constexpr size_t kLeast = 16;

  explicit IntakeShare(size_t most) : most_(most), share_(most) {}

  size_t share() const { return share_; }

  // A turn has worked for `busy`.
  void RecordTurn(Duration busy) {
    if (busy > kLong) share_ = std::max(kLeast, share_ / 2);
    if (busy < kShort) share_ = std::min(most_, share_ * 2);
  }

 private:
  const size_t most_;
  size_t share_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_INTAKE_SHARE_H_
