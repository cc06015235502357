#include "rtp/receive/score.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

double FourthPower(double value) { return value * value * value * value; }

}  // namespace

void Score::Record(const Interval& interval) {
  const auto received = static_cast<double>(std::max<int64_t>(interval.received, 0));
  const auto repaired = static_cast<double>(std::max<int64_t>(interval.repaired, 0));
  auto lost = static_cast<double>(std::max<int64_t>(interval.lost, 0));
  if (received + lost == 0) return;

  // A repair counts for less the more of them there were, and less again if packets had to be sent
  // several times for it.
  if (repaired > 0 && received > 0) {
    double weight = FourthPower(1 / (1 + repaired / received));
    const auto retransmitted = static_cast<double>(interval.retransmitted);
    if (retransmitted > repaired) weight *= repaired / retransmitted;
    lost = std::max(0.0, lost - repaired * weight);
  }
  const double delivered = received > lost ? (received - lost) / received : 0;
  scores_[count_ % kHistory] = static_cast<uint8_t>(kBest * FourthPower(delivered) + 0.5);
  ++count_;
}

uint8_t Score::value() const {
  if (count_ == 0) return kBest;
  const size_t known = std::min(count_, kHistory);
  size_t sum = 0;
  size_t weights = 0;
  for (size_t weight = 1; weight <= known; ++weight) {
    sum += weight * scores_[(count_ - known + weight - 1) % kHistory];
    weights += weight;
  }
  return static_cast<uint8_t>((sum + weights / 2) / weights);
}

}  // namespace sluice::rtp
