#include "rtp/forward/timestamp_mapper.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

// By how much a source's clock may disagree with ours over a pause. Clocks drift by some
// 100 microseconds a second, so that ten hours of pause stay within it, and a clock that was set
// anew lands within it by chance once in 5,000 times (90 kHz).
constexpr int64_t kPlausibleSeconds = 5;

}  // namespace

void TimestampMapper::Restart(Timestamp arrival, uint32_t in) {
  const uint32_t out = started_ ? Expected(arrival) : newest_;
  shift_ = out - in;
  newest_ = out;
  newest_arrival_ = arrival;
  started_ = true;
}

bool TimestampMapper::Resume(Timestamp arrival, uint32_t in) {
  const auto surprise = static_cast<int32_t>(Peek(in) - Expected(arrival));
  const int64_t limit = kPlausibleSeconds * clock_rate_;
  if (started_ && surprise <= limit && surprise >= -limit) return true;
  Restart(arrival, in);
  return false;
}

uint32_t TimestampMapper::Expected(Timestamp arrival) const {
  // Never the same time again: two pictures with one time are one picture to a receiver.
  const int64_t elapsed = std::max<int64_t>((arrival - newest_arrival_).count(), 0);
  const uint64_t seconds = static_cast<uint64_t>(elapsed) / 1'000'000;
  const uint64_t micros = static_cast<uint64_t>(elapsed) % 1'000'000;
  const uint64_t ticks = seconds * clock_rate_ + micros * clock_rate_ / 1'000'000;
  return newest_ + static_cast<uint32_t>(std::max<uint64_t>(ticks, 1));
}

}  // namespace sluice::rtp
