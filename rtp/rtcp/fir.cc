#include "rtp/rtcp/fir.h"

namespace sluice::rtp {
namespace {

constexpr size_t kEntrySize = 8;

}  // namespace

std::optional<FullIntraRequest> FullIntraRequest::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kFir);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  FullIntraRequest fir;
  fir.sources = ReadFeedbackSources(in);
  // RFC 5104 §4.3.1.1: at least one entry, or the request is for nobody.
  if (!in.ok() || in.empty() || in.remaining() % kEntrySize != 0) return std::nullopt;

  while (!in.empty() && !fir.entries.full()) {
    Entry entry;
    entry.source = Ssrc(in.U32());
    entry.number = in.U8();
    in.Skip(3);
    fir.entries.push_back(entry);
  }
  return fir;
}

void FullIntraRequest::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kFir, sources);
  for (const Entry& entry : entries) {
    out.U32(entry.source.value());
    out.U8(entry.number);
    out.Zeros(3);
  }
  frame.Finish();
}

}  // namespace sluice::rtp
