#include "rtp/forward/timestamp_mapper.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

// By how much a source's clock may disagree with ours over a pause. Clocks drift by some
// 100 microseconds a second, so that ten hours of pause stay within it, and a clock that was set
// anew lands within it by chance once in 5,000 times (90 kHz).
constexpr int64_t kPlausibleSeconds = 5;

// By how much sender reports may disagree with the arrival of a packet. More than queues hold back;
// a report that is further off is of another clock than the packets.
constexpr int64_t kPlausibleReportSeconds = 1;

}  // namespace

TimestampShift TimestampMapper::Begin(Timestamp arrival, uint32_t in,
                                      std::optional<uint32_t> place) {
  if (!started_) {
    started_ = true;
    newest_arrival_ = arrival;
    return {in, newest_, 0};
  }
  if (place && IsPlausible(arrival, *place, kPlausibleReportSeconds)) return Place(in, *place);
  return Place(in, Expected(arrival));
}

TimestampShift TimestampMapper::Resume(Timestamp arrival, uint32_t in,
                                       const TimestampShift& before) {
  const uint32_t place = before.TruePlace(in);
  if (!IsPlausible(arrival, place, kPlausibleSeconds)) return Begin(arrival, in, std::nullopt);
  return Place(in, place);
}

TimestampShift TimestampMapper::Place(uint32_t in, uint32_t place) const {
  // Never the same time again: two pictures with one time are one picture to a receiver.
  const auto ahead = static_cast<int32_t>(newest_ + 1 - place);
  return {in, place, ahead > 0 ? static_cast<uint32_t>(ahead) : 0};
}

bool TimestampMapper::IsPlausible(Timestamp arrival, uint32_t place, int64_t seconds) const {
  const auto surprise = static_cast<int32_t>(place - Expected(arrival));
  const int64_t limit = seconds * clock_rate_;
  return surprise <= limit && surprise >= -limit;
}

uint32_t TimestampMapper::Expected(Timestamp arrival) const {
  const int64_t elapsed = std::max<int64_t>((arrival - newest_arrival_).count(), 0);
  const uint64_t seconds = static_cast<uint64_t>(elapsed) / 1'000'000;
  const uint64_t micros = static_cast<uint64_t>(elapsed) % 1'000'000;
  const uint64_t ticks = seconds * clock_rate_ + micros * clock_rate_ / 1'000'000;
  return newest_ + static_cast<uint32_t>(std::max<uint64_t>(ticks, 1));
}

}  // namespace sluice::rtp
