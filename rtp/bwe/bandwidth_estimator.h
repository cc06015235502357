// How much one receiver's path carries, seen from the sender: from feedback about each packet where
// there is any (draft-holmer-rmcat-transport-wide-cc-extensions-01), from REMB and receiver reports
// where there is not.
//
// One per transport. Facts go in with the time they happened at; the estimate, a pace, probes that
// should be sent and decisions with their reasons come out. The same facts give the same decisions,
// bit for bit: there is no clock and no chance inside.
//
// All sizes and rates count RTP packets as they are handed over, with RTP header and authentication
// tag, without UDP and IP: the same measure in which layers are measured and paced.
//
// Not a pacer and not an allocator: it decides neither what is sent nor when.

#ifndef SLUICE_RTP_BWE_BANDWIDTH_ESTIMATOR_H_
#define SLUICE_RTP_BWE_BANDWIDTH_ESTIMATOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/aimd_rate.h"
#include "rtp/bwe/application_limit.h"
#include "rtp/bwe/arrival_grouper.h"
#include "rtp/bwe/busy_rate.h"
#include "rtp/bwe/decision.h"
#include "rtp/bwe/feedback_adapter.h"
#include "rtp/bwe/feedback_silence.h"
#include "rtp/bwe/loss_rate.h"
#include "rtp/bwe/overuse_detector.h"
#include "rtp/bwe/probe_controller.h"
#include "rtp/bwe/probe_estimator.h"
#include "rtp/bwe/queue_level.h"
#include "rtp/bwe/route_watch.h"
#include "rtp/bwe/trace_writer.h"
#include "rtp/bwe/trendline.h"
#include "rtp/bwe/windowed_rate.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp {

class BandwidthEstimator {
 public:
  struct Options {
    BitRate initial = BitRate::Kbps(600);
    BitRate min = BitRate::Kbps(30);
    BitRate max = BitRate::Kbps(100'000);
  };
  enum class Use : uint8_t { kAudio, kVideo, kRetransmission, kPadding };
  struct Sent {
    uint16_t transport_sequence = 0;
    size_t bytes = 0;
    Use use = Use::kVideo;
    uint32_t probe = 0;  // Id of the probe it is part of; zero: none.
    uint32_t name = 0;   // The caller's own, for missing(); zero: none.
  };
  // A burst that tests whether the path carries more: packets at `rate` for `span`, and
  // `min_packets` at least however long that takes. Media counts; padding fills what is missing, on
  // slow paths best in small packets (rate * span / min_packets), so that it takes no longer.
  struct Probe {
    uint32_t id = 0;
    BitRate rate;
    Duration span{0};
    int min_packets = 0;
  };
  using Reason = bwe::Reason;
  using Decision = bwe::Decision;
  using TraceWriter = bwe::TraceWriter;

  struct Stats {
    BitRate sent;       // over the last half second
    BitRate acked;      // what arrived of it
    Duration queue{0};  // how much longer than at best packets are under way
    Duration round_trip{0};
    double loss = 0;                   // share of packets lost lately, 0..1
    bool application_limited = false;  // less is sent than the estimate allows
    uint64_t feedback = 0;             // packets of transport-wide feedback
    uint64_t packets_acked = 0;
    uint64_t packets_lost = 0;
    uint64_t unknown_acks = 0;     // of packets that never left or are long forgotten
    uint64_t absurd_feedback = 0;  // times that cannot be: far from all others, or going back
    uint64_t absurd_bounds = 0;    // REMB that no path can mean
    uint64_t probes = 0;
    uint64_t probes_passed = 0;   // the path carried the rate of the probe
    uint64_t decisions_lost = 0;  // not polled in time
  };

  explicit BandwidthEstimator(const Options& options);

  // What it is told from now on is written there as well; before anything else. The writer must
  // outlive it. Null: no longer.
  void SetTrace(bwe::TraceWriter* trace);

  // One for each packet that carries a transport-wide sequence number; numbers count up by one.
  void RecordSent(Timestamp now, const Sent& sent);
  void RecordFeedback(Timestamp now, const TransportFeedback& feedback);
  // An upper bound. A client that sends no feedback is believed when it names a higher rate, too.
  void RecordRemb(Timestamp now, BitRate bound);
  // From receiver reports, in 1/256; ignored once there is transport-wide feedback.
  void RecordLoss(Timestamp now, uint8_t fraction_lost, uint32_t packets_expected);
  void RecordRoundTrip(Timestamp now, Duration round_trip);
  // From the application. A minimum above the maximum counts as the maximum.
  void SetBounds(Timestamp now, BitRate min, BitRate max);
  // What would be sent if it fitted. Probes go as far as needed to be sure that it does, a quarter
  // beyond it, and no further. Until the first call nothing is desired and nothing is probed.
  void SetDesired(Timestamp now, BitRate desired);

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;

  // True once packets with transport-wide numbers left, or anything came that says what the path
  // carries. Until then estimate() is a guess.
  bool active() const;
  // Nobody answers, or has only just begun to again: the estimate says nothing about the path.
  bool silent(Timestamp now) const;
  // Always within the bounds of the application.
  BitRate estimate() const;
  // How fast packets may leave: above the estimate, so that a large frame does not wait long.
  BitRate pacing_rate() const;

  // The probe that should be sent next, once.
  std::optional<Probe> TakeProbe(Timestamp now);

  // The names of packets that the feedback last recorded tells of as missing, for who wants to
  // repeat them. Empty while packets of this path overtake one another: then missing is not lost.
  const std::vector<uint32_t>& missing() const;

  // Decisions in order; the oldest are lost if nobody asks for long.
  std::optional<Decision> PollDecision();
  static std::string_view NameOf(Reason reason);

  Stats stats() const;

 private:
  void RecordArrival(const bwe::AckedPacket& packet);
  void RecordNewest(Timestamp now, Timestamp sent);
  void RecordGroup(const bwe::AckedPacket& packet);
  void ForgetDelays();
  // The parts that may change the estimate, in the order they are asked in.
  void EndSilence(Timestamp now);
  void ApplyLoss(Timestamp now);
  void ApplyProbe(Timestamp now);
  void ApplyDelay(Timestamp now);
  // Whether the path has turned out to be a longer one.
  bool WatchRoute(const bwe::AimdRate::Facts& facts);
  void StepDown(Timestamp now);
  // Brings the estimate within all bounds and writes the decision down.
  void Conclude(Timestamp now, Reason reason, BitRate before);
  bool IsWorthTelling(Reason reason, BitRate before, BitRate after) const;

  // The upper bound of application and receiver together.
  BitRate Ceiling() const;
  BitRate SentRate(Timestamp now) const;
  BitRate AckedRate(Duration window) const;
  Duration ShortWindow() const;
  Duration PacketTime() const;
  Duration Growth(Timestamp now, BitRate carried) const;
  Duration ResponseTime() const;
  bool IsCalm() const;
  // Nothing but padding has been sent for a while.
  bool IsResting(Timestamp now) const;
  bwe::ProbeController::Facts ProbeFacts() const;
  void PrepareProbe(Timestamp now);
  void CancelProbe();

  bwe::TraceWriter* trace_ = nullptr;
  BitRate min_;
  BitRate max_;
  std::optional<BitRate> remb_;
  std::optional<Timestamp> remb_at_;
  bool numbered_ = false;      // packets with transport-wide numbers have left
  bool has_feedback_ = false;  // and some arrived
  bool has_reports_ = false;

  bwe::FeedbackAdapter adapter_;
  bwe::WindowedRate sent_;
  bwe::WindowedRate acked_;
  bwe::ArrivalGrouper grouper_;
  bwe::Trendline trendline_;
  bwe::OveruseDetector detector_;
  bwe::QueueLevel queue_level_;
  bwe::BusyRate busy_rate_;
  bwe::AimdRate aimd_;
  bwe::RouteWatch route_watch_;
  bwe::LossRate loss_;
  bwe::ApplicationLimit application_limit_;
  bwe::FeedbackSilence silence_;
  std::optional<Timestamp> last_sent_;
  bwe::ProbeEstimator probe_estimator_;
  bwe::ProbeController probe_controller_;
  bwe::DecisionLog log_;

  bool overused_ = false;               // within the feedback at hand
  bool lost_lately_ = false;            // likewise
  std::optional<Timestamp> overtaken_;  // when packets last overtook one another
  Timestamp newest_acked_sent_;
  Duration round_trip_{0};
  Duration jitter_{0};          // mean change of delay from group to group
  int64_t packet_size_16_ = 0;  // mean, in sixteenths of a byte
  bool in_silence_ = false;
  std::optional<Timestamp> answered_;  // when the latest silence ended
  BitRate before_silence_;
  std::optional<Timestamp> last_loss_report_;
  std::optional<Timestamp> last_report_cut_;
  double reported_loss_ = 0;
  Reason told_reason_ = Reason::kStart;
  BitRate told_rate_;
  uint32_t next_probe_ = 1;
  std::optional<Probe> ready_probe_;
  Timestamp ready_until_;
  Timestamp now_;  // of the latest fact
  uint64_t feedback_count_ = 0;
  uint64_t absurd_bounds_ = 0;
  uint64_t probes_ = 0;
  uint64_t probes_passed_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_BWE_BANDWIDTH_ESTIMATOR_H_
