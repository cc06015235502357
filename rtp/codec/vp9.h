// The VP9 payload descriptor (RFC 9628 §4.2).

#ifndef SLUICE_RTP_CODEC_VP9_H_
#define SLUICE_RTP_CODEC_VP9_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

// RFC 9628 §4.2.1: what a key frame says about the layers of the stream.
struct Vp9Structure {
  struct Resolution {
    uint16_t width = 0;
    uint16_t height = 0;
    bool operator==(const Resolution&) const = default;
  };
  static constexpr size_t kMaxSpatialLayers = 8;  // three bits

  uint8_t spatial_layers = 0;
  uint8_t pictures = 0;  // N_G, the length of the group whose pattern repeats
  bool has_resolutions = false;
  std::array<Resolution, kMaxSpatialLayers> resolutions{};
};

struct Vp9 {
  using Structure = Vp9Structure;
  static constexpr size_t kMaxReferences = 3;

  bool inter_predicted = false;     // P
  bool has_layers = false;          // L
  bool flexible = false;            // F
  bool frame_start = false;         // B
  bool frame_end = false;           // E
  bool no_upper_reference = false;  // Z
  uint8_t picture_id_bits = 0;      // 0, 7 or 15
  uint16_t picture_id = 0;
  uint8_t temporal = 0;               // TID
  uint8_t spatial = 0;                // SID
  bool switching_up = false;          // U
  bool inter_layer = false;           // D
  std::optional<uint8_t> base_index;  // TL0PICIDX, in non-flexible mode
  // P_DIFF, in flexible mode: how many pictures back the references lie.
  std::array<uint8_t, kMaxReferences> reference_differences{};
  uint8_t reference_count = 0;
  std::optional<Structure> structure;  // V
  size_t descriptor_size = 0;

  // The first packet of a frame from which a decoder can start. Usually one of the lowest spatial
  // layer; publishers short of bandwidth may leave that out.
  bool key_frame() const { return !inter_predicted && frame_start && !inter_layer; }

  static std::optional<Vp9> Parse(ByteView payload);
};

Description DescribeVp9(ByteView payload);

struct Vp9Numbers {
  uint16_t picture_id = 0;
  uint8_t base_index = 0;
};

// Copies the beginning of `payload`, as far as numbers may stand, with these numbers in place of
// its own; fields it does not have stay out. Returns how many bytes of `payload` that were, 0 if it
// is no VP9 payload.
size_t RenumberVp9(ByteView payload, const Vp9Numbers& numbers, ByteWriter& out);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_VP9_H_
