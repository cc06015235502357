// How large the pictures of a stream are, as the first packet of a key frame tells it.
//
// Simulcast encodings are ranked by it where their publisher declares nothing, and people like to
// see it. Nothing depends on it otherwise: zero is an answer.

#ifndef SLUICE_RTP_CODEC_PICTURE_SIZE_H_
#define SLUICE_RTP_CODEC_PICTURE_SIZE_H_

#include <cstdint>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct PictureSize {
  uint16_t width = 0;
  uint16_t height = 0;

  constexpr bool operator==(const PictureSize&) const = default;
};

// Of the largest spatial layer where a stream has several. Zero if the packet does not tell, or
// tells more than 65,535. VP8: the frame header (RFC 6386 §9.1); VP9: the scalability structure
// (RFC 9628 §4.2.1); H264 and H265: the sequence parameter set (H.264 §7.3.2.1.1, H.265 §7.3.2.2),
// less cropping; AV1: the sequence header (AV1 bitstream specification §5.5).
PictureSize ReadPictureSize(Kind kind, ByteView payload);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_PICTURE_SIZE_H_
