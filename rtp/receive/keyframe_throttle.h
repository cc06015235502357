// Turns many wishes for a key frame of one source into few requests.
//
// Every consumer that joins or loses a frame asks, and one key frame answers them all, so wishes
// within `quiet` of the last request are folded into it. A request that is not answered within
// about a round trip is repeated, and so is one that folded wishes wait for: either may have been
// lost, and nobody else would ask again. This class says when; writing PLI or FIR is its owner's
// work.

#ifndef SLUICE_RTP_RECEIVE_KEYFRAME_THROTTLE_H_
#define SLUICE_RTP_RECEIVE_KEYFRAME_THROTTLE_H_

#include <optional>

#include "base/time.h"

namespace sluice::rtp {

class KeyframeThrottle {
 public:
  // Never two requests within this, so that no crowd of receivers makes a source send more than
  // five key frames a second. Browsers ignore those within 300 ms of one that they have taken, so a
  // repetition that was not needed costs no second key frame.
  static constexpr Duration kQuiet{200'000};
  // How long to wait for an answer: a round trip and a quarter and the time to encode the first
  // packets, or this until the round trip is known.
  static constexpr Duration kDefaultAnswer{300'000};
  static constexpr Duration kEncoding{10'000};
  // Each repetition waits twice as long as the one before, up to this. They go on as long as
  // somebody waits: a consumer that has not seen its first picture sends no request of its own.
  static constexpr Duration kMaxAnswer{1'000'000};

  explicit KeyframeThrottle(Duration quiet = kQuiet) : quiet_(quiet) {}

  // Somebody needs a key frame. True: ask the source now.
  bool Ask(Timestamp now);
  // The first packet of a key frame came: all wishes so far are granted.
  void RecordKeyFrame() { due_.reset(); }
  void RecordRtt(Duration rtt) { rtt_ = rtt; }
  // The source is paused or nobody listens any more: stop repeating.
  void Cancel() { due_.reset(); }

  // True: ask the source (again) now.
  bool HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const { return due_; }

  // No key frame since the last wish.
  bool waiting() const { return due_.has_value(); }

 private:
  bool Send(Timestamp now);
  Duration AnswerTime() const;

  const Duration quiet_;
  std::optional<Duration> rtt_;
  std::optional<Timestamp> last_;  // request
  std::optional<Timestamp> due_;   // next request, while somebody waits
  Duration patience_{0};           // from the next request to its repetition
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_KEYFRAME_THROTTLE_H_
