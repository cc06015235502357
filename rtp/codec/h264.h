// H.264 in RTP (RFC 6184): single NAL units, STAP-A and FU-A, which is what the packetization modes
// 0 and 1 of browsers consist of. The interleaved forms of mode 2 are not read.

#ifndef SLUICE_RTP_CODEC_H264_H_
#define SLUICE_RTP_CODEC_H264_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct H264 {
  // The three bytes that SDP knows as profile-level-id (H.264 §7.3.2.1.1).
  struct Profile {
    uint8_t profile_idc = 0;
    uint8_t constraints = 0;
    uint8_t level_idc = 0;
    bool operator==(const Profile&) const = default;
  };

  // What begins in this packet. In a fragment that is not the first, nothing does.
  bool has_idr = false;
  bool has_sps = false;
  bool has_pps = false;
  // A slice that holds the first macroblock, or what comes in front of a picture's slices.
  bool picture_start = false;
  // A slice that no other picture refers to (nal_ref_idc of 0).
  bool non_reference = false;
  std::optional<Profile> profile;  // from the sequence parameter set

  // Nothing for forms that are not read and for packets too short for theirs. An aggregate that
  // breaks off counts as far as it goes.
  static std::optional<H264> Parse(ByteView payload);
};

Description DescribeH264(ByteView payload, bool marker);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_H264_H_
