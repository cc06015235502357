#include "rtp/receive/remb_source.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

constexpr int64_t kLowLossPercent = 2;
constexpr int64_t kHighLossPercent = 10;
constexpr int64_t kGrowthPercent = 8;  // per second
// Room above the measured rate, so that a publisher of almost nothing can begin to send more.
constexpr BitRate kHeadroom = BitRate::Kbps(50);
// A fall by more than this share is told at once.
constexpr int64_t kNoticeableShare = 32;

BitRate Scale(BitRate rate, int64_t numerator, int64_t denominator) {
  return BitRate::Bps(rate.bps() * numerator / denominator);
}

}  // namespace

void RembSource::RecordReceived(Timestamp now, size_t bytes) {
  if (!first_packet_) first_packet_ = now;
  incoming_.Record(now, bytes);
}

void RembSource::RecordLoss(Timestamp now, int64_t lost, int64_t expected) {
  if (expected <= 0) return;
  lost = std::clamp<int64_t>(lost, 0, expected);
  const Duration elapsed = last_loss_ ? now - *last_loss_ : kInterval;
  last_loss_ = now;
  const BitRate incoming = incoming_.Rate(now);
  if (lost * 100 < expected * kLowLossPercent) {
    Grow(std::min(elapsed, kInterval), incoming);
  } else if (lost * 100 > expected * kHighLossPercent) {
    // What the publisher does not use cannot be what is lost: start from what it does.
    const BitRate used = std::min(estimate_, Scale(incoming, 3, 2) + kHeadroom);
    estimate_ = std::max(Scale(used, 2 * expected - lost, 2 * expected), kMin);
  }
}

// Growth beyond what is used would be an estimate of nothing.
void RembSource::Grow(Duration elapsed, BitRate incoming) {
  if (estimate_ > Scale(incoming, 3, 2) + kHeadroom) return;
  const int64_t share = kGrowthPercent * elapsed.count();
  estimate_ = Scale(estimate_, 100 * kInterval.count() + share, 100 * kInterval.count());
}

BitRate RembSource::estimate() const {
  if (mode_ == Mode::kBoundOnly) return max_;
  return max_ == BitRate() ? estimate_ : std::min(estimate_, max_);
}

std::optional<Timestamp> RembSource::NextTimeout() const {
  if (!first_packet_ || estimate() == BitRate()) return std::nullopt;
  if (!last_told_) return first_packet_;
  const bool fell = estimate() < told_ && told_ - estimate() > Scale(told_, 1, kNoticeableShare);
  return *last_told_ + (fell ? kMinInterval : kInterval);
}

std::optional<BitRate> RembSource::Poll(Timestamp now) {
  const std::optional<Timestamp> due = NextTimeout();
  if (!due || now < *due) return std::nullopt;
  last_told_ = now;
  told_ = estimate();
  return told_;
}

}  // namespace sluice::rtp
