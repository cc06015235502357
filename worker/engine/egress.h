// What we send to one peer: its streams, in the order they may leave, and what the peer says about
// them.
//
// Packets of others come in by Push, which only notes a reference and a small value; the bytes are
// written when the peer is polled, straight into the outgoing datagram.

#ifndef SLUICE_WORKER_ENGINE_EGRESS_H_
#define SLUICE_WORKER_ENGINE_EGRESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "base/drop_reason.h"
#include "base/entropy.h"
#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/packet/extension_map.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/rtcp/rtcp_packet.h"
#include "rtp/send/pacer.h"
#include "worker/engine/ingress.h"
#include "worker/engine/objects.h"
#include "worker/engine/outbound_stream.h"
#include "worker/engine/transmit_batch.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {

class Egress {
 public:
  struct FeedbackResult {
    bool malformed = false;
    // Consumers whose decoder asks for a key frame.
    absl::InlinedVector<Handle<Consumer>, 4> key_frame_wishes;
  };
  struct Totals {
    uint64_t rtp_packets = 0;
    uint64_t rtp_bytes = 0;
    uint64_t rtx_packets = 0;
    uint64_t rtx_bytes = 0;
  };

  Egress(Entropy& entropy, Duration unix_offset)
      : entropy_(entropy), unix_offset_(unix_offset) {}

  // The number by which the stream is named from then on. AlreadyExists if an SSRC is in use,
  // InvalidArgument if an extension id has another meaning on this transport.
  absl::StatusOr<uint32_t> AddStream(Handle<Consumer> consumer, const MediaPlan& plan);
  void RemoveStream(uint32_t stream);

  void SetPaused(uint32_t stream, bool paused);
  bool AwaitsKeyFrame(uint32_t stream) const;

  // Queues a packet for the peer, as `stream`. The reason if it is not for it, which is counted.
  std::optional<DropReason> Push(Timestamp now, uint32_t stream, const rtp::RtpPacket& packet,
                                 PayloadType mapped);
  // Counts a packet that could not even be offered.
  void Refuse(uint32_t stream, DropReason reason) { streams_[stream]->drops.Count(reason); }
  void RecordSourceTime(uint32_t stream, const SourceTime& time);

  // Takes what a member of a compound says about our streams.
  FeedbackResult ReceiveFeedback(Timestamp now, const rtp::RtcpPacket& member);

  // Lets go of everything queued and stored: there is nobody to send it to, and packets are shared
  // with others who need the slots.
  void ReleasePackets();

  std::optional<Timestamp> NextTimeout() const;
  // Appends media that may leave now. True if the batch is full and there is more.
  bool WriteMedia(Timestamp now, WebRtcLink& link, TransmitBatch& batch);
  // Writes the sender reports that are due; true if not all of them fitted.
  bool WriteReports(Timestamp now, ByteWriter& out);

  const OutboundStream& stream(uint32_t index) const { return *streams_[index]; }
  const std::vector<std::unique_ptr<OutboundStream>>& streams() const { return streams_; }
  const Totals& totals() const { return totals_; }
  // What the peer last said by REMB; zero if it never did.
  BitRate peer_estimate() const { return peer_estimate_; }
  uint64_t transport_feedback_count() const { return transport_feedback_count_; }
  std::optional<Duration> round_trip() const { return round_trip_; }
  const DropCounters& drops() const { return drops_; }

 private:
  OutboundStream* FindBySsrc(Ssrc ssrc);
  // The stream whose decoder wants a key frame, noted among the wishes.
  OutboundStream* FindAsked(Ssrc ssrc, FeedbackResult& result);
  void RecordBlocks(Timestamp now, const rtp::ReportBlocks& blocks);
  void RecordNack(Timestamp now, const rtp::RtcpPacket& member, FeedbackResult& result);
  void Resend(Timestamp now, OutboundStream& stream, SeqNo seq);
  std::optional<size_t> WriteItem(Timestamp now, const rtp::Pacer::Item& item, WebRtcLink& link,
                                  ByteSpan room);
  void RecordSent(Timestamp now, const rtp::Pacer::Item& item, OutboundStream& stream,
                  size_t size);

  Entropy& entropy_;
  const Duration unix_offset_;
  rtp::ExtensionMap extensions_;
  // By number; empty where a consumer has gone.
  std::vector<std::unique_ptr<OutboundStream>> streams_;
  // Media and retransmission SSRCs of all streams.
  absl::flat_hash_map<Ssrc, uint32_t> by_ssrc_;
  rtp::Pacer pacer_;
  uint16_t transport_sequence_ = 0;
  // Something has been queued since packets were last released.
  bool holding_ = false;
  std::optional<Timestamp> next_report_;
  BitRate peer_estimate_;
  uint64_t transport_feedback_count_ = 0;
  std::optional<Duration> round_trip_;
  Totals totals_;
  // What cannot be laid to a stream.
  DropCounters drops_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_EGRESS_H_
