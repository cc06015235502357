// The template dependency structure of the AV1 dependency descriptor (AOMedia, "RTP Payload Format
// For AV1", appendix A.8): what a sender says once, so that each packet need only name a template.
//
// A structure names decode targets (what a receiver may choose to see: a size and a frame rate),
// templates (layer and dependencies of a kind of frame) and chains (the frames that a decode target
// cannot do without). It comes with a key frame and counts until the next one; DependencyTracker
// keeps it.

#ifndef SLUICE_RTP_PACKET_DEPENDENCY_STRUCTURE_H_
#define SLUICE_RTP_PACKET_DEPENDENCY_STRUCTURE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtp/forward/layer.h"
#include "rtp/packet/bit_reader.h"

namespace sluice::rtp {

// Table A.1: what a frame is to a decode target.
enum class DecodeTargetIndication : uint8_t {
  kNotPresent,   // not part of it
  kDiscardable,  // part of it, and nothing in it depends on this frame
  kSwitch,       // part of it; whoever can decode this frame can decode all that follow in it
  kRequired,     // part of it, and neither of the above
};

// The indications of one frame, bit i for decode target i. At most one of the three has a bit.
struct DecodeTargetMasks {
  uint32_t discardable = 0;
  uint32_t switchable = 0;
  uint32_t required = 0;

  constexpr uint32_t present() const { return discardable | switchable | required; }
  constexpr DecodeTargetIndication Of(size_t target) const {
    const uint32_t bit = uint32_t{1} << target;
    if ((discardable & bit) != 0) return DecodeTargetIndication::kDiscardable;
    if ((switchable & bit) != 0) return DecodeTargetIndication::kSwitch;
    return (required & bit) != 0 ? DecodeTargetIndication::kRequired
                                 : DecodeTargetIndication::kNotPresent;
  }
  // Two bits per target, as they stand in template_dtis and frame_dtis.
  static DecodeTargetMasks ReadFrom(BitReader& in, size_t target_count);

  constexpr bool operator==(const DecodeTargetMasks&) const = default;
};

// Frames that a frame refers to directly. AV1 has eight reference buffers; the syntax of the
// descriptor knows no bound, and longer lists are refused.
inline constexpr size_t kMaxFrameDiffs = 8;
// ns(DtCnt + 1): never more chains than decode targets.
inline constexpr size_t kMaxDecodeTargets = 32;
inline constexpr size_t kMaxChains = kMaxDecodeTargets;

struct FrameTemplate {
  // `spatial` 0..3 and `temporal` 0..7, what an AV1 OBU header has room for.
  LayerId layer;
  DecodeTargetMasks targets;
  uint8_t frame_diff_count = 0;
  std::array<uint8_t, kMaxFrameDiffs> frame_diffs{};  // 1..16, how many frames back
  std::array<uint8_t, kMaxChains> chain_diffs{};      // 0..15; 0: the chain begins anew

  bool operator==(const FrameTemplate&) const = default;
};

struct DependencyStructure {
  static constexpr size_t kMaxTemplates = 64;
  static constexpr size_t kMaxSpatialIds = 4;
  static constexpr size_t kMaxTemporalIds = 8;

  struct Resolution {
    uint32_t width = 0;  // 1..65536, the largest that this spatial layer will be rendered at
    uint32_t height = 0;
    bool operator==(const Resolution&) const = default;
  };

  uint8_t template_id_offset = 0;  // 0..63
  uint8_t template_count = 0;      // 1..64
  uint8_t target_count = 0;        // 1..32
  uint8_t chain_count = 0;         // 0..target_count
  uint8_t spatial_count = 0;       // 1..4
  uint8_t temporal_count = 0;      // 1..8, the most that any spatial layer has
  bool has_resolutions = false;
  std::array<FrameTemplate, kMaxTemplates> templates{};
  // The highest ids that a decode target contains.
  std::array<LayerId, kMaxDecodeTargets> target_layers{};
  // The chain that protects a decode target; meaningless without chains.
  std::array<uint8_t, kMaxDecodeTargets> protected_by{};
  std::array<Resolution, kMaxSpatialIds> resolutions{};

  // Nothing if the bits do not hold a structure, or one beyond the bounds above.
  static std::optional<DependencyStructure> ReadFrom(BitReader& in);

  // The template of this id (0..63), or null: then the packet belongs to another structure.
  const FrameTemplate* Find(uint8_t template_id) const;
  LayerId TargetLayer(size_t target) const { return target_layers[target]; }
  uint32_t all_targets() const { return static_cast<uint32_t>((uint64_t{1} << target_count) - 1); }
  // Of the decode targets in the mask `among`, the one with the highest layer that exceeds `wanted`
  // neither in size nor in frame rate. Size counts more than frame rate.
  std::optional<uint8_t> TargetFor(LayerId wanted, uint32_t among) const;

  bool operator==(const DependencyStructure&) const = default;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_DEPENDENCY_STRUCTURE_H_
