#include "rtp/bwe/probe_estimator.h"

#include <algorithm>
#include <utility>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// The queue of a burst that was twice as fast as the path takes as long to go as the burst took.
constexpr Duration kAfterProbe{60'000};
// From here on the middle half of a burst is long enough to be a measurement.
constexpr size_t kEnoughForMiddle = 12;
constexpr Duration kLongBurst{60'000};
// A timer that was late sends the rest of a burst in one go, which looks like a very fast burst.
constexpr double kMaxOverAsked = 1.2;
constexpr Duration kMinSpan{1'000};
// Of the largest packet: as good as of one size.
constexpr double kLargeShare = 0.85;

}  // namespace

void ProbeEstimator::Begin(Timestamp now, uint32_t id, BitRate rate, Duration span) {
  id_ = id;
  rate_ = rate;
  deadline_ = now + span + kMaxWait;
  sent_ = arrived_ = 0;
  first_sent_.reset();
  last_sent_.reset();
}

void ProbeEstimator::RecordSent(Timestamp now, uint32_t id) {
  if (id != id_ || id == 0 || sent_ == kMaxPackets) return;
  ++sent_;
  if (!first_sent_) first_sent_ = now;
  last_sent_ = now;
}

void ProbeEstimator::RecordArrival(const AckedPacket& packet) {
  newest_acked_ = newest_acked_ ? std::max(*newest_acked_, packet.sent) : packet.sent;
  if (packet.probe != id_ || id_ == 0 || arrived_ >= sent_) return;
  samples_[arrived_++] = {packet.sent, packet.arrival, packet.bytes};
}

bool ProbeEstimator::IsOver(Timestamp now) const {
  if (now >= deadline_) return true;
  if (!last_sent_ || !newest_acked_) return false;
  // Of a path that keeps order, nothing is missing any more.
  return *newest_acked_ > *last_sent_;
}

std::optional<ProbeEstimator::Result> ProbeEstimator::Poll(Timestamp now) {
  if (id_ == 0 || !IsOver(now)) return std::nullopt;
  const Result result = Evaluate();
  id_ = 0;
  return result;
}

std::optional<Timestamp> ProbeEstimator::NextTimeout() const {
  if (id_ == 0) return std::nullopt;
  return deadline_;
}

bool ProbeEstimator::Disturbs(Timestamp sent) const {
  return first_sent_ && sent >= *first_sent_ && sent <= *last_sent_ + kAfterProbe;
}

ProbeEstimator::Result ProbeEstimator::Evaluate() {
  const auto needed = static_cast<size_t>(kMinArrived * static_cast<double>(sent_));
  if (arrived_ < std::max(kMinPackets, needed)) return {};
  const auto begin = samples_.begin();
  std::sort(begin, begin + static_cast<std::ptrdiff_t>(arrived_),
            [](const Sample& a, const Sample& b) { return a.sent < b.sent; });
  TrimEnds();
  if (arrived_ < kMinPackets) return {};
  const Duration send_span = samples_[arrived_ - 1].sent - samples_[0].sent;
  // The last packet ends the burst, so its bytes do not belong to the time between first and last.
  const BitRate sent = std::min(Bytes(0, arrived_ - 1) / std::max(send_span, kMinSpan),
                                Scaled(rate_, kMaxOverAsked));
  std::sort(begin, begin + static_cast<std::ptrdiff_t>(arrived_),
            [](const Sample& a, const Sample& b) { return a.arrival < b.arrival; });
  BitRate arrived = ArrivalRate(0, arrived_ - 1);
  if (arrived_ >= kEnoughForMiddle && send_span >= kLongBurst) {
    const size_t quarter = arrived_ / 4;
    arrived = std::max(arrived, ArrivalRate(quarter, arrived_ - 1 - quarter));
  }
  return {arrived >= Scaled(sent, kPassed), std::min(arrived, sent)};
}

// A small packet at an end, sound between padding, makes the burst look faster or slower than it
// was: its own time on the path is part of the span. So the burst begins and ends with large ones.
void ProbeEstimator::TrimEnds() {
  size_t largest = 0;
  for (size_t i = 0; i < arrived_; ++i) largest = std::max(largest, samples_[i].bytes);
  const auto is_large = [largest](const Sample& sample) {
    return static_cast<double>(sample.bytes) >= kLargeShare * static_cast<double>(largest);
  };
  while (arrived_ > 0 && !is_large(samples_[arrived_ - 1])) --arrived_;
  size_t first = 0;
  while (first < arrived_ && !is_large(samples_[first])) ++first;
  std::copy(samples_.begin() + static_cast<std::ptrdiff_t>(first),
            samples_.begin() + static_cast<std::ptrdiff_t>(arrived_), samples_.begin());
  arrived_ -= first;
}

// The first packet of those between two places was on the path before the time between them.
BitRate ProbeEstimator::ArrivalRate(size_t first, size_t last) const {
  return Bytes(first + 1, last + 1) /
         std::max(samples_[last].arrival - samples_[first].arrival, kMinSpan);
}

DataSize ProbeEstimator::Bytes(size_t begin, size_t end) const {
  DataSize size;
  for (size_t i = begin; i < end; ++i) {
    size += DataSize::Bytes(static_cast<int64_t>(samples_[i].bytes));
  }
  return size;
}

}  // namespace sluice::rtp::bwe
