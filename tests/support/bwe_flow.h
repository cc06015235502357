// One media stream under a bandwidth estimator of ours: a source that follows the estimate, a pacer
// that also sends probes, and a receiver that answers with real transport-wide feedback.
//
// The source is either elastic, a perfect encoder that sends what it is allowed to, or one of
// layers, as an SFU has them: it sends the best that fits and cannot fill the rest.

#ifndef SLUICE_TESTS_SUPPORT_BWE_FLOW_H_
#define SLUICE_TESTS_SUPPORT_BWE_FLOW_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/receive/feedback_recorder.h"
#include "tests/support/bwe_bottleneck.h"
#include "tests/support/bwe_events.h"
#include "tests/support/bwe_trace.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::test {

// A way through the network: a bottleneck shared with others, then a delay of one's own.
class BwePath {
 public:
  struct Options {
    Duration one_way{0};
    // RFC 8868: a truncated normal distribution, order kept.
    bool jitter = false;
    // netem's kind: evenly up to so much more, for each packet anew, in any order.
    Duration reordering_jitter{0};
  };

  BwePath(BweEvents& events, BweBottleneck& bottleneck, const Options& options, uint64_t seed)
      : events_(events), bottleneck_(bottleneck), options_(options), entropy_(seed) {}

  // `size` is that of the UDP payload.
  void Send(size_t size, std::function<void(Duration waited)> arrive);

 private:
  Duration Jitter();

  BweEvents& events_;
  BweBottleneck& bottleneck_;
  Options options_;
  SeededEntropy entropy_;
  Timestamp last_arrival_;
};

class BweFlow {
 public:
  struct Options {
    std::string name = "media";
    Duration start{0};
    Duration stop = std::chrono::hours(1);
    // Nothing is sent in between.
    std::optional<Duration> pause;
    std::optional<Duration> resume;
    BwePath::Options path;
    bool reverse = false;  // from the right to the left
    rtp::BandwidthEstimator::Options estimator;
    // Of the elastic source.
    BitRate max_media = BitRate::Kbps(20'000);
    BitRate min_media = BitRate::Kbps(50);
    // If there are any, the source has layers of these rates, the lowest first.
    std::vector<BitRate> layers;
    // 50 packets a second beside the video; zero: none.
    BitRate audio;
    bool pads = true;
    bool feedback = true;
    bool record = false;  // keeps a trace
  };
  struct Counts {
    uint64_t sent = 0;
    uint64_t arrived = 0;
    int64_t sent_bytes = 0;     // UDP payloads
    int64_t arrived_bytes = 0;  // IP packets
    int64_t padding_bytes = 0;
    uint64_t layer_changes = 0;
  };

  BweFlow(BweEvents& events, const Options& options, std::unique_ptr<BwePath> forward,
          std::unique_ptr<BwePath> back, uint64_t seed);

  void Start();

  TracedEstimator& estimator() { return estimator_; }
  const TracedEstimator& estimator() const { return estimator_; }
  const Options& options() const { return options_; }
  const Counts& counts() const { return counts_; }
  size_t layer() const { return layer_; }
  // How long packets waited in the bottleneck since the last call.
  std::vector<Duration> TakeWaits() { return std::exchange(waits_, {}); }
  // Of packets that arrived since the last call, from the source to the receiver.
  bool sending() const { return sending_; }

 private:
  struct Queued {
    size_t size = 0;
    rtp::BandwidthEstimator::Use use = rtp::BandwidthEstimator::Use::kVideo;
  };

  void SetSending(bool sending);
  void Tick();
  void SendFrame();
  void SendAudio();
  BitRate MediaRate();
  void ChooseLayer();
  void Enqueue(size_t bytes, size_t packet_size);
  // The pacer: leaves one packet at a time.
  void Pace();
  void ScheduleEstimator();
  void BeginProbe();
  bool ProbeIsOver() const;
  void SendPacket(const Queued& packet, uint32_t probe);
  void Arrive(uint16_t sequence, size_t size, Duration waited);
  void ScheduleFeedback();
  void SendFeedback();

  BweEvents& events_;
  const Options options_;
  TracedEstimator estimator_;
  std::unique_ptr<BwePath> forward_;
  std::unique_ptr<BwePath> back_;
  SeededEntropy entropy_;

  bool sending_ = false;
  uint64_t run_ = 0;  // Tells timers of a former run.
  std::deque<Queued> queue_;
  size_t queued_bytes_ = 0;
  uint16_t next_sequence_ = 65'000;  // wraps soon
  std::optional<rtp::BandwidthEstimator::Probe> probe_;
  Timestamp probe_began_;
  int probe_packets_ = 0;
  Timestamp next_send_;
  bool pacing_ = false;
  size_t layer_ = 0;
  bool key_frame_ = true;
  std::optional<Timestamp> estimator_due_;

  rtp::FeedbackRecorder recorder_;
  std::optional<Timestamp> feedback_due_;
  Counts counts_;
  std::vector<Duration> waits_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_FLOW_H_
