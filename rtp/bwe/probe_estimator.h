// What rate a probe arrived at. One probe at a time.
//
// The delays within a burst show what path it went over: one that is slower than the burst delays
// each packet more than the one before. Of paths of all capacities the one is taken that explains
// the delays best. That uses every packet, whatever their sizes are, and jitter cancels out over
// many of them.

#ifndef SLUICE_RTP_BWE_PROBE_ESTIMATOR_H_
#define SLUICE_RTP_BWE_PROBE_ESTIMATOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/feedback_adapter.h"

namespace sluice::rtp::bwe {

class ProbeEstimator {
 public:
  // 150 ms at 7 Mbit/s; of faster and longer probes the first packets are enough.
  static constexpr size_t kMaxPackets = 128;
  // What has to arrive of a probe for it to tell anything.
  static constexpr double kMinArrived = 0.8;
  static constexpr size_t kMinPackets = 4;
  // It passed if it arrived about as fast as it was sent.
  static constexpr double kPassed = 0.9;
  // What a probe may take until its feedback is there, besides its own length.
  static constexpr Duration kMaxWait = std::chrono::seconds(2);
  // Who has sent nothing of it for so long sends no more of it: packets of the slowest are closer.
  static constexpr Duration kComplete = std::chrono::milliseconds(300);

  struct Result {
    bool passed = false;
    BitRate arrived;  // zero: nothing can be said
  };

  void Begin(Timestamp now, uint32_t id, BitRate rate, Duration span);
  void RecordSent(Timestamp now, uint32_t id);
  // Any packet that arrived.
  void RecordArrival(const AckedPacket& packet);

  // Once, when the probe is over: it arrived, or too little of it did in time.
  std::optional<Result> Poll(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;

  bool busy() const { return id_ != 0; }
  // True for packets sent while the path was still busy with the probe: their delay is the probe's
  // doing.
  bool Disturbs(Timestamp sent) const;

 private:
  struct Sample {
    Timestamp sent;
    Duration arrival{0};
    size_t bytes = 0;
  };

  bool HasAllArrived() const;
  bool IsOver(Timestamp now) const;
  Result Evaluate();
  BitRate SendRate() const;
  double Misfit(BitRate capacity) const;

  uint32_t id_ = 0;
  BitRate rate_;
  Timestamp deadline_;
  size_t sent_ = 0;
  std::optional<Timestamp> first_sent_;
  std::optional<Timestamp> last_sent_;
  std::optional<Timestamp> newest_acked_;  // when it was sent, of any packet
  // Those of the probe that have arrived. Room for kMaxPackets from the first probe on.
  std::vector<Sample> samples_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_PROBE_ESTIMATOR_H_
