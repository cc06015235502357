#include "rtp/codec/vp9.h"

namespace sluice::rtp::codec {
namespace {

void ReadPictureId(ByteReader& in, Vp9& vp9) {
  const uint8_t head = in.U8();
  const bool wide = (head & 0x80) != 0;
  vp9.picture_id_bits = wide ? 15 : 7;
  vp9.picture_id = head & 0x7f;
  if (wide) vp9.picture_id = static_cast<uint16_t>(vp9.picture_id << 8 | in.U8());
}

void ReadLayers(ByteReader& in, Vp9& vp9) {
  const uint8_t layer = in.U8();
  vp9.temporal = static_cast<uint8_t>(layer >> 5);
  vp9.switching_up = (layer & 0x10) != 0;
  vp9.spatial = layer >> 1 & 0x07;
  vp9.inter_layer = (layer & 0x01) != 0;
  // RFC 9628 §4.2: in flexible mode the references are listed instead.
  if (!vp9.flexible) vp9.base_index = in.U8();
}

// False if the list goes on beyond what the format allows.
bool ReadReferences(ByteReader& in, Vp9& vp9) {
  bool more = true;
  while (more) {
    if (vp9.reference_count == Vp9::kMaxReferences) return false;
    const uint8_t reference = in.U8();
    vp9.reference_differences[vp9.reference_count++] = static_cast<uint8_t>(reference >> 1);
    more = (reference & 0x01) != 0;
  }
  return true;
}

void ReadStructure(ByteReader& in, Vp9& vp9) {
  Vp9::Structure& structure = vp9.structure.emplace();
  const uint8_t head = in.U8();
  structure.spatial_layers = static_cast<uint8_t>((head >> 5) + 1);
  structure.has_resolutions = (head & 0x10) != 0;
  if (structure.has_resolutions) {
    for (size_t i = 0; i < structure.spatial_layers; ++i) {
      structure.resolutions[i].width = in.U16();
      structure.resolutions[i].height = in.U16();
    }
  }
  if ((head & 0x08) == 0) return;
  structure.pictures = in.U8();
  // The group's pattern is stepped over: packets state their own layers, and that is what counts
  // when they are chosen.
  for (size_t i = 0; i < structure.pictures && in.ok(); ++i) {
    const uint8_t picture = in.U8();
    in.Skip(picture >> 2 & 0x03);
  }
}

}  // namespace

std::optional<Vp9> Vp9::Parse(ByteView payload) {
  ByteReader in(payload);
  Vp9 vp9;
  const uint8_t flags = in.U8();
  vp9.inter_predicted = (flags & 0x40) != 0;
  vp9.has_layers = (flags & 0x20) != 0;
  vp9.flexible = (flags & 0x10) != 0;
  vp9.frame_start = (flags & 0x08) != 0;
  vp9.frame_end = (flags & 0x04) != 0;
  vp9.no_upper_reference = (flags & 0x01) != 0;

  if ((flags & 0x80) != 0) ReadPictureId(in, vp9);
  if (vp9.has_layers) ReadLayers(in, vp9);
  if (vp9.flexible && vp9.inter_predicted && !ReadReferences(in, vp9)) return std::nullopt;
  if ((flags & 0x02) != 0) ReadStructure(in, vp9);
  // A descriptor with nothing behind it carries no part of any frame.
  if (!in.ok() || in.empty()) return std::nullopt;
  vp9.descriptor_size = payload.size() - in.remaining();
  return vp9;
}

Description DescribeVp9(ByteView payload) {
  Description description;
  const std::optional<Vp9> vp9 = Vp9::Parse(payload);
  if (!vp9) return description;
  description.key_frame = vp9->key_frame();
  description.frame_start = vp9->frame_start;
  description.frame_end = vp9->frame_end;
  description.has_layers = vp9->has_layers;
  description.spatial = vp9->spatial;
  description.temporal = vp9->temporal;
  description.layer_sync = vp9->switching_up;
  description.inter_layer = vp9->inter_layer;
  description.intra_picture = !vp9->inter_predicted;
  description.reference_count = vp9->reference_count;
  description.references = vp9->reference_differences;
  description.discardable = vp9->no_upper_reference;
  description.picture_id_bits = vp9->picture_id_bits;
  description.picture_id = vp9->picture_id;
  description.has_base_index = vp9->base_index.has_value();
  description.base_index = vp9->base_index.value_or(0);
  return description;
}

size_t RenumberVp9(ByteView payload, const Vp9Numbers& numbers, ByteWriter& out) {
  ByteReader in(payload);
  const uint8_t flags = in.U8();
  out.U8(flags);
  if ((flags & 0x80) != 0) {
    if ((in.U8() & 0x80) != 0) {
      in.Skip(1);
      out.U16(static_cast<uint16_t>(0x8000 | numbers.picture_id));
    } else {
      out.U8(numbers.picture_id & 0x7f);
    }
  }
  if ((flags & 0x20) != 0) {
    out.U8(in.U8());
    const bool flexible = (flags & 0x10) != 0;
    if (!flexible) {
      in.Skip(1);
      out.U8(numbers.base_index);
    }
  }
  return in.ok() ? payload.size() - in.remaining() : 0;
}

}  // namespace sluice::rtp::codec
