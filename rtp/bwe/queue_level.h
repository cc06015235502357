// How long the queue of the path is: the least delay of the last packets over the least delay of
// the last seconds.
//
// The least of several packets is hardly touched by jitter, whereas a queue delays them all. That
// makes it the witness that a rising trend needs, and the only one for a queue that stands still.
// It is blind to a queue that somebody else keeps full for longer than its memory.

#ifndef SLUICE_RTP_BWE_QUEUE_LEVEL_H_
#define SLUICE_RTP_BWE_QUEUE_LEVEL_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace sluice::rtp::bwe {

class QueueLevel {
 public:
  // Long enough to span some cycles of growing and draining, in which we see the empty path; short
  // enough to believe in a new route soon.
  static constexpr Duration kBaseStep = std::chrono::seconds(2);
  static constexpr size_t kBaseSteps = 8;
  // What counts as lately: this long, and this many packets even if it takes longer.
  static constexpr Duration kRecent{100'000};
  static constexpr size_t kMinPackets = 5;
  static constexpr Duration kMaxRecent{500'000};

  // `arrival` and `delay` on the receiver's clock.
  void Record(Duration arrival, Duration delay);
  void Reset() { *this = QueueLevel(); }
  // The delay of the last packets is that of the empty path.
  void Rebase();

  // Zero until there is something to compare.
  Duration queue() const;
  // The same of one packet, with its jitter.
  Duration QueueOf(Duration delay) const;

 private:
  static constexpr Duration kStep{25'000};
  static constexpr size_t kSteps = 20;  // kMaxRecent

  struct Least {
    int64_t step = -1;
    Duration delay{0};
    size_t packets = 0;
  };

  template <size_t N>
  static void Add(std::array<Least, N>& ring, int64_t step, Duration delay);
  std::optional<Duration> Recent() const;
  Duration FindQueue() const;
  std::optional<Duration> FindBase() const;

  std::array<Least, kSteps> recent_{};
  std::array<Least, kBaseSteps> base_{};
  std::optional<Duration> first_;
  int64_t newest_ = 0;
  int64_t newest_base_ = 0;
  // The least of all in `base_` that counts: every packet asks for it.
  std::optional<Duration> base_delay_;
  // queue(), once it has been worked out for what is recorded: many ask before more is.
  mutable std::optional<Duration> queue_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_QUEUE_LEVEL_H_
