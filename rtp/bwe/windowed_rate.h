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
  static size_t Slot(int64_t step);

  std::array<uint32_t, kSteps> bytes_{};  // 32 bits hold a step of a terabit per second
  std::optional<Duration> first_;
  std::optional<Duration> newest_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_WINDOWED_RATE_H_
