#include "rtp/bwe/windowed_rate.h"

#include <algorithm>

namespace sluice::rtp::bwe {

int64_t WindowedRate::StepOf(Duration at) {
  // Rounds down for times before zero as well.
  const int64_t step = at / kStep;
  return at < step * kStep ? step - 1 : step;
}

size_t WindowedRate::Slot(int64_t step) {
  constexpr auto kCount = static_cast<int64_t>(kSteps);
  return static_cast<size_t>((step % kCount + kCount) % kCount);
}

void WindowedRate::Record(Duration at, size_t bytes) {
  const int64_t step = StepOf(at);
  if (!newest_) {
    first_ = newest_ = at;
  } else if (at > *newest_) {
    const int64_t newest = StepOf(*newest_);
    const int64_t skipped = std::min<int64_t>(step - newest, kSteps);
    for (int64_t i = 0; i < skipped; ++i) bytes_[Slot(step - i)] = 0;
    newest_ = at;
  } else if (StepOf(*newest_) - step >= static_cast<int64_t>(kSteps)) {
    return;
  } else {
    first_ = std::min(*first_, at);
  }
  bytes_[Slot(step)] += static_cast<uint32_t>(bytes);
}

std::optional<BitRate> WindowedRate::Rate(Duration now, Duration window) const {
  if (!newest_ || now - *first_ < window / 2) return std::nullopt;
  const int64_t last = StepOf(now);
  const int64_t newest = StepOf(*newest_);
  const int64_t oldest = newest - static_cast<int64_t>(kSteps) + 1;
  const int64_t begin = last - window / kStep;
  int64_t sum = 0;
  for (int64_t step = std::max(begin, oldest); step <= std::min(last, newest); ++step) {
    sum += bytes_[Slot(step)];
  }
  const Duration since = std::max(begin * kStep, *first_);
  return DataSize::Bytes(sum) / std::max(now - since, kStep);
}

}  // namespace sluice::rtp::bwe
