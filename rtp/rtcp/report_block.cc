#include "rtp/rtcp/report_block.h"

#include <algorithm>

namespace sluice::rtp {

ReportBlock ReportBlock::Read(ByteReader& in) {
  ReportBlock block;
  block.source = Ssrc(in.U32());
  block.fraction_lost = in.U8();
  // Sign extension: the 24 bits go to the top and come back down with their sign.
  block.cumulative_lost = static_cast<int32_t>(in.U24() << 8) >> 8;
  block.highest_sequence = in.U32();
  block.jitter = in.U32();
  block.last_sender_report = in.U32();
  block.delay_since_last = in.U32();
  return block;
}

void ReportBlock::WriteTo(ByteWriter& out) const {
  out.U32(source.value());
  out.U8(fraction_lost);
  out.U24(static_cast<uint32_t>(std::clamp(cumulative_lost, kMinLost, kMaxLost)) & 0xffffff);
  out.U32(highest_sequence);
  out.U32(jitter);
  out.U32(last_sender_report);
  out.U32(delay_since_last);
}

bool ReadReportBlocks(ByteReader& in, size_t count, ReportBlocks& blocks) {
  if (in.remaining() < count * ReportBlock::kSize) return false;
  for (size_t i = 0; i < count; ++i) blocks.push_back(ReportBlock::Read(in));
  return true;
}

}  // namespace sluice::rtp
