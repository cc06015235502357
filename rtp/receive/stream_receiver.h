// One incoming media stream and its retransmissions: order, duplicates, loss, jitter, requests for
// what is missing, and what to report about it (RFC 3550 §6.4.1, RFC 4585 §6.2.1, RFC 4588).
//
// It decides whether a packet is new; it does not hold packets back. Reordered ones go on as they
// come: putting them in order is the work of the jitter buffer at the far end.

#ifndef SLUICE_RTP_RECEIVE_STREAM_RECEIVER_H_
#define SLUICE_RTP_RECEIVE_STREAM_RECEIVER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "base/drop_reason.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/rate_meter.h"
#include "rtp/receive/nack_tracker.h"
#include "rtp/receive/reception_statistics.h"
#include "rtp/receive/score.h"
#include "rtp/receive/sequence_window.h"
#include "rtp/rtcp/report_block.h"

namespace sluice::rtp {

class StreamReceiver {
 public:
  struct Options {
    Ssrc ssrc;
    MediaKind kind = MediaKind::kVideo;
    uint32_t clock_rate = 90'000;
    bool nack = false;       // the peer answers requests for retransmission
    Duration nack_delay{0};  // the least that a first request waits
    // Without a packet for this long the stream counts as dead, and its score is 0.
    Duration inactive_after{2'500'000};
  };

  struct Stats {
    uint64_t packets = 0;  // that went on, retransmissions included
    uint64_t bytes = 0;
    BitRate rate;
    int64_t packets_lost = 0;  // by the network, whether repaired or not
    uint8_t fraction_lost = 0;
    uint32_t jitter = 0;             // in units of the stream's clock
    uint64_t packets_discarded = 0;  // duplicates, too old, unconfirmed jumps
    uint64_t duplicates = 0;
    uint64_t packets_retransmitted = 0;  // retransmissions that came, needed or not
    uint64_t packets_repaired = 0;       // of them, those that were missing
    uint64_t rtx_packets_discarded = 0;  // of them, those that were not
    uint64_t padding_packets = 0;
    uint64_t nack_count = 0;         // requests sent
    uint64_t nack_packet_count = 0;  // packets named in them
    uint64_t given_up = 0;           // packets no longer waited for
    uint64_t pli_count = 0;
    uint64_t fir_count = 0;
    uint64_t key_frames = 0;
    uint64_t restarts = 0;
    size_t missing = 0;
    std::optional<Duration> round_trip;
    uint8_t score = Score::kBest;
  };

  struct SenderClock {
    NtpTime ntp;
    uint32_t rtp_timestamp = 0;
    Timestamp arrival;
  };

  explicit StreamReceiver(const Options& options);

  // Places a packet; if it goes on, its unwrapped number is set. Its description must be set
  // before. A retransmission must have been unwrapped.
  //
  // A packet of padding only takes part in everything but is not to be forwarded (kRtpPadding); its
  // unwrapped number is set as well, so that forwarders may close the gap it leaves.
  std::variant<RtpSeq, DropReason> Receive(Timestamp now, RtpPacket& packet);

  // The stream goes on under another SSRC: a peer that restarts its encoder may do that. The
  // numbers of the new row continue above those of the old one.
  void Rebind(Ssrc ssrc);

  void RecordSenderReport(Timestamp now, NtpTime ntp, uint32_t rtp_timestamp);
  void RecordRtt(Duration rtt);
  // A key-frame request was sent to the source.
  void RecordPliSent() { ++counts_.pli_count; }
  void RecordFirSent() { ++counts_.fir_count; }

  // RFC 3550 §6.4.1; what it says of the interval begins anew.
  ReportBlock TakeReportBlock(Timestamp now);

  // When PollNack has something to say. It fills `out` with the numbers that are due; one that
  // comes back full should be called again.
  std::optional<Timestamp> NextTimeout() const;
  size_t PollNack(Timestamp now, std::span<SeqNo> out);
  // True once each time the source must be asked for a key frame because packets were given up.
  bool TakeKeyFrameNeed();

  Ssrc ssrc() const { return ssrc_; }
  MediaKind kind() const { return options_.kind; }
  bool started() const { return window_.started(); }
  bool IsActive(Timestamp now) const;
  uint8_t score(Timestamp now) const;
  // What the last sender report said, for the synchronisation of streams.
  const std::optional<SenderClock>& sender_clock() const { return sender_clock_; }
  Stats stats(Timestamp now) const;

 private:
  using Placement = SequenceWindow::Placement;
  using Order = SequenceWindow::Order;

  std::variant<RtpSeq, DropReason> ReceiveOriginal(Timestamp now, RtpPacket& packet);
  std::variant<RtpSeq, DropReason> ReceiveRetransmission(Timestamp now, RtpPacket& packet);
  Placement PlaceOriginal(const RtpPacket& packet);
  void BeginRow(const Placement& placement);
  // True if the packet repairs a loss.
  bool TrackMissing(Timestamp now, const Placement& placement, bool retransmission);
  std::variant<RtpSeq, DropReason> Accept(Timestamp now, RtpPacket& packet, RtpSeq seq);
  void RecordKeyFrame(const RtpPacket& packet, RtpSeq seq);

  const Options options_;
  Ssrc ssrc_;
  SequenceWindow window_;
  ReceptionStatistics reception_;
  NackTracker nack_;
  RateMeter rate_;
  Score score_;
  Stats counts_;  // only what is counted; the rest is filled in by stats()
  uint64_t repaired_prior_ = 0;
  uint64_t retransmitted_prior_ = 0;
  std::optional<Timestamp> last_packet_;
  std::optional<uint32_t> last_key_timestamp_;
  std::optional<SenderClock> sender_clock_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_STREAM_RECEIVER_H_
