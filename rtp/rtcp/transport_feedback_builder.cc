#include "rtp/rtcp/transport_feedback_builder.h"

#include <algorithm>
#include <limits>

#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp {
namespace {

constexpr size_t kHeaderSize = kRtcpHeaderSize + 8 + 8;
constexpr size_t kMaxPadding = 3;
constexpr size_t kChunkSize = 2;
constexpr size_t kMaxRun = 0x1fff;
constexpr size_t kMaxStatuses = 0xffff;
constexpr size_t kOneBitSymbols = 14;
constexpr size_t kTwoBitSymbols = 7;
constexpr int64_t kMaxSmallDelta = 0xff;

// To the nearest tick, so that errors do not add up in one direction.
int64_t TicksOf(Timestamp time) {
  return (time.time_since_epoch() + TransportFeedback::kTick / 2) / TransportFeedback::kTick;
}

}  // namespace

TransportFeedbackBuilder::TransportFeedbackBuilder(TransportSeq base, Timestamp first_arrival,
                                                   size_t room)
    : base_(base),
      reference_(first_arrival.time_since_epoch() / TransportFeedback::kReferenceTick),
      room_(room),
      last_ticks_(reference_ * (TransportFeedback::kReferenceTick / TransportFeedback::kTick)),
      size_bound_(kHeaderSize + kMaxPadding) {}

bool TransportFeedbackBuilder::Add(TransportSeq sequence, Timestamp arrival) {
  const int64_t offset = sequence - base_;
  SLUICE_DCHECK(offset >= static_cast<int64_t>(status_count_));
  const int64_t delta = TicksOf(arrival) - last_ticks_;
  if (offset >= static_cast<int64_t>(kMaxStatuses) || received_.full()) return false;
  if (delta < std::numeric_limits<int16_t>::min() || delta > std::numeric_limits<int16_t>::max()) {
    return false;
  }
  // At worst each packet has a chunk of its own, and the gap before it one for each full run and
  // one for the rest.
  const size_t gap = static_cast<size_t>(offset) - status_count_;
  const size_t gap_chunks = gap == 0 ? 0 : gap / kMaxRun + 1;
  const size_t bound = size_bound_ + sizeof(int16_t) + kChunkSize * (1 + gap_chunks);
  if (bound > room_) return false;

  size_bound_ = bound;
  status_count_ = static_cast<size_t>(offset) + 1;
  last_ticks_ += delta;
  received_.push_back({static_cast<uint16_t>(offset), static_cast<int16_t>(delta)});
  return true;
}

uint8_t TransportFeedbackBuilder::SymbolOf(const Received& received) {
  return received.delta >= 0 && received.delta <= kMaxSmallDelta ? 1 : 2;
}

uint8_t TransportFeedbackBuilder::SymbolAt(size_t offset, size_t index) const {
  if (index >= received_.size() || received_[index].offset != offset) return 0;
  return SymbolOf(received_[index]);
}

size_t TransportFeedbackBuilder::RunLength(size_t offset, size_t index) const {
  const uint8_t symbol = SymbolAt(offset, index);
  // The last status is always that of a received packet, so a gap ends at one.
  if (symbol == 0) return std::min<size_t>(received_[index].offset - offset, kMaxRun);
  size_t length = 0;
  while (length < kMaxRun && SymbolAt(offset + length, index + length) == symbol) ++length;
  return length;
}

// Fourteen symbols of one bit, or seven of two if any of the fourteen has a large delta to tell.
size_t TransportFeedbackBuilder::VectorSpan(size_t offset, size_t index) const {
  for (size_t i = 0; i < kOneBitSymbols; ++i) {
    const uint8_t symbol = SymbolAt(offset + i, index);
    if (symbol == 2) return kTwoBitSymbols;
    if (symbol != 0) ++index;
  }
  return kOneBitSymbols;
}

// A run where it says at least as much as a vector would, a vector otherwise.
size_t TransportFeedbackBuilder::WriteChunk(ByteWriter& out, size_t offset, size_t index) const {
  const size_t run = RunLength(offset, index);
  const size_t span = VectorSpan(offset, index);
  if (run >= span || offset + run == status_count_) {
    out.U16(static_cast<uint16_t>(SymbolAt(offset, index) << 13 | static_cast<int>(run)));
    return run;
  }

  const int width = span == kOneBitSymbols ? 1 : 2;
  unsigned chunk = width == 1 ? 0b10 : 0b11;
  for (size_t i = 0; i < span; ++i) {
    const uint8_t symbol = SymbolAt(offset + i, index);
    if (symbol != 0) ++index;
    chunk = chunk << width | symbol;
  }
  out.U16(static_cast<uint16_t>(chunk));
  // What is left over in the last vector speaks of nobody.
  return std::min(span, status_count_ - offset);
}

void TransportFeedbackBuilder::WriteTo(ByteWriter& out, const FeedbackSources& sources,
                                       uint8_t feedback_count) const {
  RtcpFrame frame(out, RtcpKind::kTransportFeedback, sources);
  out.U16(static_cast<uint16_t>(base_.value));
  out.U16(static_cast<uint16_t>(status_count_));
  out.U24(static_cast<uint32_t>(reference_) & 0xffffff);
  out.U8(feedback_count);

  size_t index = 0;
  for (size_t offset = 0; offset < status_count_;) {
    offset += WriteChunk(out, offset, index);
    while (index < received_.size() && received_[index].offset < offset) ++index;
  }
  for (const Received& received : received_) {
    if (SymbolOf(received) == 1) {
      out.U8(static_cast<uint8_t>(received.delta));
    } else {
      out.U16(static_cast<uint16_t>(received.delta));
    }
  }
  frame.Pad();
  frame.Finish();
}

}  // namespace sluice::rtp
