#include "rtp/rtcp/receiver_report.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

std::optional<ReceiverReport> ReceiverReport::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kReceiverReport);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  ReceiverReport report;
  report.sender = Ssrc(in.U32());
  if (!in.ok() || !ReadReportBlocks(in, rtcp->count(), report.blocks)) return std::nullopt;
  return report;
}

void ReceiverReport::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kReceiverReport, blocks.size());
  out.U32(sender.value());
  for (const ReportBlock& block : blocks) block.WriteTo(out);
  frame.Finish();
}

}  // namespace sluice::rtp
