// H.265 in RTP (RFC 7798): single NAL units, aggregation packets and fragmentation units, without
// decoding order numbers (sprop-max-don-diff of 0), as browsers send it.

#ifndef SLUICE_RTP_CODEC_H265_H_
#define SLUICE_RTP_CODEC_H265_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct H265 {
  // What begins in this packet. In a fragment that is not the first, nothing does.
  bool has_random_access = false;  // IRAP: IDR, BLA or CRA (H.265 §3, table 7-1)
  bool has_vps = false;
  bool has_sps = false;
  bool has_pps = false;
  // The first slice segment of a picture, or what comes in front of it.
  bool picture_start = false;
  // A picture of which a temporal layer may be entered (TSA, STSA). In every fragment of its
  // slices.
  bool sub_layer_access = false;
  uint8_t temporal = 0;  // TID - 1
  uint8_t layer = 0;     // LayerId

  // Nothing for forms that are not read and for packets too short for theirs. An aggregate that
  // breaks off counts as far as it goes.
  static std::optional<H265> Parse(ByteView payload);
};

Description DescribeH265(ByteView payload, bool marker);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_H265_H_
