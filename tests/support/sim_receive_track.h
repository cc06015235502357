// One track as a simulated browser receives it: asks for what is missing (RFC 4585), takes
// retransmissions with or without RTX (RFC 4588), and judges what came of it all.
//
// Deliberately not made of rtp/receive, which is what it judges: packets are taken apart here, and
// what arrived is told by the marks in the payloads, not by sequence numbers.

#ifndef SLUICE_TESTS_SUPPORT_SIM_RECEIVE_TRACK_H_
#define SLUICE_TESTS_SUPPORT_SIM_RECEIVE_TRACK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/rtcp/sender_report.h"
#include "tests/support/sim_decoder.h"
#include "tests/support/sim_media.h"

namespace sluice::test {

// The fields of a clear RTP packet that a receiver needs.
struct SimRtp {
  Ssrc ssrc;
  PayloadType payload_type;
  SeqNo seq;
  uint32_t timestamp = 0;
  bool marker = false;
  ByteView payload;
  uint8_t padding = 0;  // bytes behind the payload (RFC 3550 §5.1)
  std::optional<uint16_t> transport_sequence;

  static std::optional<SimRtp> Parse(ByteView packet);
};

class SimReceiveTrack {
 public:
  // `sources` are the encodings of the track it is expected to carry.
  SimReceiveTrack(const SimTrackOptions& track, std::vector<Ssrc> sources, Timestamp now)
      : track_(track), sources_(std::move(sources)), since_(now) {}

  // A packet under the SSRC of the track or of its retransmissions.
  void Receive(Timestamp now, const SimRtp& packet);
  void RecordSenderReport(Timestamp now, const rtp::SenderReport& report);
  void set_round_trip(Duration round_trip) { round_trip_ = round_trip; }

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // Numbers to ask for now.
  std::vector<SeqNo> TakeNacks(Timestamp now);
  bool TakeKeyFrameWish();
  std::optional<rtp::ReportBlock> MakeReportBlock(Timestamp now);

  const SimTrackOptions& track() const { return track_; }
  // Different packets of the source that arrived, whole and unchanged.
  uint64_t packets() const { return received_.size(); }
  // Of the packets `first` to `end` - 1 of its only source, how many.
  uint64_t packets_between(uint32_t first, uint32_t end) const;
  // The encoding whose packet came last in order, by its place among the sources; and how often
  // that changed.
  size_t encoding() const { return encoding_; }
  uint64_t switches() const { return switches_; }
  // Empty packets: those that pad, and those that stand for a number that nobody will send.
  uint64_t empty() const { return empty_; }
  // Bytes of padding behind payload that was there.
  uint64_t padding_bytes() const { return padding_bytes_; }
  // Of the packets from the first to the last that arrived, how many never did. What is still on
  // its way or being asked for counts: let the sender stop and the network settle first. For tracks
  // of one encoding without temporal layers.
  uint64_t residual_loss() const;
  double residual_loss_share() const;
  uint64_t duplicates() const { return duplicates_; }
  uint64_t repeats() const { return repeats_; }  // packets that came as retransmissions
  // Retransmissions of what was there and had not been asked for: they probe the path.
  uint64_t probes() const { return probes_; }
  uint64_t nacked() const { return nacked_; }
  uint64_t key_frame_requests() const { return key_frame_requests_; }
  // Packets that are not the source's, or not as it made them.
  uint64_t foreign() const { return foreign_; }
  // Numbers that stood for two different packets of the source, or were out of step with it.
  uint64_t misnumbered() const { return misnumbered_; }
  std::optional<Timestamp> last_packet() const { return last_packet_; }
  uint64_t sender_reports() const { return sender_reports_; }
  const std::optional<rtp::SenderReport>& sender_report() const { return sender_report_; }

  const SimDecoder& decoder() const { return decoder_; }
  // Since the subscription.
  std::optional<Duration> first_picture() const;
  std::optional<Duration> first_packet() const;

 private:
  struct Missing {
    Timestamp due;
    int tries = 0;
  };

  static constexpr int kMaxTries = 10;
  // How long libwebrtc waits for a picture before it asks for a key frame.
  static constexpr Duration kPictureWait{200'000};
  static constexpr Duration kKeyFrameRetry{300'000};
  // After so long the picture is not waited for any longer.
  static constexpr Duration kMaxWait{1'000'000};

  bool video() const { return track_.kind == rtp::MediaKind::kVideo; }
  void Place(Timestamp now, int64_t seq);
  // False if the packet is none of the sources'.
  bool CheckMark(int64_t seq, ByteView payload);
  void CheckOrder(std::map<int64_t, MediaMark>::const_iterator at);
  void Decode(Timestamp now, int64_t seq, const SimRtp& packet, ByteView payload);

  const SimTrackOptions track_;
  const std::vector<Ssrc> sources_;
  const Timestamp since_;
  Duration round_trip_{100'000};

  Unwrapper<RtpSeq, uint16_t> unwrapper_;
  std::optional<int64_t> newest_;
  std::map<int64_t, Missing> missing_;
  std::set<std::pair<uint32_t, uint32_t>> received_;
  // Which packet of a source came under which number.
  std::map<int64_t, MediaMark> mark_of_;
  size_t encoding_ = 0;
  uint64_t switches_ = 0;
  uint64_t empty_ = 0;
  uint64_t padding_bytes_ = 0;
  uint64_t empty_numbers_ = 0;  // of them, those under the SSRC of the media
  SimDecoder decoder_;

  std::optional<Timestamp> first_packet_;
  std::optional<Timestamp> last_packet_;
  std::optional<Timestamp> key_frame_due_;
  bool key_frame_wish_ = false;
  uint64_t duplicates_ = 0;
  uint64_t repeats_ = 0;
  uint64_t probes_ = 0;
  uint64_t nacked_ = 0;
  uint64_t key_frame_requests_ = 0;
  uint64_t foreign_ = 0;
  uint64_t misnumbered_ = 0;
  uint64_t sender_reports_ = 0;
  std::optional<rtp::SenderReport> sender_report_;
  std::optional<Timestamp> sender_report_at_;
  int64_t expected_prior_ = 0;
  int64_t arrivals_prior_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_RECEIVE_TRACK_H_
