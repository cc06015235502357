#include "rtp/bwe/queue_level.h"

#include <algorithm>

namespace sluice::rtp::bwe {

template <size_t N>
void QueueLevel::Add(std::array<Least, N>& ring, int64_t step, Duration delay) {
  Least& least = ring[static_cast<size_t>(step) % N];
  if (least.step > step) return;
  if (least.step < step) least = {step, delay, 0};
  least.delay = std::min(least.delay, delay);
  ++least.packets;
}

void QueueLevel::Record(Duration arrival, Duration delay) {
  // Packets may arrive in another order than they were sent in, so times before the first exist.
  if (!first_) first_ = arrival - kBaseStep;
  const Duration at = arrival - *first_;
  if (at.count() < 0) return;
  Add(recent_, at / kStep, delay);
  Add(base_, at / kBaseStep, delay);
  newest_ = std::max(newest_, at / kStep);
  newest_base_ = std::max(newest_base_, at / kBaseStep);
}

void QueueLevel::Rebase() {
  const std::optional<Duration> recent = Recent();
  base_.fill(Least());
  if (recent) Add(base_, newest_base_, *recent);
}

std::optional<Duration> QueueLevel::Recent() const {
  std::optional<Duration> least;
  size_t packets = 0;
  for (size_t i = 0; i < kSteps; ++i) {
    if (packets >= kMinPackets && i >= static_cast<size_t>(kRecent / kStep)) break;
    const int64_t step = newest_ - static_cast<int64_t>(i);
    if (step < 0) break;
    const Least& entry = recent_[static_cast<size_t>(step) % kSteps];
    if (entry.step != step) continue;
    packets += entry.packets;
    least = least ? std::min(*least, entry.delay) : entry.delay;
  }
  return least;
}

std::optional<Duration> QueueLevel::Base() const {
  std::optional<Duration> least;
  for (const Least& entry : base_) {
    if (entry.step <= newest_base_ - static_cast<int64_t>(kBaseSteps) || entry.step < 0) continue;
    least = least ? std::min(*least, entry.delay) : entry.delay;
  }
  return least;
}

Duration QueueLevel::queue() const {
  const std::optional<Duration> recent = Recent();
  const std::optional<Duration> base = Base();
  return recent && base ? *recent - *base : Duration(0);
}

Duration QueueLevel::QueueOf(Duration delay) const {
  return std::max(delay - Base().value_or(delay), Duration(0));
}

}  // namespace sluice::rtp::bwe
