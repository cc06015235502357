#include "rtp/receive/keyframe_throttle.h"

#include <algorithm>

namespace sluice::rtp {

// True if a picture-loss indication should go to the producer now.
//
// While a request is under way, another wish changes nothing: the answer to the first will answer
// it, and the repetition is set already. After the answer a wish is a new one, which waits at most
// until `quiet_` is over.
bool KeyframeThrottle::Ask(Timestamp now) {
  if (due_) return HandleTimeout(now);
  patience_ = AnswerTime();
  if (last_ && now - *last_ < quiet_) {
    due_ = *last_ + quiet_;
    return false;
  }
  return Send(now);
}

bool KeyframeThrottle::HandleTimeout(Timestamp now) { return due_ && now >= *due_ && Send(now); }

bool KeyframeThrottle::Send(Timestamp now) {
  last_ = now;
  due_ = now + std::max(quiet_, patience_);
  patience_ = std::min(patience_ * 2, kMaxAnswer);
  return true;
}

Duration KeyframeThrottle::AnswerTime() const {
  if (!rtt_) return kDefaultAnswer;
  return std::min(*rtt_ + *rtt_ / 4 + kEncoding, kMaxAnswer);
}

}  // namespace sluice::rtp
