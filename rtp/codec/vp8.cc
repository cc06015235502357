#include "rtp/codec/vp8.h"

namespace sluice::rtp::codec {
namespace {

// RFC 7741 §4.2: the optional bytes, whose presence the second byte (I, L, T, K) announces.
void ReadExtension(ByteReader& in, Vp8& vp8) {
  const uint8_t present = in.U8();
  if ((present & 0x80) != 0) {
    const uint8_t head = in.U8();
    const bool wide = (head & 0x80) != 0;
    vp8.picture_id_bits = wide ? 15 : 7;
    vp8.picture_id = head & 0x7f;
    if (wide) vp8.picture_id = static_cast<uint16_t>(vp8.picture_id << 8 | in.U8());
  }
  if ((present & 0x40) != 0) vp8.base_index = in.U8();
  if ((present & 0x30) != 0) {
    const uint8_t layer = in.U8();
    if ((present & 0x20) != 0) {
      vp8.temporal = static_cast<uint8_t>(layer >> 6);
      vp8.layer_sync = (layer & 0x20) != 0;
    }
    if ((present & 0x10) != 0) vp8.key_index = static_cast<uint8_t>(layer & 0x1f);
  }
}

// RFC 6386 §9.1: a key frame's start code and the size of the picture, which VP8, alone in this
// project, writes in little-endian order; the upper two bits ask for scaling.
void ReadPictureSize(ByteReader in, Vp8& vp8) {
  constexpr uint32_t kStartCode = 0x9d012a;
  in.Skip(2);
  if (in.U24() != kStartCode) return;
  const uint8_t width_low = in.U8();
  const uint8_t width_high = in.U8();
  const uint8_t height_low = in.U8();
  const uint8_t height_high = in.U8();
  if (!in.ok()) return;
  vp8.width = static_cast<uint16_t>((width_high & 0x3f) << 8 | width_low);
  vp8.height = static_cast<uint16_t>((height_high & 0x3f) << 8 | height_low);
}

}  // namespace

std::optional<Vp8> Vp8::Parse(ByteView payload) {
  ByteReader in(payload);
  Vp8 vp8;
  const uint8_t first = in.U8();
  vp8.non_reference = (first & 0x20) != 0;
  vp8.partition_start = (first & 0x10) != 0;
  vp8.partition = first & 0x07;
  if ((first & 0x80) != 0) ReadExtension(in, vp8);
  // A descriptor with nothing behind it carries no part of any frame.
  if (!in.ok() || in.empty()) return std::nullopt;
  vp8.descriptor_size = payload.size() - in.remaining();

  if (vp8.frame_start()) {
    // RFC 7741 §4.3: P is zero in a key frame. The start code is deliberately not asked for:
    // applications that encrypt frames end to end leave little more than this bit in the clear.
    vp8.key_frame = (in.U8() & 0x01) == 0;
    if (vp8.key_frame) ReadPictureSize(in, vp8);
  }
  return vp8;
}

Description DescribeVp8(ByteView payload, bool marker) {
  Description description;
  const std::optional<Vp8> vp8 = Vp8::Parse(payload);
  if (!vp8) return description;
  description.key_frame = vp8->key_frame;
  description.frame_start = vp8->frame_start();
  description.frame_end = marker;
  description.has_layers = vp8->temporal.has_value();
  description.temporal = vp8->temporal.value_or(0);
  description.layer_sync = vp8->layer_sync;
  description.discardable = vp8->non_reference;
  description.picture_id_bits = vp8->picture_id_bits;
  description.picture_id = vp8->picture_id;
  description.has_base_index = vp8->base_index.has_value();
  description.base_index = vp8->base_index.value_or(0);
  description.key_index = vp8->key_index.value_or(0);
  return description;
}

size_t RenumberVp8(ByteView payload, const Vp8Numbers& numbers, ByteWriter& out) {
  ByteReader in(payload);
  const uint8_t first = in.U8();
  const uint8_t present = (first & 0x80) != 0 ? in.U8() : 0;
  out.U8(first);
  if ((first & 0x80) != 0) out.U8(present);
  if ((present & 0x80) != 0) {
    if ((in.U8() & 0x80) != 0) {
      in.Skip(1);
      out.U16(static_cast<uint16_t>(0x8000 | numbers.picture_id));
    } else {
      out.U8(numbers.picture_id & 0x7f);
    }
  }
  if ((present & 0x40) != 0) {
    in.Skip(1);
    out.U8(numbers.base_index);
  }
  if ((present & 0x30) != 0) {
    const uint8_t layer = in.U8();
    const bool keyed = (present & 0x10) != 0;
    out.U8(keyed ? static_cast<uint8_t>((layer & 0xe0) | (numbers.key_index & 0x1f)) : layer);
  }
  return in.ok() ? payload.size() - in.remaining() : 0;
}

}  // namespace sluice::rtp::codec
