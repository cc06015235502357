#include "rtp/receive/stream_receiver.h"

#include <algorithm>

namespace sluice::rtp {

StreamReceiver::StreamReceiver(const Options& options)
    : options_(options),
      ssrc_(options.ssrc),
      reception_(options.clock_rate),
      nack_(options.kind == MediaKind::kVideo, options.nack_delay) {}

std::variant<RtpSeq, DropReason> StreamReceiver::Receive(Timestamp now, RtpPacket& packet) {
  return packet.was_retransmission() ? ReceiveRetransmission(now, packet)
                                     : ReceiveOriginal(now, packet);
}

std::variant<RtpSeq, DropReason> StreamReceiver::ReceiveOriginal(Timestamp now, RtpPacket& packet) {
  const Placement placement = PlaceOriginal(packet);
  if (placement.order == Order::kDuplicate) {
    ++counts_.duplicates;
    ++counts_.packets_discarded;
    return DropReason::kRtpDuplicate;
  }
  if (placement.order == Order::kTooOld) {
    ++counts_.packets_discarded;
    return DropReason::kRtpTooOld;
  }
  if (placement.order == Order::kFirst || placement.order == Order::kRestarted) {
    BeginRow(placement);
  }
  if (TrackMissing(now, placement, false)) {
    // Without RTX an answer looks like the packet itself.
    ++counts_.packets_retransmitted;
    ++counts_.packets_repaired;
  } else {
    reception_.RecordReceived(placement.seq, packet.timestamp(), packet.arrival());
  }
  return Accept(now, packet, placement.seq);
}

std::variant<RtpSeq, DropReason> StreamReceiver::ReceiveRetransmission(Timestamp now,
                                                                       RtpPacket& packet) {
  ++counts_.packets_retransmitted;
  const Placement placement = window_.PlaceRetransmission(packet.seq());
  if (placement.order == Order::kDuplicate || placement.order == Order::kTooOld) {
    ++counts_.rtx_packets_discarded;
    return DropReason::kRtxUnwanted;
  }
  ++counts_.packets_repaired;
  reception_.RecordExpected(placement.seq);
  TrackMissing(now, placement, true);
  return Accept(now, packet, placement.seq);
}

// A packet far behind the others is welcome if we asked for it: without RTX, answers come under the
// stream's own SSRC.
SequenceWindow::Placement StreamReceiver::PlaceOriginal(const RtpPacket& packet) {
  const bool awaited =
      options_.nack && window_.started() && nack_.IsWaitingFor(window_.Unwrap(packet.seq()));
  return window_.Place(packet.seq(),
                       awaited ? SequenceWindow::kMaxAge : SequenceWindow::kMaxMisorder);
}

void StreamReceiver::BeginRow(const Placement& placement) {
  reception_.Begin(placement.seq);
  if (placement.order != Order::kRestarted) return;
  ++counts_.restarts;
  nack_.Restart();
}

bool StreamReceiver::TrackMissing(Timestamp now, const Placement& placement, bool retransmission) {
  if (!options_.nack) return retransmission;
  if (placement.order == Order::kLate) return nack_.RecordLate(now, placement.seq, retransmission);
  nack_.RecordNewest(now, placement.seq, placement.skipped);
  return retransmission;
}

std::variant<RtpSeq, DropReason> StreamReceiver::Accept(Timestamp now, RtpPacket& packet,
                                                        RtpSeq seq) {
  packet.set_unwrapped(seq);
  rate_.Record(now, packet.size());
  ++counts_.packets;
  counts_.bytes += packet.size();
  last_packet_ = now;
  if (packet.payload().empty()) {
    ++counts_.padding_packets;
    return DropReason::kRtpPadding;
  }
  if (packet.description().key_frame) RecordKeyFrame(packet, seq);
  return seq;
}

// Several packets may claim to begin one key frame (H264: parameter sets, then the slice). Those of
// one frame share a timestamp, and the first in order is where it begins.
void StreamReceiver::RecordKeyFrame(const RtpPacket& packet, RtpSeq seq) {
  if (last_key_timestamp_ == packet.timestamp()) return;
  last_key_timestamp_ = packet.timestamp();
  ++counts_.key_frames;
  nack_.RecordKeyFrame(seq);
}

void StreamReceiver::Rebind(Ssrc ssrc) {
  if (ssrc == ssrc_) return;
  ssrc_ = ssrc;
  sender_clock_.reset();
  if (window_.started()) window_.ExpectRestart();
}

void StreamReceiver::RecordSenderReport(Timestamp now, NtpTime ntp, uint32_t rtp_timestamp) {
  sender_clock_ = SenderClock{ntp, rtp_timestamp, now};
}

void StreamReceiver::RecordRtt(Duration rtt) {
  counts_.round_trip = rtt;
  nack_.RecordRtt(rtt);
}

ReportBlock StreamReceiver::TakeReportBlock(Timestamp now) {
  const ReceptionStatistics::Interval interval = reception_.TakeInterval();
  counts_.fraction_lost = interval.fraction_lost();
  const uint64_t repaired = counts_.packets_repaired - repaired_prior_;
  const uint64_t retransmitted = counts_.packets_retransmitted - retransmitted_prior_;
  repaired_prior_ = counts_.packets_repaired;
  retransmitted_prior_ = counts_.packets_retransmitted;
  score_.Record({interval.received, interval.lost(), static_cast<int64_t>(repaired),
                 static_cast<int64_t>(retransmitted)});

  ReportBlock block;
  block.source = ssrc_;
  block.fraction_lost = counts_.fraction_lost;
  block.cumulative_lost = static_cast<int32_t>(
      std::clamp<int64_t>(reception_.lost(), ReportBlock::kMinLost, ReportBlock::kMaxLost));
  block.highest_sequence = reception_.extended_highest();
  block.jitter = reception_.jitter();
  if (sender_clock_) {
    block.last_sender_report = sender_clock_->ntp.compact();
    block.delay_since_last = ToCompactNtp(now - sender_clock_->arrival);
  }
  return block;
}

std::optional<Timestamp> StreamReceiver::NextTimeout() const { return nack_.NextTimeout(); }

size_t StreamReceiver::PollNack(Timestamp now, std::span<SeqNo> out) {
  const size_t count = nack_.Poll(now, out);
  if (count > 0) ++counts_.nack_count;
  return count;
}

bool StreamReceiver::TakeKeyFrameNeed() { return nack_.TakeKeyFrameNeed(); }

bool StreamReceiver::IsActive(Timestamp now) const {
  return last_packet_ && now - *last_packet_ < options_.inactive_after;
}

uint8_t StreamReceiver::score(Timestamp now) const { return IsActive(now) ? score_.value() : 0; }

StreamReceiver::Stats StreamReceiver::stats(Timestamp now) const {
  Stats stats = counts_;
  stats.rate = rate_.Rate(now);
  stats.packets_lost = reception_.lost();
  stats.jitter = reception_.jitter();
  stats.nack_packet_count = nack_.requested();
  stats.given_up = nack_.given_up();
  stats.missing = nack_.missing();
  stats.score = score(now);
  return stats;
}

}  // namespace sluice::rtp
