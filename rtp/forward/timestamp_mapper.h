// Gives the packets that one receiver sees media times on one clock, whoever they come from.
//
// While a source lasts, its times are only shifted: pauses and lost packets then look like what
// they are, and sender reports that are shifted alike still line sound up with picture. A new
// source starts on a clock of its own (RFC 3550 §5.1: random), so it is shifted to where the old
// clock would be by now, judged by the arrival of its first packet. That needs no sender report,
// which would arrive seconds later.

#ifndef SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_
#define SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_

#include <cstdint>

#include "base/time.h"

namespace sluice::rtp {

class TimestampMapper {
 public:
  // `first` is the time that the first packet gets.
  TimestampMapper(uint32_t clock_rate, uint32_t first)
      : clock_rate_(clock_rate), newest_(first) {}

  // A source begins, or another one takes over, with a packet of time `in`.
  void Restart(Timestamp arrival, uint32_t in);

  // The same source goes on after a while in which we did not look. Its clock is kept, unless it
  // has visibly been set anew, which counts as another source: false.
  bool Resume(Timestamp arrival, uint32_t in);

  uint32_t Map(Timestamp arrival, uint32_t in) {
    const uint32_t out = in + shift_;
    if (static_cast<int32_t>(out - newest_) >= 0) {
      newest_ = out;
      newest_arrival_ = arrival;
    }
    return out;
  }

  // The same without remembering; for the times in sender reports of the source.
  uint32_t Peek(uint32_t in) const { return in + shift_; }

 private:
  uint32_t Expected(Timestamp arrival) const;

  uint32_t clock_rate_;
  uint32_t newest_;
  uint32_t shift_ = 0;
  bool started_ = false;
  Timestamp newest_arrival_{};
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_TIMESTAMP_MAPPER_H_
