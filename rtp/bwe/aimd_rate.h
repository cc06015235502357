// The rate that delay allows: grows while nothing objects, and is cut when a queue builds up
// (additive increase, multiplicative decrease).
//
// Three things tell it about the path: the usage that the trend shows, the length of the queue, and
// what arrives. A rising trend counts once a queue is there to be seen, because jitter rises and
// falls without one; a long queue counts even if nothing rises, because nobody wants to talk over
// it. If cutting does not help, the queue is somebody else's, and only trend and loss count.

#ifndef SLUICE_RTP_BWE_AIMD_RATE_H_
#define SLUICE_RTP_BWE_AIMD_RATE_H_

#include <chrono>
#include <optional>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/decision.h"
#include "rtp/bwe/overuse_detector.h"

namespace sluice::rtp::bwe {

class AimdRate {
 public:
  // What remains of the rate that arrived when the trend shows overuse. Leaves room for the queue
  // to go away.
  static constexpr double kCut = 0.85;
  // What remains at least, however long the queue is.
  static constexpr double kDeepestCut = 0.4;
  // A queue shorter than this is frames being sent.
  static constexpr Duration kSeenQueue{12'000};
  // No growth on top of this.
  static constexpr Duration kHoldQueue{25'000};
  // A third of what people notice in a conversation; beyond it the rate is cut even if the queue
  // has stopped to grow.
  static constexpr Duration kLongQueue{70'000};
  // After so many cuts that a long queue took no notice of, it is not ours.
  static constexpr int kFutileCuts = 3;

  struct Facts {
    Timestamp now;
    Usage usage = Usage::kNormal;
    Duration queue{0};
    BitRate sent;
    BitRate acked;
    BitRate acked_lately;     // over a shorter time: noisy, but up to date in a queue
    Duration response{0};     // from a change of rate until feedback tells of it
    Duration packet_time{0};  // of one packet on the path; jitter that no queue causes
    bool limited = false;     // the application sends clearly less than the rate
    bool may_grow = true;     // nothing else objects
  };
  struct Change {
    Reason reason = Reason::kStart;
    BitRate rate;
  };

  explicit AimdRate(BitRate initial) : rate_(initial) {}

  // What changes, if anything does.
  std::optional<Change> Update(const Facts& facts);

  // Something else decided: a probe, a bound, loss. A cut counts as congestion met at `limit`.
  void Set(BitRate rate) { rate_ = rate; }
  void CutTo(Timestamp now, BitRate rate, std::optional<BitRate> limit);
  void RecordLimit(BitRate measured) { RememberLimit(measured); }
  // The path was seen to carry as much; a limit below that is none any more.
  void RecordCarried(BitRate measured) {
    if (limit_ && measured > *limit_) limit_.reset();
  }

  BitRate rate() const { return rate_; }
  // Where congestion was met last, if that still holds.
  std::optional<BitRate> limit() const { return limit_; }
  std::optional<Timestamp> last_cut() const { return last_cut_; }

 private:
  std::optional<Change> Cut(const Facts& facts, Reason reason);
  std::optional<Change> Grow(const Facts& facts);
  bool IsLong(const Facts& facts) const;
  bool MayCut(const Facts& facts, bool rising);
  BitRate TargetOfCut(const Facts& facts) const;
  void RememberLimit(BitRate measured);
  BitRate Step(Duration elapsed, bool near_limit) const;

  BitRate rate_;
  std::optional<BitRate> limit_;
  std::optional<Timestamp> last_cut_;
  std::optional<Timestamp> last_update_;
  Duration queue_at_cut_{0};
  BitRate after_drain_;  // What the latest cut would have been without the queue.
  bool draining_ = false;
  int futile_cuts_ = 0;
  bool foreign_queue_ = false;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_AIMD_RATE_H_
