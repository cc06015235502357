#include "rtp/receive/nack_tracker.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {

NackTracker::Position NackTracker::LowerBound(RtpSeq seq) const {
  return std::lower_bound(missing_.begin(), missing_.end(), seq,
                          [](const Missing& a, RtpSeq b) { return a.seq < b; });
}

bool NackTracker::IsWaitingFor(RtpSeq seq) const {
  const Position found = LowerBound(seq);
  return found != missing_.end() && found->seq == seq;
}

void NackTracker::RecordNewest(Timestamp now, RtpSeq seq, int64_t skipped) {
  const Position too_old = LowerBound(seq + -kMaxAge);
  if (too_old != missing_.begin()) {
    for (Position it = missing_.begin(); it != too_old; ++it) GiveUp(*it);
    missing_.erase(missing_.begin(), too_old);
    FindNextDue();
  }
  if (skipped > 0) AddGap(now, seq + -skipped, seq);
}

void NackTracker::AddGap(Timestamp now, RtpSeq begin, RtpSeq end) {
  if (!MakeRoom(end - begin)) return;
  const Timestamp due = now + FirstDelay(now);
  for (RtpSeq seq = begin; seq < end; seq = seq + 1) missing_.push_back({seq, now, due, 0});
  next_due_ = Earlier(next_due_, due);
}

// Beyond the bound, what lies before the last key frame can go without harm. If that is not enough,
// asking for everything would cost more than a new key frame does.
bool NackTracker::MakeRoom(int64_t gap) {
  const auto fits = [&] { return missing_.size() + static_cast<size_t>(gap) <= kMaxMissing; };
  if (fits()) return true;
  if (key_frame_) {
    const Position needed = LowerBound(*key_frame_);
    given_up_ += static_cast<uint64_t>(needed - missing_.begin());
    missing_.erase(missing_.begin(), needed);
    FindNextDue();
    if (fits()) return true;
  }
  given_up_ += missing_.size() + static_cast<uint64_t>(gap);
  missing_.clear();
  next_due_.reset();
  key_frame_need_ = video_;
  return false;
}

bool NackTracker::RecordLate(Timestamp now, RtpSeq seq, bool retransmission) {
  const Position found = LowerBound(seq);
  if (found == missing_.end() || found->seq != seq) return retransmission;

  const Duration lateness = now - found->noticed;
  const bool answer = retransmission || (found->tries > 0 && lateness >= rtt_.value_or(kMinRetry));
  if (!answer) NoteReordering(now, lateness);
  const bool was_next = found->due == next_due_;
  missing_.erase(found);
  if (was_next) FindNextDue();
  return answer;
}

void NackTracker::RecordKeyFrame(RtpSeq seq) {
  if (!video_ || (key_frame_ && seq < *key_frame_)) return;
  key_frame_ = seq;
  key_frame_need_ = false;
}

void NackTracker::Restart() {
  given_up_ += missing_.size();
  missing_.clear();
  next_due_.reset();
  key_frame_.reset();
  key_frame_need_ = video_;
}

size_t NackTracker::Poll(Timestamp now, std::span<SeqNo> out) {
  if (!next_due_ || now < *next_due_) return 0;
  size_t count = 0;
  const auto is_hopeless = [&](Missing& missing) {
    if (missing.due > now) return false;
    if (missing.tries == kMaxTries) {
      GiveUp(missing);
      return true;
    }
    if (count == out.size()) return false;
    out[count++] = SeqNo(static_cast<uint16_t>(missing.seq.value));
    ++missing.tries;
    missing.due = now + RetryDelay();
    return false;
  };
  // In one pass, in order, without a second list: each element is looked at exactly once.
  auto kept = missing_.begin();
  for (Missing& missing : missing_) {
    if (!is_hopeless(missing)) *kept++ = missing;
  }
  missing_.erase(kept, missing_.end());
  FindNextDue();
  requested_ += count;
  return count;
}

bool NackTracker::TakeKeyFrameNeed() { return std::exchange(key_frame_need_, false); }

void NackTracker::GiveUp(const Missing& missing) {
  ++given_up_;
  if (video_ && (!key_frame_ || missing.seq >= *key_frame_)) key_frame_need_ = true;
}

// Waits a quarter longer than the latest packet was late, so that its like arrives in time.
void NackTracker::NoteReordering(Timestamp now, Duration lateness) {
  const bool forgotten = now - reorder_seen_ >= kReorderMemory;
  const Duration delay = std::min(lateness + lateness / 4, kMaxReorderDelay);
  reorder_delay_ = forgotten ? delay : std::max(delay, reorder_delay_);
  reorder_seen_ = now;
}

Duration NackTracker::FirstDelay(Timestamp now) const {
  if (now - reorder_seen_ >= kReorderMemory) return first_delay_;
  return std::max(first_delay_, reorder_delay_);
}

Duration NackTracker::RetryDelay() const {
  return rtt_ ? std::clamp(*rtt_, kMinRetry, kMaxRetry) : kDefaultRetry;
}

void NackTracker::FindNextDue() {
  next_due_.reset();
  for (const Missing& missing : missing_) next_due_ = Earlier(next_due_, missing.due);
}

}  // namespace sluice::rtp
