// What one peer sends us: its streams, and what we have to tell it about them.
//
// Clear packets come in; packets that belong to a producer, are new and are described come out.
// The other output is RTCP: receiver reports, requests for what is missing, for key frames, and the
// arrival times from which the peer estimates its uplink. Who listens is not known here.

#ifndef SLUICE_WORKER_ENGINE_INGRESS_H_
#define SLUICE_WORKER_ENGINE_INGRESS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "base/drop_reason.h"
#include "base/entropy.h"
#include "base/ids.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/rate_meter.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/receive/remb_source.h"
#include "rtp/receive/stream_binder.h"
#include "rtp/rtcp/extended_report.h"
#include "rtp/rtcp/rtcp_packet.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/tmmbr.h"
#include "rtp/send/report_scheduler.h"
#include "worker/engine/inbound_stream.h"
#include "worker/engine/objects.h"

namespace sluice::worker {

// Which moment of our clock a media time of a producer belongs to; made from its sender reports so
// that all streams of one peer agree.
struct SourceTime {
  Handle<Producer> producer;
  Ssrc ssrc;
  // As the report has it.
  NtpTime ntp;
  uint32_t rtp_timestamp = 0;
  Timestamp capture;
  uint32_t packet_count = 0;
  uint32_t octet_count = 0;
};

class Ingress {
 public:
  struct Arrival {
    Handle<Producer> producer;
    rtp::RtpPacket packet;
    PayloadType mapped;  // in the router's payload types
    // Of the encoding it belongs to; valid as long as the producer. It tells what the newest packet
    // has told.
    const rtp::EncodingSource* source = nullptr;
    rtp::EncodingSource::Place place;
    // Of its pictures, as far as known.
    rtp::codec::PictureSize size;
  };
  using Verdict = std::variant<Arrival, DropReason>;

  struct ReportResult {
    bool malformed = false;
    std::optional<SourceTime> source_time;
  };

  struct Totals {
    uint64_t rtp_bytes = 0;
    uint64_t rtx_bytes = 0;
    rtp::RateMeter rtp_rate;
    rtp::RateMeter rtx_rate;
  };

  Ingress(Entropy& entropy, Duration unix_offset);

  // InvalidArgument or AlreadyExists with the field that collides with another producer.
  absl::Status AddProducer(Handle<Producer> producer, const MediaPlan& plan, const PayloadMap& map,
                           Duration key_frame_quiet);
  // What a producer leaves behind.
  struct Ended {
    // SSRCs that it had.
    std::vector<Ssrc> sources;
    // Of it or of earlier ones: those of which the next producer of their section will not know.
    std::vector<Ssrc> forgotten;
  };
  Ended RemoveProducer(Handle<Producer> producer);

  // Reads the only reference to a decrypted RTP packet; nothing if it is none.
  std::optional<rtp::RtpPacket> Parse(PacketRef bytes) const;
  Verdict ReceiveRtp(Timestamp now, rtp::RtpPacket packet);
  // Takes what a member of a compound says about the peer's own streams and its clock.
  ReportResult ReceiveReport(Timestamp now, const rtp::RtcpPacket& member);

  // An encoding of a producer, by its index.
  struct EncodingRef {
    Handle<Producer> producer;
    uint8_t encoding = 0;
  };

  // Asks for a key frame of an encoding, unless that was just done.
  void AskKeyFrame(Timestamp now, const EncodingRef& encoding);
  // Tells the peer which encodings of a producer it shall send, by their index. True if that is
  // news.
  bool Want(Timestamp now, Handle<Producer> producer,
            const std::array<bool, rtp::kMaxEncodings>& wanted);
  // Nobody waits for a key frame any more.
  void CancelKeyFrame(const EncodingRef& encoding);
  // Zero: no bound.
  void SetMaxBitRate(BitRate max);
  BitRate max_bit_rate() const { return max_bit_rate_; }
  // What REMB tells, zero where the peer estimates by itself.
  BitRate estimate() const;

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // Encodings that lost more than retransmissions can mend, each told once.
  absl::InlinedVector<EncodingRef, 4> TakeKeyFrameNeeds();

  // What was asked of the peer since the last call, for traces; kept only while somebody wants it.
  struct RequestSent {
    Handle<Producer> producer;
    Ssrc ssrc;
    // Packets asked for again; zero for a key frame.
    uint32_t packets = 0;
    bool fir = false;
  };
  bool has_requests() const { return !requests_.empty(); }
  std::vector<RequestSent> TakeRequests() { return std::exchange(requests_, {}); }
  void set_keeps_requests(bool keeps) { keeps_requests_ = keeps; }

  // Writes what is due into `out`; true if not all of it fitted and it should be called again with
  // a new datagram.
  bool WriteRtcp(Timestamp now, ByteWriter& out);

  // How well each encoding of a producer arrives, by its index.
  using Scores = std::array<uint8_t, rtp::kMaxEncodings>;
  Scores ScoresOf(Timestamp now, Handle<Producer> producer) const;
  // The streams of a producer, for statistics.
  std::vector<const InboundStream*> StreamsOf(Handle<Producer> producer) const;
  // Of all producers; empty where one has gone.
  const std::vector<std::unique_ptr<InboundStream>>& streams() const { return streams_; }
  // Every stream that has begun, as it arrives.
  template <typename Visit>
  void ForEachReceiver(Visit visit) const {
    for (const std::unique_ptr<InboundStream>& stream : streams_) {
      if (stream != nullptr && stream->receiver) visit(*stream->receiver);
    }
  }
  // What is remembered of streams that have ended.
  const rtp::EndedStreams& ended() const { return binder_.ended(); }
  std::optional<Duration> round_trip() const { return round_trip_; }
  // Decrypted packets that belong to a producer.
  const Totals& totals() const { return totals_; }

 private:
  InboundStream* Find(const EncodingRef& encoding);
  absl::Status AddExtensions(const MediaPlan& plan);
  void Withdraw(Handle<Producer> producer);
  void RecordArrival(Timestamp now, const rtp::RtpPacket& packet);
  Verdict ReceiveBound(Timestamp now, InboundStream& stream, rtp::RtpPacket packet, bool rtx);
  std::optional<SourceTime> RecordSenderReport(Timestamp now, const rtp::SenderReport& report);
  void RecordExtendedReport(Timestamp now, const rtp::ExtendedReport& report);
  size_t CountReported() const;
  void WriteReport(Timestamp now, ByteWriter& out);
  void NoteRequest(const RequestSent& request);
  bool WriteRequests(Timestamp now, InboundStream& stream, ByteWriter& out);
  bool WriteDemands(Timestamp now, ByteWriter& out);
  void RecordBound(const rtp::BoundNotification& notification);
  void ChooseEstimation(const MediaPlan& plan);

  const Duration unix_offset_;
  // Who we are when we speak of somebody else's streams.
  const Ssrc own_ssrc_;
  rtp::ExtensionMap extensions_;
  rtp::StreamBinder binder_;
  // By StreamIndex; empty where a producer has gone.
  std::vector<std::unique_ptr<InboundStream>> streams_;
  rtp::FeedbackRecorder feedback_;
  bool feedback_wanted_ = false;
  Ssrc last_media_ssrc_;
  // None while no producer reads REMB.
  std::optional<rtp::RembSource> remb_;
  std::optional<rtp::RembSource::Mode> remb_mode_;
  BitRate max_bit_rate_;
  rtp::ReportScheduler reports_;
  bool report_due_ = false;
  size_t first_reported_ = 0;
  uint8_t fir_count_ = 0;
  // The peer has been told what is wanted.
  bool demands_ = false;
  bool keeps_requests_ = false;
  std::vector<RequestSent> requests_;
  Totals totals_;
  std::optional<Duration> round_trip_;
  // The peer's wall clock less ours, smoothed; one for all its streams, so that they stay in step.
  std::optional<Duration> peer_clock_;
  // The peer's last reference time (RFC 3611 §4.4), to be echoed.
  struct Reference {
    Ssrc sender;
    NtpTime time;
    Timestamp arrival;
  };
  std::optional<Reference> reference_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_INGRESS_H_
