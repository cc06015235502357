// What loss says about the rate.
//
// Radio links lose packets whatever is sent, and routers with short queues lose them because too
// much is. Cutting helps in the second case only, so loss that appears at a rate which used to pass
// is put to the test: a little less is sent, and if as much is lost as before, the loss belongs to
// the path and is no reason to send less from then on.

#ifndef SLUICE_RTP_BWE_LOSS_RATE_H_
#define SLUICE_RTP_BWE_LOSS_RATE_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/decision.h"

namespace sluice::rtp::bwe {

class LossRate {
 public:
  // Below this no objection to growth, above the second a cut: shares of packets, over the path's
  // own loss.
  static constexpr double kLittle = 0.02;
  static constexpr double kMuch = 0.10;
  // A path that loses more than this by itself carries no conversation, whatever the rate.
  static constexpr double kMaxOwn = 0.3;
  static constexpr Duration kWindow = std::chrono::seconds(1);
  // When much is lost, judgement may be this fast.
  static constexpr Duration kShortWindow = std::chrono::milliseconds(300);
  // Fewer packets prove nothing; slow streams take longer, but not for ever.
  static constexpr int64_t kMinPackets = 20;
  static constexpr Duration kMaxWindow = std::chrono::seconds(4);
  // Windows with some loss before something is done about it.
  static constexpr int kSuspicion = 3;

  struct Facts {
    Timestamp now;
    int64_t received = 0;
    int64_t lost = 0;
    BitRate sent;
    BitRate rate;  // the estimate
  };
  struct Change {
    Reason reason = Reason::kLoss;
    BitRate rate;
    std::optional<BitRate> limit;  // what the path was seen to carry
    // Loss that a cut ended may as well have ended by itself: the rate there was.
    std::optional<BitRate> doubtful;
  };

  std::optional<Change> Record(const Facts& facts);
  // Something else has just cut the rate, or explains what got lost: what was lost until now says
  // nothing about the rate there is.
  void Restart();

  // Whether the estimate may grow.
  bool allows_growth() const { return allows_growth_; }
  // Of the last window; and what of it the path is thought to lose by itself.
  double loss() const { return loss_; }
  double own_loss() const { return own_loss_; }

 private:
  // The rate and the loss before a cut.
  struct Trial {
    BitRate rate;
    double loss = 0;
  };

  bool IsComplete(Timestamp now) const;
  double Noise() const;
  std::optional<Change> Judge(const Facts& facts);
  std::optional<Change> Accept(const Facts& facts, double excess);
  std::optional<Change> Object(const Facts& facts, double excess);
  Change Cut(const Facts& facts, Reason reason, double factor);
  std::optional<Change> JudgeTrial(const Facts& facts);

  std::optional<Timestamp> since_;
  int64_t received_ = 0;
  int64_t lost_ = 0;
  double loss_ = 0;
  double own_loss_ = 0;
  bool allows_growth_ = true;
  double packets_ = 0;  // of the last window
  int suspicion_ = 0;
  double much_ = 0;  // how much beyond the path's own the window before lost, if that was much
  std::optional<BitRate> passed_;  // the largest rate that lately passed without objection
  std::optional<Trial> trial_;
  bool tested_ = false;  // The latest trial has shown that the loss is the path's own,
  bool ours_ = false;    // or that it is not.
  bool skip_ = false;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_LOSS_RATE_H_
