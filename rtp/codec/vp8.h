// The VP8 payload descriptor (RFC 7741 §4.2) and the first bytes of the frame behind it.

#ifndef SLUICE_RTP_CODEC_VP8_H_
#define SLUICE_RTP_CODEC_VP8_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct Vp8 {
  bool non_reference = false;    // N
  bool partition_start = false;  // S
  uint8_t partition = 0;         // PID
  uint8_t picture_id_bits = 0;   // 0, 7 or 15
  uint16_t picture_id = 0;
  std::optional<uint8_t> base_index;  // TL0PICIDX
  std::optional<uint8_t> temporal;    // TID
  bool layer_sync = false;            // Y; without TID it means nothing and is false
  std::optional<uint8_t> key_index;   // KEYIDX
  bool key_frame = false;             // in the first packet of the frame only
  // Of a key frame, if this packet shows it; else 0.
  uint16_t width = 0;
  uint16_t height = 0;
  size_t descriptor_size = 0;

  // The first packet of a frame.
  bool frame_start() const { return partition_start && partition == 0; }

  static std::optional<Vp8> Parse(ByteView payload);
};

Description DescribeVp8(ByteView payload, bool marker);

struct Vp8Numbers {
  uint16_t picture_id = 0;
  uint8_t base_index = 0;
  uint8_t key_index = 0;  // 0..31
};

// Copies the beginning of `payload`, as far as numbers may stand, with these numbers in place of
// its own; fields it does not have stay out. Returns how many bytes of `payload` that were, 0 if it
// is no VP8 payload.
size_t RenumberVp8(ByteView payload, const Vp8Numbers& numbers, ByteWriter& out);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_VP8_H_
