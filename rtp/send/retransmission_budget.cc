#include "rtp/send/retransmission_budget.h"

#include <algorithm>

namespace sluice::rtp {

RetransmissionBudget::RetransmissionBudget(const Options& options)
    : options_{std::clamp(options.share_percent, 0, 100), std::max(options.floor, BitRate())} {}

bool RetransmissionBudget::Allows(Timestamp now, size_t bytes, BitRate rate) {
  // Divided first: a peer may claim any rate (REMB).
  const BitRate share = BitRate::Bps(rate.bps() / 100 * options_.share_percent);
  const DataSize allowed = std::max(share, options_.floor) * kWindow;
  const DataSize size = DataSize::Bytes(static_cast<int64_t>(bytes));
  if (spent(now) + size > allowed) {
    ++refused_;
    return false;
  }
  const int64_t number = now.time_since_epoch() / kStep;
  Step& step = steps_[static_cast<size_t>(number % kSteps)];
  if (step.number != number) step = {number, 0};
  step.bytes += size.bytes();
  return true;
}

DataSize RetransmissionBudget::spent(Timestamp now) const {
  const int64_t number = now.time_since_epoch() / kStep;
  int64_t sum = 0;
  for (const Step& step : steps_) {
    if (number - step.number < kSteps) sum += step.bytes;
  }
  return DataSize::Bytes(sum);
}

}  // namespace sluice::rtp
