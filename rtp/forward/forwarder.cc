#include "rtp/forward/forwarder.h"

#include "base/check.h"

namespace sluice::rtp {

Forwarder::Forwarder(const Options& options)
    : options_(options),
      sequence_(options.first_seq),
      timestamps_(options.clock_rate, options.first_timestamp) {
  SLUICE_DCHECK(options.first_seq.value() < 0x8000);
}

Verdict Forwarder::Admit(const RtpPacket& packet, PayloadType mapped) {
  if (paused_) return DropReason::kConsumerPaused;

  const std::optional<PayloadType> payload_type = options_.payload_types.Find(mapped);
  if (!payload_type) return LeaveOut(packet, DropReason::kUnsupportedPayload);
  if (packet.payload().empty()) return LeaveOut(packet, DropReason::kRtpPadding);

  if (!Continues(packet)) {
    if (const auto reason = Begin(packet)) return *reason;
  }
  const RtpSeq in = packet.unwrapped_seq();
  const std::optional<SeqNo> seq = sequence_.Map(in);
  if (!seq) return DropReason::kTooLate;
  // Before the entry only the frame we entered at is of use: its first packet, which told that it
  // is a key frame, need not have come first.
  if (in < entry_ && packet.timestamp() != entry_timestamp_) return DropReason::kTooLate;
  return Rewrite{options_.ssrc, *payload_type, *seq,
                 timestamps_.Map(packet.arrival(), packet.timestamp()), packet.marker()};
}

void Forwarder::SetPaused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  running_ = false;
}

std::optional<DropReason> Forwarder::Begin(const RtpPacket& packet) {
  if (source_ == packet.ssrc()) return Resume(packet);
  if (source_) return ChangeSource(packet);

  if (!IsEntry(packet)) return DropReason::kAwaitingKeyframe;
  source_ = packet.ssrc();
  entry_ = packet.unwrapped_seq();
  entry_timestamp_ = packet.timestamp();
  sequence_.Start(entry_, options_.kind == MediaKind::kVideo ? kLead : 0);
  timestamps_.Restart(packet.arrival(), packet.timestamp());
  running_ = true;
  return std::nullopt;
}

std::optional<DropReason> Forwarder::ChangeSource(const RtpPacket& packet) {
  // What the old source sent last may be overtaken by what the new one sends first. Taking it for
  // a change back would cut the stream twice more.
  if (replaced_ == packet.ssrc() && packet.arrival() - replaced_at_ < kSourceSettles) {
    return DropReason::kTooLate;
  }
  // A decoder can enter the new source only at a key frame; until one comes, the old one plays on.
  if (!IsEntry(packet)) return DropReason::kAwaitingKeyframe;
  replaced_ = source_;
  replaced_at_ = packet.arrival();
  source_ = packet.ssrc();
  entry_ = packet.unwrapped_seq();
  entry_timestamp_ = packet.timestamp();
  sequence_.Restart(entry_);
  timestamps_.Restart(packet.arrival(), packet.timestamp());
  running_ = true;
  return std::nullopt;
}

// After a pause, or a gap too wide to be repaired.
std::optional<DropReason> Forwarder::Resume(const RtpPacket& packet) {
  const RtpSeq in = packet.unwrapped_seq();
  if (in <= sequence_.newest()) {
    // From before the pause. Sound can still fill a hole there; a picture has nothing to refer to,
    // and a key frame from then is no place to go on from.
    if (options_.needs_key_frame) return DropReason::kTooLate;
    return std::nullopt;
  }
  running_ = IsEntry(packet);
  if (!running_) return DropReason::kAwaitingKeyframe;
  if (timestamps_.Resume(packet.arrival(), packet.timestamp())) {
    sequence_.Start(in);
    return std::nullopt;
  }
  // Times of before can no longer be told, so that late packets from then must be refused.
  entry_ = in;
  entry_timestamp_ = packet.timestamp();
  sequence_.Restart(in);
  return std::nullopt;
}

DropReason Forwarder::LeaveOut(const RtpPacket& packet, DropReason reason) {
  if (Continues(packet)) sequence_.Skip(packet.unwrapped_seq());
  return reason;
}

}  // namespace sluice::rtp
