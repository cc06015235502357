#include "rtp/rtcp/bye.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

std::optional<Bye> Bye::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kBye);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  Bye bye;
  for (size_t i = 0; i < rtcp->count(); ++i) bye.sources.push_back(Ssrc(in.U32()));
  // What is behind the sources is the reason, with its length and zeros to fill the last word.
  if (!in.empty()) bye.reason = AsText(in.Bytes(in.U8()));
  if (!in.ok()) return std::nullopt;
  return bye;
}

void Bye::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kBye, sources.size());
  for (Ssrc source : sources) out.U32(source.value());
  if (const std::string_view text = reason.substr(0, kMaxReason); !text.empty()) {
    out.U8(static_cast<uint8_t>(text.size()));
    out.Bytes(AsBytes(text));
    out.Zeros((4 - (1 + text.size()) % 4) % 4);
  }
  frame.Finish();
}

}  // namespace sluice::rtp
