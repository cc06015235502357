// How many bits per second passed lately, over windows of any length up to a second.
//
// Works on any clock that counts microseconds: what was sent is counted by our clock, what arrived
// by that of the receiver. Unlike rtp::RateMeter, which tells people a steady figure, it can be
// asked for windows short enough to see a path change.

#ifndef SLUICE_RTP_BWE_WINDOWED_RATE_H_
#define SLUICE_RTP_BWE_WINDOWED_RATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp::bwe {

class WindowedRate {
 public:
  // A quarter of the shortest window that is asked for.
  static constexpr Duration kStep{25'000};
  static constexpr size_t kSteps = 64;
  static_assert((kSteps & (kSteps - 1)) == 0, "steps before zero have slots as well");
  // The ring holds more than this, so that what comes a little out of order still counts.
  static constexpr Duration kMaxWindow{1'000'000};

  // Out of order is fine; what is older than the ring is not counted.
  void Record(Duration at, size_t bytes);

  // The average over `window` up to `now`; nothing until half of it has passed since the first
  // packet.
  std::optional<BitRate> Rate(Duration now, Duration window) const;

  // The time of the newest packet.
  std::optional<Duration> newest() const { return newest_; }
  void Reset() { *this = WindowedRate(); }

 private:
  static int64_t StepOf(Duration at);
  static size_t Slot(int64_t step) { return static_cast<uint64_t>(step) % kSteps; }
  // Of the steps from `begin` on up to but not including `end`, which must be in the ring.
  int64_t BytesIn(int64_t begin, int64_t end) const;

  // What came before a step, of all steps that can be asked for: the bytes of any stretch are one
  // difference. They may wrap: in a ring of 1.6 s 32 bits are enough for 20 Gbit/s.
  std::array<uint32_t, kSteps> before_{};
  uint32_t total_ = 0;
  int64_t newest_step_ = 0;
  std::optional<Duration> first_;
  std::optional<Duration> newest_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_WINDOWED_RATE_H_
