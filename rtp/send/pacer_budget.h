// How much has been sent beyond what a rate allows, to the bit.

#ifndef SLUICE_RTP_SEND_PACER_BUDGET_H_
#define SLUICE_RTP_SEND_PACER_BUDGET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp {

// Sending owes, time pays. What is owed is kept in data rather than in time, so that a debt made at
// a low rate is paid quickly once the rate is high.
class PacerBudget {
 public:
  PacerBudget() = default;
  explicit PacerBudget(Timestamp start) : as_of_(start) {}

  // Time has passed at `rate`. At most `credit` is saved up.
  void Pay(Timestamp now, BitRate rate, Duration credit) {
    const int64_t saved = SaturatedProduct(rate.bps(), credit.count());
    const int64_t passed = std::max<int64_t>((now - as_of_).count(), 0);
    owed_ = SaturatedDifference(owed_, SaturatedProduct(rate.bps(), passed));
    owed_ = std::max(owed_, -saved);
    as_of_ = now;
  }
  void Owe(size_t bytes) { owed_ = SaturatedSum(owed_, static_cast<int64_t>(bytes) * kPerByte); }
  // Forgives what would take longer than `debt` to pay.
  void Forgive(BitRate rate, Duration debt) {
    owed_ = std::min(owed_, SaturatedProduct(rate.bps(), debt.count()));
  }

  bool is_due() const { return owed_ <= 0; }
  // When nothing is owed any more, rounded up.
  Timestamp Due(BitRate rate) const {
    if (owed_ <= 0) return as_of_;
    return as_of_ + Duration((owed_ + rate.bps() - 1) / rate.bps());
  }

 private:
  // Bits per second times microseconds.
  static constexpr int64_t kPerByte = 8 * 1'000'000;

  int64_t owed_ = 0;
  Timestamp as_of_{};
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_BUDGET_H_
