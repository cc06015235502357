// The rate that delay allows: grows while nothing objects, and is cut when a queue builds up
// (additive increase, multiplicative decrease).
//
// Three things tell it about the path: the usage that the trend shows, the length of the queue, and
// what arrives. A rising trend counts once a queue is there to be seen, because jitter rises and
// falls without one. A queue that stands counts as well: everybody on the path sees the same one,
// so flows that cut because of it cut together and come to equal shares.
//
// If the queue takes no notice of cuts although all we send arrives, it is not ours: a TCP flow
// keeps it full until packets get lost. Against that, delay is no guide, and the rate follows loss
// until the queue is gone.

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
  // What remains of the rate that arrived. Leaves room for the queue to go away.
  static constexpr double kCut = 0.85;
  // What remains at least, however long the queue is.
  static constexpr double kDeepestCut = 0.4;
  // What remains of the rate after loss in a foreign queue: with our growth, this shares a path
  // evenly with a flow that halves its window.
  static constexpr double kForeignCut = 0.7;
  // A queue shorter than this is frames being sent. This and the following come on top of what one
  // packet and the path's jitter account for.
  static constexpr Duration kSeenQueue{10'000};
  // No growth on top of this.
  static constexpr Duration kHoldQueue{20'000};
  // The queue is to stay far below what people notice, and above what frames cause.
  static constexpr Duration kLongQueue{30'000};
  // Frames and moments in which nothing moves make a queue that is gone sooner than this.
  static constexpr Duration kStands{100'000};
  // After so many cuts that a long queue took no notice of, it is not ours.
  static constexpr int kFutileCuts = 2;
  // For so long after a foreign queue that stayed, the next is taken for one sooner.
  static constexpr Duration kForeignMemory = std::chrono::seconds(30);
  static constexpr Duration kForeignStays = std::chrono::seconds(3);
  // A foreign queue is gone when there has been none for so long.
  static constexpr Duration kForeignGone = std::chrono::milliseconds(1500);

  struct Facts {
    Timestamp now;
    Usage usage = Usage::kNormal;
    Duration queue{0};
    Duration queue_ahead{0};  // once everything arrives that has been sent
    BitRate sent;
    BitRate sent_then;  // when that left which has just arrived
    Timestamp sent_at;  // when that was
    BitRate acked;
    BitRate acked_lately;     // over a shorter time: noisy, but up to date in a queue
    BitRate acked_busy;       // since the queue began; zero if that is not known
    Duration response{0};     // from a change of rate until feedback tells of it
    Duration packet_time{0};  // of one packet on the path; jitter that no queue causes
    Duration jitter{0};
    bool lost = false;     // packets got lost that the path does not lose by itself
    bool limited = false;  // the application sends clearly less than the rate
    bool may_grow = true;  // nothing else objects
  };
  struct Change {
    Reason reason = Reason::kStart;
    BitRate rate;
  };

  explicit AimdRate(BitRate initial) : rate_(initial) {}

  // What changes, if anything does.
  std::optional<Change> Update(const Facts& facts);

  // Something else decided: a probe, a bound, loss. A cut counts as congestion met at `limit`.
  void Set(BitRate rate) {
    if (rate > rate_) draining_ = false;
    rate_ = rate;
  }
  void CutTo(Timestamp now, BitRate rate, std::optional<BitRate> limit);
  void RecordLimit(BitRate measured);
  // The path was seen to carry as much; a limit below that is none any more.
  void RecordCarried(BitRate measured) {
    if (limit_ && measured > *limit_) limit_.reset();
  }

  // What looked like congestion was none.
  void ForgetCongestion();

  BitRate rate() const { return rate_; }
  // Where congestion was met last, if that still holds.
  std::optional<BitRate> limit() const { return limit_; }
  std::optional<Timestamp> last_cut() const { return last_cut_; }
  // What arrived when the latest cut because of a queue was made.
  BitRate measured_at_cut() const { return measured_then_; }
  bool foreign_queue() const { return foreign_queue_; }

 private:
  bool IsRising(const Facts& facts) const;
  bool IsLong(const Facts& facts) const;
  bool MayCut(const Facts& facts, bool rising);
  // Whether the latest cut makes the queue shorter; nothing while it is too early to tell.
  std::optional<bool> CutWorks(const Facts& facts);
  bool IsForeign(const Facts& facts);
  std::optional<Change> Cut(const Facts& facts, Reason reason);
  std::optional<Change> Compete(const Facts& facts);
  std::optional<Change> Grow(const Facts& facts);
  std::optional<Change> Step(const Facts& facts);
  bool HasPassed(const Facts& facts);
  bool RecoverFromDrain(const Facts& facts);

  BitRate rate_;
  std::optional<BitRate> limit_;
  std::optional<Timestamp> last_cut_;
  std::optional<Timestamp> last_update_;
  // The queue when the latest cut had taken effect, and when that was.
  std::optional<Duration> queue_then_;
  Timestamp then_;
  bool low_limit_ = false;  // The latest measurement was far below limit_.
  BitRate measured_then_;   // what arrived when it was made
  BitRate rate_then_;       // what was sent
  BitRate rate_before_cut_;
  std::optional<BitRate> limit_before_cut_;
  BitRate after_drain_;                  // what it would have been without the queue
  std::optional<Timestamp> long_since_;  // that the queue is long
  bool draining_ = false;
  bool one_of_several_ = false;  // The latest cut followed another soon.
  int futile_cuts_ = 0;
  bool foreign_queue_ = false;
  Timestamp foreign_since_;
  Timestamp foreign_seen_;
  std::optional<Timestamp> last_foreign_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_AIMD_RATE_H_
