#include "tests/support/sim_send_track.h"

#include <utility>

namespace sluice::test {
namespace {

constexpr Duration kAudioInterval{20'000};
constexpr size_t kAudioPayload = 80;

}  // namespace

void SimSendTrack::Start(Timestamp now) {
  if (next_frame_) return;
  next_frame_ = now;
  first_frame_ = now;
  key_frame_wanted_ = true;
}

void SimSendTrack::RequestKeyFrame(Timestamp now) {
  ++key_frame_requests_;
  if (last_key_frame_ && now - *last_key_frame_ < kKeyFrameSpacing) return;
  key_frame_wanted_ = true;
}

void SimSendTrack::Resend(SeqNo seq) {
  ++resend_requests_;
  if (!track_.nack || history_.empty()) return;
  // The history has no holes, so the place follows from the number.
  const int back = SeqNo(history_.back().seq).DistanceFrom(seq);
  if (back < 0 || static_cast<size_t>(back) >= history_.size()) return;
  RtpPacketBuilder packet = history_[history_.size() - 1 - static_cast<size_t>(back)].packet;
  AddNames(packet, track_.rtx_ssrc.has_value());
  if (track_.rtx_ssrc) {
    packet.WrappedInRtx(track_.rtx_ssrc->value(), track_.rtx_payload_type.value(), rtx_seq_++);
  }
  ++resent_;
  ready_.push_back(std::move(packet));
}

void SimSendTrack::HandleTimeout(Timestamp now) {
  while (next_frame_ && *next_frame_ <= now) {
    MakeFrame(*next_frame_);
    *next_frame_ += video() ? encoder_.frame_interval : kAudioInterval;
  }
}

std::optional<RtpPacketBuilder> SimSendTrack::Poll() {
  if (ready_.empty()) return std::nullopt;
  RtpPacketBuilder packet = std::move(ready_.front());
  ready_.pop_front();
  return packet;
}

void SimSendTrack::MakeFrame(Timestamp now) {
  const int64_t elapsed = (now - first_frame_).count();
  timestamp_ = encoder_.first_timestamp +
               static_cast<uint32_t>(elapsed * ClockRate(track_.kind) / 1'000'000);
  if (!video()) {
    MakePacket(OpusPayload(false, kAudioPayload), false);
    return;
  }
  const bool key = std::exchange(key_frame_wanted_, false);
  if (key) {
    ++key_frames_;
    last_key_frame_ = now;
  }
  MakePicture(key, key ? encoder_.packets_per_key_frame : encoder_.packets_per_frame);
}

// Temporal layers in the usual patterns: 0 1 0 1 and 0 2 1 2. What is above the lowest refers to
// nothing above it, so that a receiver may go up at any picture.
void SimSendTrack::MakePicture(bool key, int count) {
  static constexpr uint8_t kPatterns[3][4] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 1, 2}};
  if (key) pattern_ = 0;
  const uint8_t temporal = kPatterns[encoder_.temporal_layers - 1][pattern_++ % 4];
  if (temporal == 0) ++base_index_;
  ++picture_id_;
  for (int i = 0; i < count; ++i) {
    Vp8PayloadOptions payload;
    payload.key_frame = key;
    payload.start = i == 0;
    payload.picture_id = static_cast<uint16_t>(picture_id_ & 0x7fff);
    payload.size = encoder_.payload_size;
    payload.width = encoder_.width;
    payload.height = encoder_.height;
    if (encoder_.temporal_layers > 1) {
      payload.temporal = temporal;
      payload.base_index = base_index_;
      payload.layer_sync = temporal > 0;
      payload.non_reference = temporal == encoder_.temporal_layers - 1;
    }
    MakePacket(Vp8Payload(payload), i + 1 == count);
  }
}

void SimSendTrack::MakePacket(Bytes payload, bool last) {
  MediaMark{track_.ssrc.value(), index_++}.WriteTo(payload);
  payload_bytes_ += static_cast<uint32_t>(payload.size());
  RtpPacketBuilder packet;
  packet.WithSsrc(track_.ssrc.value())
      .WithPayloadType(track_.payload_type.value())
      .WithSeq(seq_)
      .WithTimestamp(timestamp_)
      .WithMarker(last);
  if (!video()) packet.WithExtension(kAudioLevelExtensionId, {level_});
  packet.WithPayload(std::move(payload));
  history_.push_back({seq_, packet});
  if (history_.size() > kHistory) history_.pop_front();
  ++seq_;
  AddNames(packet, false);
  ready_.push_back(std::move(packet));
}

void SimSendTrack::AddNames(RtpPacketBuilder& packet, bool repaired) const {
  if (!names_) return;
  packet.WithTextExtension(kMidExtensionId, track_.mid);
  if (track_.signals_ssrcs || track_.rid.empty()) return;
  packet.WithTextExtension(repaired ? kRepairedRidExtensionId : kRidExtensionId, track_.rid);
}

rtp::SenderReport SimSendTrack::MakeReport(Timestamp now) const {
  rtp::SenderReport report;
  report.sender = track_.ssrc;
  report.ntp = NtpTime::From(now, kPeerUnixOffset);
  const int64_t elapsed = (now - first_frame_).count();
  report.rtp_timestamp = encoder_.first_timestamp +
                         static_cast<uint32_t>(elapsed * ClockRate(track_.kind) / 1'000'000);
  report.packet_count = index_;
  report.octet_count = payload_bytes_;
  return report;
}

}  // namespace sluice::test
