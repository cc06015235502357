// Packets leave, and nobody says that they arrive: the path is cut, or the receiver promised
// feedback that it does not send. The estimate holds for a moment, because feedback gets lost, and
// then falls step by step.

#ifndef SLUICE_RTP_BWE_FEEDBACK_SILENCE_H_
#define SLUICE_RTP_BWE_FEEDBACK_SILENCE_H_

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/time.h"

namespace sluice::rtp::bwe {

class FeedbackSilence {
 public:
  // Receivers send feedback every 50 to 250 ms; three in a row may get lost.
  static constexpr Duration kPatience = std::chrono::milliseconds(900);
  // The first feedback may take longer: the receiver has yet to see that it can.
  static constexpr Duration kFirstPatience = std::chrono::seconds(2);
  // From 2.5 Mbit/s to 40 kbit/s in less than three seconds.
  static constexpr Duration kStep = std::chrono::milliseconds(300);
  static constexpr double kFactor = 0.65;

  void RecordSent(Timestamp now) {
    if (!resting_ && !deadline_)
      deadline_ = now + (heard_ ? kPatience + round_trip_ : kFirstPatience);
  }
  // Something we sent has arrived. True if there was silence before.
  bool RecordFeedback() {
    const bool was_silent = silent_;
    heard_ = true;
    silent_ = resting_ = false;
    deadline_.reset();
    return was_silent;
  }
  void RecordRoundTrip(Duration round_trip) {
    round_trip_ = std::clamp<Duration>(round_trip, Duration(0), kFirstPatience);
  }

  // True if the estimate should fall by a step now.
  bool HandleTimeout(Timestamp now) {
    if (!deadline_ || now < *deadline_) return false;
    deadline_ = now + kStep;
    silent_ = true;
    return true;
  }
  std::optional<Timestamp> NextTimeout() const { return deadline_; }
  // The estimate cannot fall any further: no more steps until feedback is back.
  void Rest() {
    resting_ = true;
    deadline_.reset();
  }

  bool silent() const { return silent_; }

 private:
  std::optional<Timestamp> deadline_;
  Duration round_trip_{0};
  bool heard_ = false;
  bool silent_ = false;
  bool resting_ = false;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_FEEDBACK_SILENCE_H_
