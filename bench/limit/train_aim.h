// Keeps the mean length of trains where another server has it, so that both pay for as many sends:
// trains that would be longer are cut, and where they are shorter it says how long packets should
// wait for one another.

#ifndef SLUICE_BENCH_LIMIT_TRAIN_AIM_H_
#define SLUICE_BENCH_LIMIT_TRAIN_AIM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace sluice::bench {

class TrainAim {
 public:
  // What packets wait at most, however short the trains are.
  static constexpr Duration kMaxHold{10'000};

  // `mean` packets in a train, at least 1; 0: trains are as they come.
  explicit TrainAim(double mean) : mean_(mean) {}

  bool active() const { return mean_ > 0; }
  // One turn sends a train to each of them, so this is how much may be owed at once.
  void SetReceivers(size_t count) { receivers_ = static_cast<double>(std::max<size_t>(count, 1)); }

  bool MayJoin() const { return !active() || owed_ >= 1; }
  void RecordTrain() {
    if (active()) owed_ = std::min(owed_ + mean_ - 1, kMaxOwed * receivers_);
  }
  void RecordJoin() {
    if (active()) owed_ -= 1;
  }

  // The more packets trains have been short of, the longer. What is left over after a while is what
  // makes trains as long as they should be.
  Duration Hold() const {
    const double share = owed_ / (kMaxOwed * receivers_);
    return Duration(static_cast<int64_t>(share * static_cast<double>(kMaxHold.count())));
  }

 private:
  // Of one receiver. Large against what one picture changes, small against a warm-up.
  static constexpr double kMaxOwed = 128;

  const double mean_;
  double receivers_ = 1;
  // How many packets the trains so far are short of.
  double owed_ = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_TRAIN_AIM_H_
