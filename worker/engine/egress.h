// What we send to one peer: its streams, in the order they may leave, and what the peer says about
// them.
//
// Packets of others come in by Push, which only notes a reference and a small value; the bytes are
// written when the peer is polled, straight into the outgoing datagram.
//
// How fast they leave is what the path carries, as far as that is known. Who gets which layer of it
// is decided elsewhere (bandwidth_sharing.h): here nobody knows what there is to choose from.

#ifndef SLUICE_WORKER_ENGINE_EGRESS_H_
#define SLUICE_WORKER_ENGINE_EGRESS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "base/drop_reason.h"
#include "base/entropy.h"
#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/extension_map.h"
#include "rtp/rate_meter.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/rtcp/rtcp_packet.h"
#include "rtp/send/pacer.h"
#include "rtp/send/padding_writer.h"
#include "rtp/send/probe_source.h"
#include "rtp/send/retransmission_budget.h"
#include "worker/engine/departures.h"
#include "worker/engine/ingress.h"
#include "worker/engine/link.h"
#include "worker/engine/objects.h"
#include "worker/engine/outbound_stream.h"
#include "worker/engine/transmit_batch.h"
#include "worker/engine/untaken.h"

namespace sluice::worker {

class Egress {
 public:
  // What a consumer is sent.
  struct StreamPlan {
    const MediaPlan& media;
    const PayloadMap& payload_map;           // What the router calls its payload types.
    rtp::SvcMode svc = rtp::SvcMode::kNone;  // Of the producer.
    bool ignore_dtx = false;
    // Of the producer: how many encodings, the payload type of all media in the numbers of the
    // router, and how much of that there has been, which must outlive the stream.
    size_t encodings = 1;
    PayloadType media_type;
    const OfferedPackets& offered;
  };
  struct FeedbackResult {
    bool malformed = false;
    // Consumers whose decoder asks for a key frame.
    absl::InlinedVector<Handle<Consumer>, 4> key_frame_wishes;
    // Whose packets are asked for again, and how many of them.
    Handle<Consumer> repeats_for;
    uint32_t repeats = 0;
    // How much of a stream the peer wants, and under which name it says so.
    struct Bound {
      Handle<Consumer> consumer;
      Ssrc stream;
      Ssrc receiver;
      BitRate rate;
    };
    absl::InlinedVector<Bound, 4> bounds;
  };
  // A packet that was sent to probe the path and for nothing else, by its header.
  struct ProbePacket {
    Ssrc ssrc;
    PayloadType payload_type;
    SeqNo seq;
    uint32_t timestamp = 0;
    bool marker = false;
    // Sent before: otherwise it is padding alone.
    bool is_rtx = false;
    // In bytes, as sent: with what SRTP adds.
    uint32_t size = 0;
  };
  struct Totals {
    uint64_t rtp_packets = 0;
    uint64_t rtp_bytes = 0;
    uint64_t rtx_packets = 0;
    uint64_t rtx_bytes = 0;
    // Sent to probe the path and for nothing else.
    uint64_t probation_bytes = 0;
  };
  // Of the estimate; zero stands for no bound of the application's.
  struct Bounds {
    BitRate min;
    BitRate max;
  };
  struct Options {
    Entropy& entropy;
    Duration unix_offset{0};
    BitRate initial_estimate = BitRate::Kbps(600);
    // Otherwise the estimate is only told: nothing is paced, nothing probed, nothing left out.
    bool adapts_to_bandwidth = true;
    // The peer may be a tool that never says what arrives. Until it has, it is as if nothing
    // adapted: silence says nothing about the path.
    bool waits_for_feedback = false;
    // Writes down what the estimator is told, for TakeEstimateTrace.
    bool traces_estimate = false;
  };

  // As many packets as leave between two calls.
  static constexpr size_t kMaxNoted = TransmitBatch::kMaxEntries;
  // A queue this long means that more is sent than leaves: whoever can must send less.
  static constexpr Duration kPressure = std::chrono::milliseconds(250);

  explicit Egress(const Options& options);

  // The number by which the stream is named from then on. AlreadyExists if an SSRC is in use,
  // InvalidArgument if an extension id has another meaning on this transport.
  absl::StatusOr<uint32_t> AddStream(Handle<Consumer> consumer, const StreamPlan& plan);
  void RemoveStream(uint32_t stream);

  void SetPaused(uint32_t stream, bool paused);
  // What the stream shall carry from now on; nothing: nothing. See rtp::Forwarder.
  void SetTarget(uint32_t stream, std::optional<rtp::LayerTarget> target);
  // What need not be offered any more is counted by itself; see Untaken.
  void Take(uint32_t stream, EncodingBits taken) { streams_[stream]->Take(taken); }
  const rtp::Forwarder& forwarder(uint32_t stream) const { return streams_[stream]->forwarder; }

  // To be called before packets are pushed and written in one go.
  void BeginPoll(Timestamp now) { StartProbes(now); }
  // Queues a packet for the peer, as `stream`. The reason if it is not for it, which is counted.
  // With `out`, which must be this egress's until WriteDue, what may leave at once goes there.
  std::optional<DropReason> Push(Timestamp now, uint32_t stream, const Ingress::Arrival& arrival,
                                 Departures* out = nullptr);
  // The packet is for nobody; the stream must not show a gap for it.
  void LeaveOut(Timestamp now, uint32_t stream, const Ingress::Arrival& arrival, DropReason reason);
  // Counts a packet that could not even be offered.
  void Refuse(uint32_t stream, DropReason reason) { streams_[stream]->drops.Count(reason); }
  void RecordSourceTime(uint32_t stream, const SourceTime& time);

  // Takes what a member of a compound says about our streams.
  FeedbackResult ReceiveFeedback(Timestamp now, const rtp::RtcpPacket& member);

  // Tells the peer that the bound has been heard.
  void Acknowledge(const FeedbackResult::Bound& bound);

  // Lets go of everything queued and stored: there is nobody to send it to, and packets are shared
  // with others who need the slots.
  void ReleasePackets();

  // What the application allows the estimate to be.
  void SetBounds(Timestamp now, const Bounds& bounds);
  const Bounds& bounds() const { return bounds_; }
  // The peer is reached another way: nothing that was learnt of the path holds any longer.
  void RestartEstimate(Timestamp now);
  // What would be sent if it fitted.
  void SetDesired(Timestamp now, BitRate desired);
  BitRate desired() const { return desired_; }
  // What video may take together: the estimate less what sound takes. Nothing if nothing is known.
  std::optional<BitRate> AvailableForVideo(Timestamp now) const;
  // Nobody answers: what is sent arrives nowhere.
  bool IsSilent(Timestamp now) const { return Adapts() && estimator_.silent(now); }
  // The path has told how it takes what was sent; before, the estimate is a guess.
  bool IsMeasured() const;
  // The path has shown a limit; before, the estimate only says what has been tried.
  bool HasMetLimit() const {
    return met_limit_ || bounds_.max.bps() > 0 || peer_estimate_.bps() > 0;
  }
  // The queue is too long.
  bool IsPressed() const { return pacer_.queue_delay() > kPressure; }
  Duration queue_delay() const { return pacer_.queue_delay(); }
  const rtp::BandwidthEstimator& estimator() const { return estimator_; }
  std::optional<rtp::BandwidthEstimator::Decision> PollDecision();
  // Why the estimate is what it is; empty before the first decision.
  std::string_view bandwidth_reason() const { return bandwidth_reason_; }
  const rtp::RateMeter& probation() const { return probation_rate_; }
  // Whole lines of a BandwidthEstimator::TraceWriter since the last call; empty if nothing is
  // written down.
  std::string TakeEstimateTrace() { return trace_ ? trace_->Take() : std::string(); }
  // Notes the packets of probes from now on, or no longer, for TakeProbePackets.
  void NoteProbePackets(bool wanted);
  // Those since the last call, the first kMaxNoted of them.
  std::vector<ProbePacket> TakeProbePackets() { return std::exchange(probe_packets_, {}); }

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // Appends departures.due(), for which there must be room, and empties it.
  void WriteDue(Timestamp now, Link& link, TransmitBatch& batch, Departures& departures);
  // Appends media that may leave now; what is committed to `departures` must be sealed before the
  // link goes. True if the batch is full and there is more.
  bool WriteMedia(Timestamp now, Link& link, TransmitBatch& batch, Departures& departures);
  // Writes the sender reports that are due; true if not all of them fitted.
  bool WriteReports(Timestamp now, ByteWriter& out);

  const OutboundStream& stream(uint32_t index) const { return *streams_[index]; }
  // Whose media or retransmissions have this SSRC; nobody's.
  Handle<Consumer> ConsumerOf(Ssrc ssrc) const;
  const std::vector<std::unique_ptr<OutboundStream>>& streams() const { return streams_; }
  const Totals& totals() const { return totals_; }
  // What the peer last said by REMB; zero if it never did.
  BitRate peer_estimate() const { return peer_estimate_; }
  std::optional<Duration> round_trip() const { return round_trip_; }
  const DropCounters& drops() const { return drops_; }

 private:
  bool Adapts() const { return adapts_ && (!waits_for_feedback_ || IsMeasured()); }
  // Queues what the forwarder made of a packet, or counts why there is nothing.
  std::optional<DropReason> Take(Timestamp now, uint32_t stream, const Ingress::Arrival& arrival,
                                 const rtp::Verdict& verdict, Departures* out);
  std::optional<DropReason> Enqueue(Timestamp now, OutboundStream& stream, rtp::PacerItem item,
                                    Departures* out);
  OutboundStream* FindBySsrc(Ssrc ssrc);
  // The stream whose decoder wants a key frame, noted among the wishes.
  OutboundStream* FindAsked(Ssrc ssrc, FeedbackResult& result);
  void RecordBlocks(Timestamp now, const rtp::ReportBlocks& blocks);
  void RecordNack(Timestamp now, const rtp::RtcpPacket& member, FeedbackResult& result);
  void RecordRemb(Timestamp now, const rtp::RtcpPacket& member, FeedbackResult& result);
  void RecordBounds(const rtp::RtcpPacket& member, FeedbackResult& result);
  bool WriteAcknowledgements(ByteWriter& out);
  // What the feedback just recorded reports as missing.
  void ResendMissing(Timestamp now);
  void Resend(Timestamp now, OutboundStream& stream, SeqNo seq);
  // A packet to send again, and how it was sent.
  struct Repetition {
    const rtp::RtpPacket& packet;
    const rtp::Rewrite& rewrite;
  };

  // egress_media.cc
  rtp::Departure DepartureAt(Timestamp now) const;
  // Nothing if it does not fit. The stream must have RTX.
  std::optional<rtp::OutgoingPacket> WriteRtx(Timestamp now, OutboundStream& stream,
                                              const Repetition& what, ByteSpan room);
  std::optional<rtp::OutgoingPacket> WriteItem(Timestamp now, const rtp::Pacer::Item& item,
                                               ByteSpan room);
  void RecordSent(Timestamp now, const rtp::Pacer::Item& item, OutboundStream& stream, size_t size);
  // The packet got a number of the transport.
  void RecordNumbered(Timestamp now, rtp::BandwidthEstimator::Sent sent);
  void CountEvicted();

  // egress_probing.cc
  void UpdatePace();
  void StartProbes(Timestamp now);
  bool WriteProbe(Timestamp now, Link& link, TransmitBatch& batch);
  std::optional<size_t> WritePadding(Timestamp now, size_t wanted, Link& link, ByteSpan room);
  void FindProbeStreams();
  void NoteProbePacket(ByteView packet, bool is_rtx);

  Entropy& entropy_;
  const Duration unix_offset_;
  rtp::ExtensionMap extensions_;
  // By number; empty where a consumer has gone.
  std::vector<std::unique_ptr<OutboundStream>> streams_;
  // Media and retransmission SSRCs of all streams.
  absl::flat_hash_map<Ssrc, uint32_t> by_ssrc_;
  rtp::Pacer pacer_;
  uint16_t transport_sequence_ = 0;
  const BitRate initial_estimate_;
  const bool adapts_;
  const bool waits_for_feedback_;
  // The estimator knows where it is.
  std::unique_ptr<rtp::BandwidthEstimator::TraceWriter> trace_;
  rtp::BandwidthEstimator estimator_;
  Bounds bounds_;
  BitRate desired_;
  std::string_view bandwidth_reason_;
  bool met_limit_ = false;
  rtp::RetransmissionBudget budget_;
  rtp::RateMeter audio_rate_;
  rtp::RateMeter probation_rate_;
  // There once a stream counts its packets.
  std::optional<rtp::PaddingWriter> probation_;
  rtp::ProbeSource probe_source_;
  // Of the probe that runs.
  std::vector<rtp::ProbeSource::Stream> probe_streams_;
  uint32_t probe_ = 0;
  bool notes_probe_packets_ = false;
  std::vector<ProbePacket> probe_packets_;
  // Something has been queued since packets were last released.
  bool holding_ = false;
  std::optional<Timestamp> next_report_;
  std::vector<FeedbackResult::Bound> acknowledgements_;
  BitRate peer_estimate_;
  std::optional<Duration> round_trip_;
  Totals totals_;
  // What cannot be laid to a stream.
  DropCounters drops_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_EGRESS_H_
