#include "rtp/codec/red.h"

#include "rtp/codec/opus.h"

namespace sluice::rtp::codec {
namespace {

// RFC 2198 §3: F, which says that more blocks follow.
constexpr uint8_t kMore = 0x80;

}  // namespace

std::optional<Red> Red::Parse(ByteView payload) {
  ByteReader in(payload);
  Red red;
  size_t older_size = 0;
  uint8_t head = in.U8();
  for (red.block_count = 1; (head & kMore) != 0; ++red.block_count) {
    if (red.block_count == kMaxBlocks) return std::nullopt;
    // 14 bits of time, which only players need, and 10 of length.
    older_size += in.U24() & 0x3ff;
    head = in.U8();
  }
  in.Skip(older_size);
  if (!in.ok()) return std::nullopt;
  red.payload_type = PayloadType(head);
  red.newest = in.rest();
  return red;
}

Description DescribeRed(ByteView payload) {
  const std::optional<Red> red = Red::Parse(payload);
  return red ? DescribeOpus(red->newest) : Description();
}

size_t RelabelRed(ByteView payload, PayloadType payload_type, ByteWriter& out) {
  ByteReader in(payload);
  for (size_t i = 0; i < Red::kMaxBlocks; ++i) {
    const uint8_t more = in.U8() & kMore;
    if (!in.ok()) return 0;
    out.U8(static_cast<uint8_t>(more | payload_type.value()));
    if (more == 0) return payload.size() - in.remaining();
    out.U24(in.U24());
  }
  return 0;
}

}  // namespace sluice::rtp::codec
