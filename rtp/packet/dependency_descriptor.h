// The AV1 dependency descriptor (AOMedia, "RTP Payload Format For AV1", appendix A): of which frame
// and layer a packet is, and what that frame depends on, without a look at the payload.
//
// DependencyDescriptor is what a packet explains by itself: the mandatory fields, and what else is
// attached. FrameDependencies is what the packet means once the structure it was written for is
// known; DependencyTracker, which keeps structures, is the usual way there.

#ifndef SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_
#define SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/dependency_structure.h"

namespace sluice::rtp {

struct DependencyDescriptor {
  static constexpr size_t kMandatorySize = 3;
  // The length of an extension element is one byte (RFC 8285 §4.3).
  static constexpr size_t kMaxSize = 255;

  bool start_of_frame = false;
  bool end_of_frame = false;
  uint8_t template_id = 0;  // 0..63
  uint16_t frame_number = 0;
  // Of the extended descriptor; all false if it is not there.
  bool has_structure = false;
  bool has_active_decode_targets = false;
  bool has_custom_decode_target_indications = false;
  bool has_custom_frame_differences = false;
  bool has_custom_chains = false;

  static std::optional<DependencyDescriptor> Parse(ByteView value);
  bool operator==(const DependencyDescriptor&) const = default;
};

// One packet's descriptor, understood. Masks have bit i for decode target i.
struct FrameDependencies {
  bool frame_start = false;
  bool frame_end = false;
  bool has_structure = false;  // attached to this packet
  uint8_t template_id = 0;     // 0..63
  uint16_t frame_number = 0;   // modulo 2^16, in decoding order
  LayerId layer;
  uint32_t present_mask = 0;      // the frame is part of these decode targets
  uint32_t switch_mask = 0;       // these may be entered with this frame, if it can be decoded
  uint32_t required_mask = 0;     // these contain frames that depend on it
  uint32_t discardable_mask = 0;  // in these nothing depends on it
  // As stated in this packet: the decode targets that the sender still serves. It counts until
  // stated again; with a structure it starts at all of them.
  std::optional<uint32_t> active_targets;
  uint8_t frame_diff_count = 0;
  std::array<uint16_t, kMaxFrameDiffs> frame_diffs{};  // 1..4096, how many frames back
  uint8_t chain_count = 0;
  std::array<uint8_t, kMaxChains> chain_diffs{};  // how far back the last frame of the chain is

  // It refers to no other frame: the first frame of a key picture, or of a layer that starts anew.
  bool independent() const { return frame_diff_count == 0; }

  // Reads `value` by the structure it was written for; one that is attached to the packet itself
  // must have been given as `structure`. Nothing if the value is malformed or its template unknown.
  static std::optional<FrameDependencies> Parse(ByteView value,
                                                const DependencyStructure& structure);
  bool operator==(const FrameDependencies&) const = default;
};

// The structure attached to `value`, if there is one and it makes sense.
std::optional<DependencyStructure> ReadAttachedStructure(ByteView value);

// Writes `original` once more with another frame number and, if given, with this mask of active
// decode targets, in place of its own or added to it. All else stays bit for bit; padding may
// change. Returns the size, 0 if `out` is too small or `original` malformed. Adds five bytes at the
// most; without a mask the size stays. `out` must not overlap `original`.
//
// `target_count` (1..32) is that of the structure `original` was written for: all of it that is
// needed, so that a packet can be repeated when its structure is long gone. An attached structure
// knows better.
size_t RewriteDependencyDescriptor(ByteView original, uint8_t target_count, uint16_t frame_number,
                                   std::optional<uint32_t> active_targets, ByteSpan out);

inline size_t RewriteDependencyDescriptor(ByteView original, const DependencyStructure& structure,
                                          uint16_t frame_number,
                                          std::optional<uint32_t> active_targets, ByteSpan out) {
  return RewriteDependencyDescriptor(original, structure.target_count, frame_number, active_targets,
                                     out);
}

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_
