#include "rtp/codec/h264.h"

namespace sluice::rtp::codec {
namespace {

// H.264 table 7-1.
constexpr uint8_t kSlice = 1;
constexpr uint8_t kPartitionA = 2;
constexpr uint8_t kIdr = 5;
constexpr uint8_t kSei = 6;
constexpr uint8_t kSps = 7;
constexpr uint8_t kPps = 8;
constexpr uint8_t kDelimiter = 9;
constexpr uint8_t kLastSingle = 23;
// RFC 6184 table 1.
constexpr uint8_t kStapA = 24;
constexpr uint8_t kFuA = 28;

bool IsSlice(uint8_t type) { return type >= kSlice && type <= kIdr; }

// Notes that a NAL unit of `type` begins here; `body` follows its header byte.
void Record(uint8_t type, ByteView body, H264& h264) {
  switch (type) {
    case kIdr:
      h264.has_idr = true;
      [[fallthrough]];
    case kSlice:
    case kPartitionA:
      // first_mb_in_slice comes first (§7.3.3), as an Exp-Golomb code: zero is a single 1 bit.
      if (!body.empty() && (body[0] & 0x80) != 0) h264.picture_start = true;
      break;
    case kSps:
      h264.has_sps = true;
      h264.picture_start = true;
      if (body.size() >= 3) h264.profile = H264::Profile{body[0], body[1], body[2]};
      break;
    case kPps:
      h264.has_pps = true;
      h264.picture_start = true;
      break;
    case kSei:
    case kDelimiter:
      h264.picture_start = true;
      break;
    default:
      break;
  }
}

void ReadAggregate(ByteReader in, H264& h264) {
  while (!in.empty()) {
    ByteReader unit(in.Bytes(in.U16()));
    if (unit.empty()) continue;
    const uint8_t type = unit.U8() & 0x1f;
    Record(type, unit.rest(), h264);
  }
}

}  // namespace

std::optional<H264> H264::Parse(ByteView payload) {
  ByteReader in(payload);
  const uint8_t head = in.U8();
  const uint8_t type = head & 0x1f;
  if (in.empty()) return std::nullopt;

  H264 h264;
  uint8_t inner_type = type;
  if (type == kStapA) {
    ReadAggregate(in, h264);
  } else if (type == kFuA) {
    const uint8_t fragment = in.U8();
    inner_type = fragment & 0x1f;
    if (in.empty()) return std::nullopt;
    if ((fragment & 0x80) != 0) Record(inner_type, in.rest(), h264);
  } else if (type >= kSlice && type <= kLastSingle) {
    Record(type, in.rest(), h264);
  } else {
    return std::nullopt;
  }
  h264.non_reference = IsSlice(inner_type) && (head & 0x60) == 0;
  return h264;
}

Description DescribeH264(ByteView payload, bool marker) {
  Description description;
  const std::optional<H264> h264 = H264::Parse(payload);
  if (!h264) return description;
  // Parameter sets lead a key frame. Starting with the slice alone would leave a decoder that has
  // never seen them with nothing to show.
  description.key_frame = h264->has_idr || h264->has_sps;
  description.frame_start = h264->picture_start;
  description.frame_end = marker;
  description.discardable = h264->non_reference;
  return description;
}

}  // namespace sluice::rtp::codec
