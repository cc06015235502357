// How loud a stream counts as, out of the levels of its packets (RFC 6464): the loudest of the last
// half second or so. It rises at once, stands while words follow one another, and when the stream
// has been silent for a while, or has sent nothing, it is silent too.
//
// Levels are in dBov: -127 (silence) to 0.

#ifndef SLUICE_RTP_RECEIVE_AUDIO_LEVEL_METER_H_
#define SLUICE_RTP_RECEIVE_AUDIO_LEVEL_METER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "rtp/packet/extensions.h"

namespace sluice::rtp {

class AudioLevelMeter {
 public:
  static constexpr int kSilence = -127;
  // Peaks are kept by steps of time, the current one and two before: a peak stands for 400 to 600
  // ms, which bridges the pauses between words.
  static constexpr Duration kStep{200'000};
  static constexpr size_t kSteps = 3;

  void Record(Timestamp now, AudioLevel level) {
    const int loud = -std::min<int>(level.level, -kSilence);
    const int64_t step = StepOf(now);
    Peak& peak = peaks_[static_cast<size_t>(step) % kSteps];
    if (peak.step != step) peak = {step, kSilence};
    peak.loud = std::max(peak.loud, loud);
  }

  int Loudness(Timestamp now) const {
    const int64_t step = StepOf(now);
    int loudest = kSilence;
    for (const Peak& peak : peaks_) {
      if (step - peak.step < static_cast<int64_t>(kSteps)) loudest = std::max(loudest, peak.loud);
    }
    return loudest;
  }

 private:
  struct Peak {
    int64_t step = 0;
    int loud = kSilence;
  };

  static int64_t StepOf(Timestamp now) { return now.time_since_epoch() / kStep; }

  std::array<Peak, kSteps> peaks_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_AUDIO_LEVEL_METER_H_
