// What the estimator decided, when and why: a value that is logged, replayed and compared.

#ifndef SLUICE_RTP_BWE_DECISION_H_
#define SLUICE_RTP_BWE_DECISION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp::bwe {

enum class Reason : uint8_t {
  kStart,            // the initial rate, before anything is known
  kGrowth,           // nothing objected: faster the further away the last congestion is
  kGrowthNearLimit,  // the same, carefully, close to where congestion was met
  kOveruse,          // delay keeps rising, and a queue stands
  kStandingQueue,    // delay does not rise any more, but the queue does not go away
  kForeignLoss,      // packets got lost in a queue that is not ours
  kNewRoute,         // delay has risen for good, and not because of a queue
  kPassed,           // the queue went away by itself
  kDrained,          // the queue is gone; back to what the path was seen to carry
  kLoss,             // more is lost than the path loses by itself
  kLossTrial,        // a little less for a moment, to see whether loss depends on us
  kLossNotOurs,      // it does not
  kProbe,            // a burst arrived at this rate
  kSilence,          // packets leave and no feedback comes
  kFeedbackBack,     // feedback is back after a silence
  kRemb,             // the receiver's bound has changed
  kBounds,           // the application's bounds have changed
  kLossReport,       // receiver reports of a client without feedback
};

std::string_view NameOf(Reason reason);

// Rates as they were when it was taken. Delays are of the path's queue, over its least delay.
struct Decision {
  Timestamp at;
  Reason reason = Reason::kStart;
  BitRate before;
  BitRate after;
  BitRate sent;
  BitRate acked;
  Duration queue{0};
  Duration round_trip{0};
  // Trend of the delay over its threshold: above 1 is overuse, below -1 underuse.
  double trend = 0;
  double loss = 0;

  bool operator==(const Decision&) const = default;
};

// The latest decisions nobody has asked for yet; the oldest give way.
class DecisionLog {
 public:
  // Some minutes of a steady path, or the seconds around a drop.
  static constexpr size_t kCapacity = 32;

  void Push(const Decision& decision);
  std::optional<Decision> Poll();
  // How many gave way before they were asked for.
  uint64_t lost() const { return lost_; }

 private:
  void Grow();

  // Whoever asks often needs a few, so it doubles as needed: the size is zero or a power of two.
  std::vector<Decision> ring_;
  size_t head_ = 0;
  size_t size_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_DECISION_H_
