#include "rtp/bwe/windowed_rate.h"

#include <algorithm>

namespace sluice::rtp::bwe {

int64_t WindowedRate::StepOf(Duration at) {
  // Rounds down for times before zero as well.
  const int64_t step = at / kStep;
  return at < step * kStep ? step - 1 : step;
}

void WindowedRate::Record(Duration at, size_t bytes) {
  const int64_t step = StepOf(at);
  const auto size = static_cast<uint32_t>(bytes);
  if (!newest_) {
    first_ = newest_ = at;
    newest_step_ = step;
  } else if (at > *newest_) {
    const int64_t skipped = std::min<int64_t>(step - newest_step_, kSteps);
    for (int64_t i = 0; i < skipped; ++i) before_[Slot(step - i)] = total_;
    newest_ = at;
    newest_step_ = step;
  } else if (newest_step_ - step >= static_cast<int64_t>(kSteps)) {
    return;
  } else {
    first_ = std::min(*first_, at);
    for (int64_t later = step + 1; later <= newest_step_; ++later) before_[Slot(later)] += size;
  }
  total_ += size;
}

int64_t WindowedRate::BytesIn(int64_t begin, int64_t end) const {
  if (begin >= end) return 0;
  const uint32_t before_end = end > newest_step_ ? total_ : before_[Slot(end)];
  return uint32_t{before_end - before_[Slot(begin)]};
}

std::optional<BitRate> WindowedRate::Rate(Duration now, Duration window) const {
  if (!newest_ || now - *first_ < window / 2) return std::nullopt;
  const int64_t last = StepOf(now);
  const int64_t oldest = newest_step_ - static_cast<int64_t>(kSteps) + 1;
  const int64_t begin = last - window / kStep;
  const int64_t sum = BytesIn(std::max(begin, oldest), std::min(last, newest_step_) + 1);
  const Duration since = std::max(begin * kStep, *first_);
  return DataSize::Bytes(sum) / std::max(now - since, kStep);
}

}  // namespace sluice::rtp::bwe
