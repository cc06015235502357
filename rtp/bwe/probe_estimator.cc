#include "rtp/bwe/probe_estimator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {
namespace {

// The queue of a burst that was twice as fast as the path takes as long to go as the burst took.
constexpr Duration kAfterProbe{60'000};
// A timer that was late sends the rest of a burst in one go, which looks like a very fast burst.
constexpr double kMaxOverAsked = 1.2;
constexpr Duration kMinSpan{1'000};
// The slowest path that is looked for, as a share of the rate of the burst, and how much faster
// each next one is.
constexpr double kSlowest = 0.2;
constexpr double kFiner = 1.03;
// Paths that are faster than the burst: how much does not matter, but sizes still show.
constexpr std::array<double, 4> kFaster = {1.0, 1.5, 3.0, 10.0};

double Micros(Duration span) { return static_cast<double>(span.count()); }

}  // namespace

void ProbeEstimator::Begin(Timestamp now, uint32_t id, BitRate rate, Duration span) {
  id_ = id;
  rate_ = rate;
  deadline_ = now + span + kMaxWait;
  sent_ = 0;
  samples_.clear();
  samples_.reserve(kMaxPackets);
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
  if (packet.probe != id_ || id_ == 0 || samples_.size() >= sent_) return;
  samples_.push_back({packet.sent, packet.arrival, packet.bytes});
}

bool ProbeEstimator::HasAllArrived() const {
  return sent_ >= kMinPackets && samples_.size() == sent_;
}

bool ProbeEstimator::IsOver(Timestamp now) const {
  if (now >= deadline_) return true;
  if (!last_sent_ || !newest_acked_) return false;
  // Nothing else may follow for long: the picture is paused, which a probe is to end.
  if (HasAllArrived() && now >= *last_sent_ + kComplete) return true;
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
  return HasAllArrived() ? std::min(deadline_, *last_sent_ + kComplete) : deadline_;
}

bool ProbeEstimator::Disturbs(Timestamp sent) const {
  return first_sent_ && sent >= *first_sent_ && sent <= *last_sent_ + kAfterProbe;
}

ProbeEstimator::Result ProbeEstimator::Evaluate() {
  const auto needed = static_cast<size_t>(kMinArrived * static_cast<double>(sent_));
  if (samples_.size() < std::max(kMinPackets, needed)) return {};
  std::sort(samples_.begin(), samples_.end(),
            [](const Sample& a, const Sample& b) { return a.sent < b.sent; });
  const BitRate sent = SendRate();
  double best = kSlowest;
  double least = Misfit(Scaled(sent, best));
  const auto consider = [&](double share) {
    const double misfit = Misfit(Scaled(sent, share));
    if (misfit > least) return;
    least = misfit;
    best = share;
  };
  for (double share = kSlowest * kFiner; share < kFaster.front(); share *= kFiner) consider(share);
  for (const double share : kFaster) consider(share);
  return {best >= kPassed,
          Scaled(std::min(sent, Scaled(rate_, kMaxOverAsked)), std::min(best, 1.0))};
}

// The last packet ends the burst, so its bytes do not belong to the time between first and last.
BitRate ProbeEstimator::SendRate() const {
  DataSize size;
  for (size_t i = 0; i + 1 < samples_.size(); ++i) {
    size += DataSize::Bytes(static_cast<int64_t>(samples_[i].bytes));
  }
  return size / std::max(samples_.back().sent - samples_.front().sent, kMinSpan);
}

// How badly a path of this capacity explains the delays: the variance of what it leaves
// unexplained.
double ProbeEstimator::Misfit(BitRate capacity) const {
  const double micros_per_byte = 8e6 / static_cast<double>(std::max<int64_t>(capacity.bps(), 1));
  double free = 0;  // when the path has sent all before, since the first packet left
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const Sample& sample = samples_[i];
    const double sent = Micros(sample.sent - samples_.front().sent);
    free = std::max(free, sent) + static_cast<double>(sample.bytes) * micros_per_byte;
    const double rest = Micros(sample.arrival - samples_.front().arrival) - free;
    sum += rest;
    squares += rest * rest;
  }
  const auto count = static_cast<double>(samples_.size());
  return squares / count - (sum / count) * (sum / count);
}

}  // namespace sluice::rtp::bwe
