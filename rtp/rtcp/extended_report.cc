#include "rtp/rtcp/extended_report.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {
namespace {

constexpr uint8_t kBlockReferenceTime = 4;
constexpr uint8_t kBlockDlrr = 5;
constexpr size_t kReferenceTimeSize = 8;
constexpr size_t kDlrrEntrySize = 12;

// False if the block cannot be what its type says.
bool ReadBlock(uint8_t type, ByteView content, ExtendedReport& report) {
  ByteReader in(content);
  if (type == kBlockReferenceTime) {
    if (content.size() != kReferenceTimeSize) return false;
    if (!report.reference_time) report.reference_time = NtpTime(in.U64());
    return true;
  }
  if (type != kBlockDlrr) return true;
  if (content.size() % kDlrrEntrySize != 0) return false;
  while (!in.empty() && !report.dlrr.full()) {
    ExtendedReport::Dlrr entry;
    entry.receiver = Ssrc(in.U32());
    entry.last_report = in.U32();
    entry.delay = in.U32();
    report.dlrr.push_back(entry);
  }
  return true;
}

void WriteBlockHeader(ByteWriter& out, uint8_t type, size_t size) {
  out.U8(type);
  out.U8(0);  // reserved in both blocks
  out.U16(static_cast<uint16_t>(size / 4));
}

}  // namespace

std::optional<ExtendedReport> ExtendedReport::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kExtendedReport);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  ExtendedReport report;
  report.sender = Ssrc(in.U32());
  while (in.ok() && !in.empty()) {
    const uint8_t type = in.U8();
    in.Skip(1);
    const size_t size = size_t{in.U16()} * 4;
    const ByteView content = in.Bytes(size);
    // RFC 3611 §3: unknown blocks are skipped, so only the length must be right for them.
    if (!in.ok() || !ReadBlock(type, content, report)) return std::nullopt;
  }
  if (!in.ok()) return std::nullopt;
  return report;
}

void ExtendedReport::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kExtendedReport);
  out.U32(sender.value());
  if (reference_time) {
    WriteBlockHeader(out, kBlockReferenceTime, kReferenceTimeSize);
    out.U64(reference_time->raw());
  }
  if (!dlrr.empty()) {
    WriteBlockHeader(out, kBlockDlrr, dlrr.size() * kDlrrEntrySize);
    for (const Dlrr& entry : dlrr) {
      out.U32(entry.receiver.value());
      out.U32(entry.last_report);
      out.U32(entry.delay);
    }
  }
  frame.Finish();
}

}  // namespace sluice::rtp
