// Gives the packets that one receiver sees media times on one clock, whoever they come from.
//
// While a source lasts, its times are only shifted: pauses and lost packets then look like what
// they are, and sender reports that are shifted alike still line sound up with picture. Another
// source counts on a clock of its own (RFC 3550 §5.1: random). Where its first packet belongs its
// owner may know, from sender reports; otherwise it is where the old clock would be by now, judged
// by the arrival of the packet. No report is waited for: it may come seconds later, or never.
//
// Times never go back. A source that belongs where another one has already been begins one tick
// behind that, and its clock runs slower until it has reached its true place.

#ifndef SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_
#define SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace sluice::rtp {

// How the times of one run of packets are shifted.
class TimestampShift {
 public:
  // A clock that is `excess` ahead of its true place takes so many times that long to get there.
  // Receivers that follow it see frames a quarter closer than they were made, which is less than
  // networks do to them.
  static constexpr uint32_t kCatchUp = 4;
  // By how much a run may begin too late and still be led to its place; beyond it stays where it
  // began. Nothing but clocks that contradict each other gets there.
  static constexpr uint32_t kMaxExcess = 1 << 20;  // ten seconds of picture

  TimestampShift() = default;
  // `first` becomes `place`, and `excess` more as long as the clock has not caught up.
  TimestampShift(uint32_t first, uint32_t place, uint32_t excess)
      : first_(first), shift_(place - first), excess_(excess) {
    if (excess_ <= kMaxExcess) return;
    shift_ += excess_;
    excess_ = 0;
  }

  uint32_t Map(uint32_t in) {
    if (excess_ == 0) [[likely]]
      return in + shift_;
    const uint32_t since = in - first_;
    // Times come round again; the slow part must not.
    if (since > kForget && since < kHalfCircle) excess_ = 0;
    return Peek(in);
  }
  // The same without remembering that time has passed.
  uint32_t Peek(uint32_t in) const {
    const uint32_t since = in - first_;
    if (since >= kCatchUp * excess_) return in + shift_;
    return in + shift_ + excess_ - since / kCatchUp;
  }
  // Where times go once the clock has caught up.
  uint32_t TruePlace(uint32_t in) const { return in + shift_; }

 private:
  static constexpr uint32_t kHalfCircle = 1u << 31;
  // Late enough that no packet of the slow part is under way any more.
  static constexpr uint32_t kForget = 2 * kCatchUp * kMaxExcess;

  uint32_t first_ = 0;
  uint32_t shift_ = 0;
  uint32_t excess_ = 0;
};

// What all runs of a receiver share: how far its clock is.
class TimestampMapper {
 public:
  // `first` is the time that the first packet gets.
  TimestampMapper(uint32_t clock_rate, uint32_t first) : clock_rate_(clock_rate), newest_(first) {}

  // A source begins, or another one takes over, with a packet of time `in` that belongs at `place`,
  // if anybody knows.
  TimestampShift Begin(Timestamp arrival, uint32_t in, std::optional<uint32_t> place);

  // The same source goes on after a while in which we did not look. Its clock is kept, unless it
  // has visibly been set anew, which counts as another source.
  TimestampShift Resume(Timestamp arrival, uint32_t in, const TimestampShift& before);

  // A packet of the time `out` has passed.
  void Record(Timestamp arrival, uint32_t out) {
    if (static_cast<int32_t>(out - newest_) < 0) return;
    newest_ = out;
    newest_arrival_ = arrival;
  }

 private:
  uint32_t Expected(Timestamp arrival) const;
  bool IsPlausible(Timestamp arrival, uint32_t place, int64_t seconds) const;
  TimestampShift Place(uint32_t in, uint32_t place) const;

  uint32_t clock_rate_;
  uint32_t newest_;
  bool started_ = false;
  Timestamp newest_arrival_{};
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_
