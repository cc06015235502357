#include "rtp/receive/feedback_recorder.h"

#include <algorithm>

#include "rtp/rtcp/transport_feedback_builder.h"

namespace sluice::rtp {
namespace {

// How many of the oldest go at once when the list is full: moving the others for every single
// packet would cost more than remembering them is worth.
constexpr std::ptrdiff_t kMakeRoomStep = 256;

}  // namespace

void FeedbackRecorder::Record(uint16_t sequence, Timestamp arrival) {
  TransportSeq unwrapped = unwrapper_.Unwrap(sequence);
  if (forgotten_ && unwrapped <= *forgotten_) {
    // Too late to be of use, or a sender that started over; the next packet tells (as in RFC 3550
    // §A.1).
    if (restart_candidate_ != sequence) {
      restart_candidate_ = static_cast<uint16_t>(sequence + 1);
      ++unreported_;
      return;
    }
    Restart();
    unwrapped = unwrapper_.Unwrap(sequence);
  }
  if (!Insert({unwrapped, arrival})) {
    ++duplicates_;
    return;
  }
  // A packet behind what was reported opens the report again from there. What is told twice does
  // no harm: the sender has struck it off already.
  next_report_ = next_report_ ? std::min(*next_report_, unwrapped) : unwrapped;
  ++pending_;
  if (!pending_since_) pending_since_ = arrival;
}

FeedbackRecorder::Position FeedbackRecorder::LowerBound(TransportSeq sequence) const {
  return std::lower_bound(arrivals_.begin(), arrivals_.end(), sequence,
                          [](const Arrival& a, TransportSeq b) { return a.sequence < b; });
}

bool FeedbackRecorder::Insert(const Arrival& arrival) {
  if (arrivals_.size() == kMaxArrivals) MakeRoom();
  if (arrivals_.empty() || arrivals_.back().sequence < arrival.sequence) {
    arrivals_.push_back(arrival);
    return true;
  }
  const Position position = LowerBound(arrival.sequence);
  if (position->sequence == arrival.sequence) return false;
  arrivals_.insert(position, arrival);
  return true;
}

void FeedbackRecorder::MakeRoom() {
  const Position end = arrivals_.cbegin() + kMakeRoomStep;
  const Position unreported = std::min(end, LowerBound(*next_report_));
  unreported_ += static_cast<uint64_t>(end - unreported);
  next_report_ = std::max(*next_report_, (end - 1)->sequence + 1);
  Forget(end);
  pending_ = static_cast<size_t>(arrivals_.cend() - LowerBound(*next_report_));
}

void FeedbackRecorder::Restart() {
  unwrapper_ = {};
  arrivals_.clear();
  forgotten_.reset();
  next_report_.reset();
  restart_candidate_.reset();
  unreported_ += pending_;
  pending_ = 0;
  pending_since_.reset();
}

std::optional<Timestamp> FeedbackRecorder::NextTimeout() const {
  if (!pending_since_) return std::nullopt;
  return pending_ >= kBatch ? *pending_since_ : *pending_since_ + kInterval;
}

bool FeedbackRecorder::WriteFeedback(Timestamp now, Ssrc sender, Ssrc media, ByteWriter& out) {
  if (pending_ == 0) return false;
  Position next = LowerBound(*next_report_);
  TransportFeedbackBuilder builder(*next_report_, next->time, out.room());
  while (next != arrivals_.cend() && builder.Add(next->sequence, next->time)) ++next;
  if (builder.empty()) return false;

  builder.WriteTo(out, FeedbackSources{sender, media}, feedback_count_++);
  ++feedback_sent_;
  next_report_ = (next - 1)->sequence + 1;
  pending_ = static_cast<size_t>(arrivals_.cend() - next);
  if (pending_ == 0) pending_since_.reset();

  Position kept = arrivals_.cbegin();
  while (kept != next && now - kept->time > kWindow) ++kept;
  if (kept != arrivals_.cbegin()) Forget(kept);
  return true;
}

void FeedbackRecorder::Forget(Position end) {
  forgotten_ = (end - 1)->sequence;
  arrivals_.erase(arrivals_.cbegin(), end);
}

}  // namespace sluice::rtp
