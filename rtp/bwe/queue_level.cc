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
  queue_.reset();
  Add(recent_, at / kStep, delay);
  newest_ = std::max(newest_, at / kStep);
  const int64_t base_step = at / kBaseStep;
  Add(base_, base_step, delay);
  if (base_step > newest_base_) {
    newest_base_ = base_step;
    base_delay_ = FindBase();
  } else if (base_step > newest_base_ - static_cast<int64_t>(kBaseSteps)) {
    base_delay_ = std::min(base_delay_.value_or(delay), delay);
  }
}

void QueueLevel::Rebase() {
  const std::optional<Duration> recent = Recent();
  base_.fill(Least());
  if (recent) Add(base_, newest_base_, *recent);
  base_delay_ = FindBase();
  queue_.reset();
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

std::optional<Duration> QueueLevel::FindBase() const {
  std::optional<Duration> least;
  for (const Least& entry : base_) {
    if (entry.step <= newest_base_ - static_cast<int64_t>(kBaseSteps) || entry.step < 0) continue;
    least = least ? std::min(*least, entry.delay) : entry.delay;
  }
  return least;
}

Duration QueueLevel::queue() const {
  if (!queue_) queue_ = FindQueue();
  return *queue_;
}

Duration QueueLevel::FindQueue() const {
  const std::optional<Duration> recent = Recent();
  return recent && base_delay_ ? *recent - *base_delay_ : Duration(0);
}

Duration QueueLevel::QueueOf(Duration delay) const {
  return std::max(delay - base_delay_.value_or(delay), Duration(0));
}

}  // namespace sluice::rtp::bwe
