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
  if (arrived_ < kMinPackets ||
      static_cast<double>(arrived_) < kMinArrived * static_cast<double>(sent_)) {
    return {};
  }
  const BitRate sent = std::min(SendRate(), Scaled(rate_, kMaxOverAsked));
  const auto end = samples_.begin() + static_cast<std::ptrdiff_t>(arrived_);
  std::sort(samples_.begin(), end,
            [](const Sample& a, const Sample& b) { return a.arrival < b.arrival; });
  BitRate arrived = ArrivalRate(0, arrived_ - 1).value_or(sent);
  if (arrived_ >= kEnoughForMiddle && *last_sent_ - *first_sent_ >= kLongBurst) {
    const size_t quarter = arrived_ / 4;
    arrived = std::max(arrived, ArrivalRate(quarter, arrived_ - 1 - quarter).value_or(sent));
  }
  return {arrived >= Scaled(sent, kPassed), std::min(arrived, sent)};
}

// The last packet ends the burst, so its bytes do not belong to the time between first and last.
BitRate ProbeEstimator::SendRate() const {
  DataSize size;
  const Sample* first = &samples_[0];
  const Sample* last = &samples_[0];
  for (size_t i = 0; i < arrived_; ++i) {
    size += DataSize::Bytes(static_cast<int64_t>(samples_[i].bytes));
    if (samples_[i].sent < first->sent) first = &samples_[i];
    if (samples_[i].sent >= last->sent) last = &samples_[i];
  }
  size -= DataSize::Bytes(static_cast<int64_t>(last->bytes));
  return size / std::max(last->sent - first->sent, kMinSpan);
}

std::optional<BitRate> ProbeEstimator::ArrivalRate(size_t first, size_t last) const {
  const Duration span = samples_[last].arrival - samples_[first].arrival;
  if (span.count() <= 0) return std::nullopt;
  DataSize size;
  for (size_t i = first + 1; i <= last; ++i) {
    size += DataSize::Bytes(static_cast<int64_t>(samples_[i].bytes));
  }
  return size / span;
}

}  // namespace sluice::rtp::bwe
