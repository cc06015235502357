#include "rtp/codec/parameter_set.h"

#include <array>
#include <cstdint>
#include <limits>

#include "rtp/packet/bit_reader.h"

namespace sluice::rtp::codec {
namespace {

// H.264 §9.1: Exp-Golomb; values beyond 32 bits make the reader fail.
uint32_t UnsignedGolomb(BitReader& in) {
  size_t zeros = 0;
  while (in.ok() && !in.Flag()) ++zeros;
  if (zeros > 31) {
    in.Skip(in.remaining() + 1);
    return 0;
  }
  return (1u << zeros) - 1 + in.Bits(zeros);
}

// The front of a NAL unit without the bytes that keep start codes out of it (H.264 §7.4.1: 3 after
// two zeros). What is read here ends long before this is full.
class RawBytes {
 public:
  explicit RawBytes(ByteView unit) {
    int zeros = 0;
    for (uint8_t byte : unit) {
      if (size_ == bytes_.size()) return;
      if (zeros >= 2 && byte == 3) {
        zeros = 0;
        continue;
      }
      zeros = byte == 0 ? zeros + 1 : 0;
      bytes_[size_++] = byte;
    }
  }
  ByteView bytes() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<uint8_t, 128> bytes_{};
  size_t size_ = 0;
};

struct NalForm {
  size_t header_size;
  uint8_t type_shift;
  uint8_t type_mask;
  uint8_t aggregate;  // STAP-A, AP
  uint8_t wanted;     // the sequence parameter set
};
constexpr NalForm kH264Form{1, 0, 0x1f, 24, 7};   // RFC 6184 §5.2
constexpr NalForm kH265Form{2, 1, 0x3f, 48, 33};  // RFC 7798 §4.4

// The wanted NAL unit of a packet, without its header; empty if it does not begin here.
ByteView FindUnit(ByteView payload, const NalForm& form) {
  const auto type = [&](ByteView unit) { return unit[0] >> form.type_shift & form.type_mask; };
  if (payload.size() <= form.header_size) return {};
  if (type(payload) == form.wanted) return payload.subspan(form.header_size);
  if (type(payload) != form.aggregate) return {};
  for (ByteReader in(payload.subspan(form.header_size)); !in.empty();) {
    const ByteView unit = in.Bytes(in.U16());
    if (unit.size() > form.header_size && type(unit) == form.wanted) {
      return unit.subspan(form.header_size);
    }
  }
  return {};
}

struct Cropping {
  uint64_t horizontal = 0;
  uint64_t vertical = 0;
};

Cropping ReadCropping(BitReader& in, uint32_t unit_x, uint32_t unit_y) {
  const uint64_t left = UnsignedGolomb(in), right = UnsignedGolomb(in);
  const uint64_t top = UnsignedGolomb(in), bottom = UnsignedGolomb(in);
  return {(left + right) * unit_x, (top + bottom) * unit_y};
}

PictureSize Bounded(bool ok, uint64_t width, uint64_t height, const Cropping& cropping) {
  constexpr uint64_t kMost = std::numeric_limits<uint16_t>::max();
  if (!ok || width <= cropping.horizontal || height <= cropping.vertical) return {};
  width -= cropping.horizontal;
  height -= cropping.vertical;
  if (width > kMost || height > kMost) return {};
  return {static_cast<uint16_t>(width), static_cast<uint16_t>(height)};
}

// H.264 §7.3.2.1.1: profiles that say how colours are sampled.
bool HasChroma(uint32_t profile) {
  for (uint32_t known :
       {100u, 110u, 122u, 244u, 44u, 83u, 86u, 118u, 128u, 138u, 139u, 134u, 135u}) {
    if (profile == known) return true;
  }
  return false;
}

// False if it gives up.
bool SkipH264Chroma(BitReader& in, uint32_t& chroma_format) {
  chroma_format = UnsignedGolomb(in);
  if (chroma_format == 3) in.Skip(1);
  UnsignedGolomb(in);  // bit_depth_luma_minus8
  UnsignedGolomb(in);  // bit_depth_chroma_minus8
  in.Skip(1);          // qpprime_y_zero_transform_bypass_flag
  return !in.Flag();   // seq_scaling_matrix_present_flag
}

bool SkipH264Order(BitReader& in) {
  UnsignedGolomb(in);  // log2_max_frame_num_minus4
  const uint32_t order_type = UnsignedGolomb(in);
  if (order_type == 1) return false;  // No encoder of a browser counts by a cycle.
  if (order_type == 0) UnsignedGolomb(in);
  UnsignedGolomb(in);  // max_num_ref_frames
  in.Skip(1);          // gaps_in_frame_num_value_allowed_flag
  return true;
}

// AV1 bitstream specification §5.5.1, up to max_frame_height_minus_1.
PictureSize SizeOfSequence(ByteView obu) {
  BitReader in(obu);
  in.Skip(3 + 1);  // seq_profile, still_picture
  if (in.Flag()) {
    in.Skip(5);  // reduced_still_picture_header: seq_level_idx
  } else {
    if (in.Flag()) return {};  // timing_info_present_flag
    const bool has_delays = in.Flag();
    const uint32_t points = in.Bits(5) + 1;
    for (uint32_t i = 0; i < points && in.ok(); ++i) {
      in.Skip(12);
      if (in.Bits(5) > 7) in.Skip(1);
      if (has_delays && in.Flag()) in.Skip(4);
    }
  }
  const size_t width_bits = in.Bits(4) + 1;
  const size_t height_bits = in.Bits(4) + 1;
  const uint64_t width = uint64_t{in.Bits(width_bits)} + 1;
  const uint64_t height = uint64_t{in.Bits(height_bits)} + 1;
  return Bounded(in.ok(), width, height, {});
}

// AV1 bitstream specification §4.10.5; RTP payloads hold nothing that needs more than four bytes.
size_t Leb128(ByteReader& in) {
  size_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    const uint8_t byte = in.U8();
    value |= static_cast<size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return SIZE_MAX;
}

}  // namespace

PictureSize SizeOfH264(ByteView payload) {
  const RawBytes unit(FindUnit(payload, kH264Form));
  BitReader in(unit.bytes());
  const uint32_t profile = in.Bits(8);
  in.Skip(16);         // constraints, level_idc
  UnsignedGolomb(in);  // seq_parameter_set_id
  uint32_t chroma_format = 1;
  if (HasChroma(profile) && !SkipH264Chroma(in, chroma_format)) return {};
  if (!SkipH264Order(in)) return {};
  const uint64_t width = (uint64_t{UnsignedGolomb(in)} + 1) * 16;
  const uint64_t rows = uint64_t{UnsignedGolomb(in)} + 1;
  const uint32_t fields = in.Flag() ? 1 : 2;  // frame_mbs_only_flag
  if (fields == 2) in.Skip(1);
  in.Skip(1);  // direct_8x8_inference_flag
  Cropping cropping;
  if (in.Flag()) {
    const bool halved_x = chroma_format == 1 || chroma_format == 2;
    cropping = ReadCropping(in, halved_x ? 2 : 1, (chroma_format == 1 ? 2 : 1) * fields);
  }
  return Bounded(in.ok(), width, rows * 16 * fields, cropping);
}

PictureSize SizeOfH265(ByteView payload) {
  const RawBytes unit(FindUnit(payload, kH265Form));
  BitReader in(unit.bytes());
  in.Skip(4);  // sps_video_parameter_set_id
  const uint32_t sub_layers = in.Bits(3);
  in.Skip(1 + 96);  // sps_temporal_id_nesting_flag, general profile, tier and level
  std::array<uint32_t, 8> present{};
  for (uint32_t i = 0; i < sub_layers; ++i) present[i] = in.Bits(2);
  if (sub_layers > 0) in.Skip(2 * (8 - sub_layers));
  for (uint32_t i = 0; i < sub_layers; ++i) {
    if ((present[i] & 2) != 0) in.Skip(88);
    if ((present[i] & 1) != 0) in.Skip(8);
  }
  UnsignedGolomb(in);  // sps_seq_parameter_set_id
  const uint32_t chroma_format = UnsignedGolomb(in);
  if (chroma_format == 3) in.Skip(1);
  const uint64_t width = UnsignedGolomb(in);
  const uint64_t height = UnsignedGolomb(in);
  Cropping cropping;
  if (in.Flag()) {
    const bool halved_x = chroma_format == 1 || chroma_format == 2;
    cropping = ReadCropping(in, halved_x ? 2 : 1, chroma_format == 1 ? 2 : 1);
  }
  return Bounded(in.ok(), width, height, cropping);
}

PictureSize SizeOfAv1(ByteView payload) {
  ByteReader in(payload);
  const uint8_t head = in.U8();
  // A first element that began in an earlier packet is none that could be read.
  if ((head & 0x80) != 0) return {};
  const int count = head >> 4 & 0x03;
  for (int i = 0; i < 3 && !in.empty(); ++i) {
    const bool last = count != 0 && i + 1 == count;
    ByteReader obu(in.Bytes(last ? in.remaining() : Leb128(in)));
    const uint8_t obu_head = obu.U8();
    if ((obu_head & 0x04) != 0) obu.U8();     // extension
    if ((obu_head & 0x02) != 0) Leb128(obu);  // size
    if ((obu_head >> 3 & 0x0f) == 1 && obu.ok()) return SizeOfSequence(obu.rest());
  }
  return {};
}

}  // namespace sluice::rtp::codec
