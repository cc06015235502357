#include "rtp/packet/dependency_structure.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

// Table A.2.
constexpr uint32_t kNextTemporal = 1;
constexpr uint32_t kNextSpatial = 2;
constexpr uint32_t kNoMoreLayers = 3;

// template_layers(): one template after the other, each telling where the next one stands.
bool ReadLayers(BitReader& in, DependencyStructure& structure) {
  LayerId layer;
  for (size_t i = 0; i < structure.templates.size(); ++i) {
    structure.templates[i].layer = layer;
    structure.template_count = static_cast<uint8_t>(i + 1);
    structure.spatial_count = static_cast<uint8_t>(layer.spatial + 1);
    structure.temporal_count =
        std::max(structure.temporal_count, static_cast<uint8_t>(layer.temporal + 1));
    const uint32_t next = in.Bits(2);
    if (next == kNoMoreLayers) return true;
    if (next == kNextTemporal) ++layer.temporal;
    if (next == kNextSpatial) layer = {static_cast<uint8_t>(layer.spatial + 1), 0};
    if (layer.spatial >= DependencyStructure::kMaxSpatialIds ||
        layer.temporal >= DependencyStructure::kMaxTemporalIds || !in.ok()) {
      return false;
    }
  }
  return false;
}

bool ReadFrameDiffs(BitReader& in, FrameTemplate& frame) {
  while (in.Flag()) {
    if (frame.frame_diff_count == kMaxFrameDiffs) return false;
    frame.frame_diffs[frame.frame_diff_count++] = static_cast<uint8_t>(in.Bits(4) + 1);
  }
  return in.ok();
}

// template_chains().
void ReadChains(BitReader& in, DependencyStructure& structure) {
  structure.chain_count = static_cast<uint8_t>(in.NonSymmetric(structure.target_count + 1u));
  if (structure.chain_count == 0) return;
  for (size_t i = 0; i < structure.target_count; ++i) {
    structure.protected_by[i] = static_cast<uint8_t>(in.NonSymmetric(structure.chain_count));
  }
  for (size_t i = 0; i < structure.template_count; ++i) {
    for (size_t chain = 0; chain < structure.chain_count; ++chain) {
      structure.templates[i].chain_diffs[chain] = static_cast<uint8_t>(in.Bits(4));
    }
  }
}

// decode_target_layers(): not on the wire, but what the templates say together.
void FindTargetLayers(DependencyStructure& structure) {
  for (size_t i = 0; i < structure.template_count; ++i) {
    const FrameTemplate& frame = structure.templates[i];
    for (size_t target = 0; target < structure.target_count; ++target) {
      if (frame.targets.Of(target) == DecodeTargetIndication::kNotPresent) continue;
      LayerId& highest = structure.target_layers[target];
      highest.spatial = std::max(highest.spatial, frame.layer.spatial);
      highest.temporal = std::max(highest.temporal, frame.layer.temporal);
    }
  }
}

void ReadResolutions(BitReader& in, DependencyStructure& structure) {
  structure.has_resolutions = in.Flag();
  if (!structure.has_resolutions) return;
  for (size_t i = 0; i < structure.spatial_count; ++i) {
    structure.resolutions[i].width = in.Bits(16) + 1;
    structure.resolutions[i].height = in.Bits(16) + 1;
  }
}

}  // namespace

DecodeTargetMasks DecodeTargetMasks::ReadFrom(BitReader& in, size_t target_count) {
  DecodeTargetMasks masks;
  for (size_t target = 0; target < target_count; ++target) {
    const uint32_t bit = uint32_t{1} << target;
    switch (static_cast<DecodeTargetIndication>(in.Bits(2))) {
      case DecodeTargetIndication::kNotPresent:
        break;
      case DecodeTargetIndication::kDiscardable:
        masks.discardable |= bit;
        break;
      case DecodeTargetIndication::kSwitch:
        masks.switchable |= bit;
        break;
      case DecodeTargetIndication::kRequired:
        masks.required |= bit;
        break;
    }
  }
  return masks;
}

std::optional<DependencyStructure> DependencyStructure::ReadFrom(BitReader& in) {
  DependencyStructure structure;
  structure.template_id_offset = static_cast<uint8_t>(in.Bits(6));
  structure.target_count = static_cast<uint8_t>(in.Bits(5) + 1);
  if (!ReadLayers(in, structure)) return std::nullopt;
  for (size_t i = 0; i < structure.template_count; ++i) {
    structure.templates[i].targets = DecodeTargetMasks::ReadFrom(in, structure.target_count);
  }
  for (size_t i = 0; i < structure.template_count; ++i) {
    if (!ReadFrameDiffs(in, structure.templates[i])) return std::nullopt;
  }
  ReadChains(in, structure);
  FindTargetLayers(structure);
  ReadResolutions(in, structure);
  if (!in.ok()) return std::nullopt;
  return structure;
}

const FrameTemplate* DependencyStructure::Find(uint8_t template_id) const {
  const size_t index = (template_id + kMaxTemplates - template_id_offset) % kMaxTemplates;
  return index < template_count ? &templates[index] : nullptr;
}

std::optional<uint8_t> DependencyStructure::TargetFor(LayerId wanted, uint32_t among) const {
  std::optional<uint8_t> best;
  for (uint8_t target = 0; target < target_count; ++target) {
    const LayerId layer = target_layers[target];
    if ((among >> target & 1) == 0) continue;
    if (layer.spatial > wanted.spatial || layer.temporal > wanted.temporal) continue;
    if (!best || layer > target_layers[*best]) best = target;
  }
  return best;
}

}  // namespace sluice::rtp
