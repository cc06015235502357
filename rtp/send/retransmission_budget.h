// Bounds what repetitions may take of a receiver's path: a share of its rate, over two
// seconds that slide.
//
// Repetitions compete with the very packets they repair. A receiver that loses much because its
// path is full, or one that asks for everything because it wants to do harm, would otherwise push
// the new picture off the path with the old one. What is refused here is not lost for good: the
// receiver asks again, or for a key frame.

#ifndef SLUICE_RTP_SEND_RETRANSMISSION_BUDGET_H_
#define SLUICE_RTP_SEND_RETRANSMISSION_BUDGET_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp {

class RetransmissionBudget {
 public:
  static constexpr Duration kWindow{2'000'000};

  struct Options {
    // At 20 % of loss a quarter more is needed, first repetitions and theirs; when losses come in
    // crowds, several times that for a moment. Beyond, a lower layer helps more.
    int share_percent = 50;  // of the receiver's rate, 0..100
    // Always allowed, so that slow streams can be repaired as well: ten packets a second.
    BitRate floor = BitRate::Kbps(100);
  };

  RetransmissionBudget() : RetransmissionBudget(Options()) {}
  explicit RetransmissionBudget(const Options& options);

  // True if a packet of this size may be repeated now, which counts it as repeated. `rate` is what
  // the receiver's path carries; zero if unknown. Within kWindow no more bytes are allowed than the
  // highest `rate` of that time gives.
  bool Allows(Timestamp now, size_t bytes, BitRate rate);

  // Within the last kWindow.
  DataSize spent(Timestamp now) const;
  uint64_t refused() const { return refused_; }

 private:
  // The window moves in steps. One more than fit into it, so that it is never shorter.
  static constexpr Duration kStep{100'000};
  static constexpr int64_t kSteps = kWindow / kStep + 1;

  struct Step {
    int64_t number = -kSteps;
    int64_t bytes = 0;
  };

  const Options options_;
  std::array<Step, kSteps> steps_;
  uint64_t refused_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_RETRANSMISSION_BUDGET_H_
