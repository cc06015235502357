#include "rtp/rtcp/nack.h"

#include <bit>

namespace sluice::rtp {
namespace {

constexpr size_t kEntrySize = 4;
constexpr int kMaskBits = 16;

}  // namespace

// RFC 4585 §6.2.1: an entry names one lost packet (PID) and, in a bit mask (BLP), which of the
// sixteen that follow it are lost as well.
std::optional<GenericNack> GenericNack::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kNack);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  GenericNack nack;
  nack.sources = ReadFeedbackSources(in);
  // An empty list asks for nothing. Accepting it would let a peer keep us busy with feedback that
  // has no answer.
  if (!in.ok() || in.empty() || in.remaining() % kEntrySize != 0) return std::nullopt;

  while (!in.empty() && !nack.entries.full()) {
    Entry entry;
    entry.first = SeqNo(in.U16());
    entry.following = in.U16();
    nack.entries.push_back(entry);
  }
  nack.ignored_entries = in.remaining() / kEntrySize;
  return nack;
}

void GenericNack::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kNack, sources);
  for (const Entry& entry : entries) {
    out.U16(entry.first.value());
    out.U16(entry.following);
  }
  frame.Finish();
}

bool GenericNack::Add(SeqNo lost) {
  if (!entries.empty()) {
    Entry& last = entries.back();
    const int distance = lost.DistanceFrom(last.first);
    if (distance > 0 && distance <= kMaskBits) {
      last.following = static_cast<uint16_t>(last.following | 1u << (distance - 1));
      return true;
    }
  }
  return entries.push_back({lost, 0});
}

size_t GenericNack::lost_count() const {
  size_t count = 0;
  for (const Entry& entry : entries) {
    count += 1 + static_cast<size_t>(std::popcount(entry.following));
  }
  return count;
}

}  // namespace sluice::rtp
