#include "rtp/rtcp/pli.h"

namespace sluice::rtp {

std::optional<PictureLossIndication> PictureLossIndication::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kPli);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  const PictureLossIndication pli{ReadFeedbackSources(in)};
  // RFC 4585 §6.3.1.2: there are no parameters. Bytes behind the sources are not ours to judge.
  if (!in.ok()) return std::nullopt;
  return pli;
}

void PictureLossIndication::WriteTo(ByteWriter& out) const {
  RtcpFrame(out, RtcpKind::kPli, sources).Finish();
}

}  // namespace sluice::rtp
