#include "rtp/rtcp/application_data.h"

namespace sluice::rtp {

std::optional<ApplicationData> ApplicationData::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kApplicationData);
  if (!rtcp) return std::nullopt;
  ByteReader in(rtcp->body());
  ApplicationData parsed;
  parsed.sender = Ssrc(in.U32());
  parsed.name = in.U32();
  if (!in.ok()) return std::nullopt;
  parsed.subtype = rtcp->count();
  parsed.data = rtcp->body().subspan(kOverhead - kRtcpHeaderSize);
  return parsed;
}

void ApplicationData::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kApplicationData, subtype);
  out.U32(sender.value());
  out.U32(name);
  out.Bytes(data);
  frame.Pad();
  frame.Finish();
}

}  // namespace sluice::rtp
