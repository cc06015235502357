#include "rtp/bwe/feedback_adapter.h"

#include <utility>

namespace sluice::rtp::bwe {
namespace {

constexpr size_t kFirstCapacity = 128;

// How far our clock and the receiver's may drift apart between two packets of feedback. Queues on
// either way move feedback by seconds at most.
constexpr Duration kMaxClockError = std::chrono::seconds(10);

// The reference time has 24 bits, with a sign.
int64_t WrapReference(int64_t difference) {
  constexpr int64_t kLap = int64_t{1} << 24;
  const int64_t rest = ((difference % kLap) + kLap) % kLap;
  return rest >= kLap / 2 ? rest - kLap : rest;
}

Duration Magnitude(Duration span) { return span.count() < 0 ? -span : span; }

}  // namespace

void FeedbackAdapter::RecordSent(Timestamp now, uint16_t sequence, size_t bytes, uint32_t probe,
                                 uint32_t name) {
  const TransportSeq unwrapped = unwrapper_.Unwrap(sequence);
  const bool leaps = unwrapped - end_ >= static_cast<int64_t>(kMaxPackets);
  if (end_ == TransportSeq() || leaps || now - latest_ > kHistory) {
    // The first, or a leap that nothing of what is remembered survives.
    for (Entry& entry : ring_) entry.set_state(State::kNone);
    oldest_ = settled_ = end_ = unwrapped;
  }
  // A number given out twice would make feedback ambiguous; the first one keeps it.
  if (unwrapped < end_) return;
  while (end_ <= unwrapped) {
    MakeRoom(now);
    At(end_) = Entry{};
    end_ = end_ + 1;
  }
  latest_ = now;
  At(unwrapped) = Entry(now, static_cast<uint32_t>(bytes), probe, name);
}

void FeedbackAdapter::MakeRoom(Timestamp now) {
  if (end_ - oldest_ < static_cast<int64_t>(ring_.size())) return;
  if (ring_.empty()) {
    ring_.resize(kFirstCapacity);
    missing_.reserve(kMaxMissing);
    return;
  }
  if (IsNeeded(now, At(oldest_)) && ring_.size() < kMaxPackets) {
    Grow();
    return;
  }
  ForgetOldest();
}

// What has been told of and counted is not, so that a path without loss needs memory for a round
// trip only.
bool FeedbackAdapter::IsNeeded(Timestamp now, const Entry& oldest) const {
  if (oldest.state() == State::kNone || now - SentAt(oldest) > kHistory) return false;
  if (oldest_ >= settled_) return true;
  return oldest.state() != State::kAcked && now - SentAt(oldest) <= kLate;
}

void FeedbackAdapter::Grow() {
  std::vector<Entry> larger(ring_.size() * 2);
  for (TransportSeq i = oldest_; i < end_; i = i + 1) {
    larger[static_cast<size_t>(i.value) & (larger.size() - 1)] = At(i);
  }
  ring_ = std::move(larger);
}

void FeedbackAdapter::ForgetOldest() {
  if (At(oldest_).state() == State::kSent) ++counts_.forgotten;
  oldest_ = oldest_ + 1;
  settled_ = std::max(settled_, oldest_);
}

FeedbackAdapter::Entry* FeedbackAdapter::Find(TransportSeq sequence) {
  if (sequence < oldest_ || sequence >= end_) return nullptr;
  Entry& entry = At(sequence);
  return entry.state() == State::kNone ? nullptr : &entry;
}

bool FeedbackAdapter::FollowClock(Timestamp now, const TransportFeedback& feedback) {
  const bool same = Unwrap(now, feedback.reference_time()) && absurd_streak_ < kMaxAbsurd;
  if (!same) {
    last_delay_.reset();
    absurd_streak_ = 0;
  }
  return same;
}

bool FeedbackAdapter::Unwrap(Timestamp now, int32_t reference_time) {
  if (!reference_) {
    reference_ = reference_time;
    reference_at_ = now;
    return true;
  }
  const int64_t step = WrapReference(reference_time - *reference_);
  const Duration theirs = step * TransportFeedback::kReferenceTick;
  const bool plausible = Magnitude(theirs - (now - reference_at_)) <= kMaxClockError;
  if (!plausible) ++counts_.absurd;
  // A new clock begins anew; adding up leaps for hours would end beyond all numbers.
  reference_ = plausible ? *reference_ + step : reference_time;
  reference_at_ = now;
  return plausible;
}

std::optional<AckedPacket> FeedbackAdapter::Acknowledge(TransportSeq sequence, Duration arrival) {
  Entry* entry = Find(sequence);
  if (entry == nullptr) {
    ++counts_.unknown;
    return std::nullopt;
  }
  if (entry->state() == State::kAcked) {
    ++counts_.duplicates;
    return std::nullopt;
  }
  if (entry->state() == State::kMissing) ++counts_.late;
  entry->set_state(State::kAcked);
  ++counts_.acked;
  const AckedPacket packet{SentAt(*entry), arrival, entry->bytes(), entry->probe()};
  newest_acked_ = newest_acked_ ? std::max(*newest_acked_, packet.sent) : packet.sent;
  if (last_delay_ && Magnitude(packet.delay() - *last_delay_) > kMaxDelayChange) {
    ++counts_.absurd;
    ++absurd_streak_;
    return std::nullopt;
  }
  absurd_streak_ = 0;
  last_delay_ = packet.delay();
  return packet;
}

// What the feedback speaks of without having received it. It may claim 65,535 packets in a few
// bytes; only those that we remember cost anything.
void FeedbackAdapter::MarkMissing(TransportSeq begin, uint16_t count) {
  missing_.clear();
  const TransportSeq end = std::min(begin + count, end_);
  for (TransportSeq i = std::max(begin, settled_); i < end; i = i + 1) {
    Entry& entry = At(i);
    if (entry.state() != State::kSent) continue;
    entry.set_state(State::kMissing);
    if (entry.name() != 0) NameMissing(entry.name());
  }
}

void FeedbackAdapter::NameMissing(uint32_t name) {
  if (missing_.size() < kMaxMissing) {
    missing_.push_back(name);
  } else {
    ++counts_.unnamed;
  }
}

FeedbackAdapter::Settled FeedbackAdapter::TakeSettled() {
  while (newest_acked_ && settled_ < end_) {
    const Entry& entry = At(settled_);
    const Timestamp sent = SentAt(entry);
    if (entry.state() != State::kNone && sent > *newest_acked_ - kReordering) break;
    // A packet that no feedback spoke of is neither: feedback gets lost, too.
    const bool counts = sent >= settle_from_;
    if (entry.state() == State::kAcked) pending_.received += counts;
    if (entry.state() == State::kMissing) {
      pending_.lost += counts;
      ++counts_.lost;
    }
    settled_ = settled_ + 1;
  }
  return std::exchange(pending_, {});
}

}  // namespace sluice::rtp::bwe
