#include "rtp/rtcp/transport_feedback.h"

#include <algorithm>

namespace sluice::rtp {
bool TransportFeedback::Statuses::Fail() {
  ok_ = false;
  left_ = 0;
  return false;
}

// §3.1.3 and §3.1.4: a chunk is a run of one symbol (first bit 0) or a vector of fourteen symbols
// of one bit or seven of two.
bool TransportFeedback::Statuses::LoadChunk() {
  const uint16_t chunk = in_.U16();
  if (!in_.ok()) return Fail();
  if ((chunk & 0x8000) == 0) {
    width_ = 0;
    symbol_ = static_cast<uint8_t>(chunk >> 13 & 3);
    in_chunk_ = std::min<size_t>(chunk & 0x1fff, left_);
    // A run of nothing would let chunks go on that speak of nobody.
    return in_chunk_ != 0 || Fail();
  }
  width_ = (chunk & 0x4000) == 0 ? 1 : 2;
  bits_ = static_cast<uint16_t>(chunk << 2);
  // The last vector may have symbols left over.
  in_chunk_ = std::min<size_t>(14u / width_, left_);
  return true;
}

bool TransportFeedback::Statuses::NextReceived() {
  while (left_ > 0) {
    if (in_chunk_ == 0 && !LoadChunk()) return false;
    if (width_ == 0 && symbol_ == 0) {
      next_ += in_chunk_;
      left_ -= in_chunk_;
      in_chunk_ = 0;
      continue;
    }
    if (width_ != 0) {
      symbol_ = static_cast<uint8_t>(bits_ >> (16 - width_));
      bits_ = static_cast<uint16_t>(bits_ << width_);
    }
    if (symbol_ == 3) return Fail();  // reserved: what follows cannot be told
    offset_ = next_++;
    --left_;
    --in_chunk_;
    if (symbol_ != 0) return true;
  }
  return false;
}

std::optional<TransportFeedback> TransportFeedback::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kTransportFeedback);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  TransportFeedback feedback;
  feedback.sources_ = ReadFeedbackSources(in);
  feedback.base_ = SeqNo(in.U16());
  feedback.status_count_ = in.U16();
  feedback.reference_time_ = static_cast<int32_t>(in.U24() << 8) >> 8;
  feedback.feedback_count_ = in.U8();
  // Feedback about nothing has no use, and no sender of it can mean well.
  if (!in.ok() || feedback.status_count_ == 0) return std::nullopt;

  Statuses statuses(in.rest(), feedback.status_count_);
  size_t delta_size = 0;
  while (statuses.NextReceived()) {
    delta_size += statuses.delta_size();
    ++feedback.received_count_;
    if (delta_size > in.remaining()) return std::nullopt;
  }
  const size_t chunk_size = in.remaining() - statuses.rest().size();
  if (!statuses.ok() || delta_size > statuses.rest().size()) return std::nullopt;
  feedback.chunks_ = in.rest().first(chunk_size);
  feedback.deltas_ = statuses.rest().first(delta_size);
  return feedback;
}

void TransportFeedback::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kTransportFeedback, sources_);
  out.U16(base_.value());
  out.U16(status_count_);
  out.U24(static_cast<uint32_t>(reference_time_) & 0xffffff);
  out.U8(feedback_count_);
  out.Bytes(chunks_);
  out.Bytes(deltas_);
  frame.Pad();
  frame.Finish();
}

bool TransportFeedback::operator==(const TransportFeedback& other) const {
  return sources_ == other.sources_ && base_ == other.base_ &&
         status_count_ == other.status_count_ && reference_time_ == other.reference_time_ &&
         feedback_count_ == other.feedback_count_ && std::ranges::equal(chunks_, other.chunks_) &&
         std::ranges::equal(deltas_, other.deltas_);
}

}  // namespace sluice::rtp
