#include "rtp/codec/h265.h"

namespace sluice::rtp::codec {
namespace {

// H.265 table 7-1.
constexpr uint8_t kFirstSubLayerAccess = 2;  // TSA_N, TSA_R, STSA_N, STSA_R
constexpr uint8_t kLastSubLayerAccess = 5;
constexpr uint8_t kFirstRandomAccess = 16;
constexpr uint8_t kLastRandomAccess = 23;
constexpr uint8_t kLastSlice = 31;
constexpr uint8_t kVps = 32;
constexpr uint8_t kSps = 33;
constexpr uint8_t kPps = 34;
constexpr uint8_t kDelimiter = 35;
constexpr uint8_t kPrefixSei = 39;
constexpr uint8_t kLastSingle = 47;
// RFC 7798 §4.4.
constexpr uint8_t kAggregate = 48;
constexpr uint8_t kFragment = 49;

constexpr size_t kHeadSize = 2;

bool IsSubLayerAccess(uint8_t type) {
  return type >= kFirstSubLayerAccess && type <= kLastSubLayerAccess;
}

// Notes that a NAL unit of `type` begins here; `body` follows its two header bytes.
void Record(uint8_t type, ByteView body, H265& h265) {
  if (type <= kLastSlice) {
    h265.sub_layer_access |= IsSubLayerAccess(type);
    if (type >= kFirstRandomAccess && type <= kLastRandomAccess) h265.has_random_access = true;
    // first_slice_segment_in_pic_flag is the first bit (§7.3.6.1).
    if (!body.empty() && (body[0] & 0x80) != 0) h265.picture_start = true;
    return;
  }
  h265.has_vps |= type == kVps;
  h265.has_sps |= type == kSps;
  h265.has_pps |= type == kPps;
  if (type <= kDelimiter || type == kPrefixSei) h265.picture_start = true;
}

void ReadAggregate(ByteReader in, H265& h265) {
  while (!in.empty()) {
    ByteReader unit(in.Bytes(in.U16()));
    if (unit.remaining() < kHeadSize) continue;
    const uint8_t type = unit.U8() >> 1 & 0x3f;
    unit.Skip(1);
    Record(type, unit.rest(), h265);
  }
}

}  // namespace

std::optional<H265> H265::Parse(ByteView payload) {
  ByteReader in(payload);
  const uint16_t head = in.U16();
  const uint8_t type = head >> 9 & 0x3f;
  const uint8_t temporal_plus_one = head & 0x07;
  // RFC 7798 §1.1.4: a TID of zero is not allowed.
  if (in.empty() || temporal_plus_one == 0) return std::nullopt;

  H265 h265;
  h265.temporal = static_cast<uint8_t>(temporal_plus_one - 1);
  h265.layer = head >> 3 & 0x3f;
  if (type == kAggregate) {
    ReadAggregate(in, h265);
  } else if (type == kFragment) {
    const uint8_t fragment = in.U8();
    if (in.empty()) return std::nullopt;
    const uint8_t inner_type = fragment & 0x3f;
    h265.sub_layer_access = IsSubLayerAccess(inner_type);
    if ((fragment & 0x80) != 0) Record(inner_type, in.rest(), h265);
  } else if (type <= kLastSingle) {
    Record(type, in.rest(), h265);
  } else {
    return std::nullopt;
  }
  return h265;
}

Description DescribeH265(ByteView payload, bool marker) {
  Description description;
  const std::optional<H265> h265 = H265::Parse(payload);
  if (!h265) return description;
  // Video and sequence parameter sets lead a key frame. A picture parameter set alone does not:
  // encoders may change it between pictures that depend on earlier ones.
  description.key_frame = h265->has_random_access || h265->has_vps || h265->has_sps;
  description.frame_start = h265->picture_start;
  description.frame_end = marker;
  description.has_layers = true;
  description.spatial = h265->layer;
  description.temporal = h265->temporal;
  description.layer_sync = h265->sub_layer_access;
  return description;
}

}  // namespace sluice::rtp::codec
