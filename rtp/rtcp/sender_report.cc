#include "rtp/rtcp/sender_report.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

std::optional<SenderReport> SenderReport::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kSenderReport);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  SenderReport report;
  report.sender = Ssrc(in.U32());
  report.ntp = NtpTime(in.U64());
  report.rtp_timestamp = in.U32();
  report.packet_count = in.U32();
  report.octet_count = in.U32();
  if (!in.ok() || !ReadReportBlocks(in, rtcp->count(), report.blocks)) return std::nullopt;
  return report;
}

void SenderReport::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kSenderReport, blocks.size());
  out.U32(sender.value());
  out.U64(ntp.raw());
  out.U32(rtp_timestamp);
  out.U32(packet_count);
  out.U32(octet_count);
  for (const ReportBlock& block : blocks) block.WriteTo(out);
  frame.Finish();
}

}  // namespace sluice::rtp
