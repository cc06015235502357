// What forwarding needs to know about a payload, in one answer for all codecs: is it a key frame,
// which layers does it belong to, where does its frame begin and end?
//
// The codecs themselves are read one per file; this is the table that chooses among them. Nothing
// here decodes a picture, and nothing keeps state from packet to packet.

#ifndef SLUICE_RTP_CODEC_DESCRIPTOR_H_
#define SLUICE_RTP_CODEC_DESCRIPTOR_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "rtp/packet/media.h"

namespace sluice::rtp::codec {

enum class Kind : uint8_t {
  kUnknown,
  kOpus,            // RFC 7587
  kRed,             // RFC 2198, around Opus
  kMultiOpus,       // surround sound: several Opus streams in a packet
  kPcmu,            // RFC 3551 §4.5.14
  kPcma,            // RFC 3551 §4.5.14
  kG722,            // RFC 3551 §4.5.2
  kTelephoneEvent,  // RFC 4733
  kComfortNoise,    // RFC 3389
  kVp8,             // RFC 7741
  kVp9,             // RFC 9628
  kH264,            // RFC 6184
  kH265,            // RFC 7798
  kAv1,             // AV1 RTP payload format, AOMedia
  kRtx,             // RFC 4588: the codec is that of the repeated stream
};

// "video/VP8" and the like, in any case of letters. kUnknown for what we do not forward.
Kind KindFromMime(std::string_view mime);
// By the part before the slash.
std::optional<MediaKind> MediaKindFromMime(std::string_view mime);
// True if Describe can tell the key frames of this codec, so that a receiver may wait for one.
bool HasKeyFrames(Kind kind);

// Kept beside every packet, hence small. Fields that a codec does not have stay as they are here.
struct Description {
  // This packet begins what a decoder can start with. True only where the packet itself shows it,
  // which is the first packet of the frame and not those that follow.
  bool key_frame = false;
  // A frame (of one spatial layer) begins or ends in this packet. H264 and H265 announce a frame
  // with parameter sets, so that several packets of it may say they are the beginning.
  bool frame_start = false;
  bool frame_end = false;
  // `spatial` and `temporal` were stated by the packet rather than left at zero.
  bool has_layers = false;
  // Where receivers of lower temporal layers may go up. VP8 Y: this frame depends on the base layer
  // alone. VP9 U: no later picture of a layer above this one depends on earlier ones of such. H265
  // TSA and STSA: this and later pictures depend on no earlier one of the same layer.
  bool layer_sync = false;
  // No other picture depends on this one (VP8 N); no higher spatial layer does (VP9 Z).
  bool discardable = false;
  // Depends on the next lower spatial layer of the same picture (VP9 D).
  bool inter_layer = false;
  // Refers to no other picture, at most to lower layers of its own (VP9 without P).
  bool intra_picture = false;
  // `base_index` is there (VP8 and VP9 TL0PICIDX).
  bool has_base_index = false;
  // Discontinuous transmission: nobody speaks (Opus).
  bool silence = false;

  uint8_t spatial = 0;
  uint8_t temporal = 0;
  // How wide `picture_id` is on the wire: 0 (absent), 7, 15, or 16 for the frame number of an AV1
  // dependency descriptor.
  uint8_t picture_id_bits = 0;
  uint8_t base_index = 0;
  // VP8 KEYIDX, 0..31.
  uint8_t key_index = 0;
  // The frame dependency template of an AV1 dependency descriptor, 0..63.
  uint8_t template_id = 0;
  // VP9 in flexible mode: how many pictures back the references lie.
  uint8_t reference_count = 0;
  std::array<uint8_t, 3> references{};
  uint16_t picture_id = 0;

  bool operator==(const Description&) const = default;
};
static_assert(sizeof(Description) <= 24 && std::is_trivially_destructible_v<Description>);

// Never fails: garbage describes as nothing. `marker` is the packet's, and `dependency_descriptor`
// the value of that header extension, if there is one.
Description Describe(Kind kind, ByteView payload, bool marker,
                     std::optional<ByteView> dependency_descriptor = std::nullopt);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_DESCRIPTOR_H_
