#include "rtp/packet/dependency_descriptor.h"

#include <algorithm>

#include "rtp/packet/bit_reader.h"
#include "rtp/packet/bit_writer.h"

namespace sluice::rtp {
namespace {

constexpr size_t kMandatoryBits = DependencyDescriptor::kMandatorySize * 8;
constexpr size_t kFlagBits = 5;
constexpr uint32_t kActiveTargetsFlag = 0x08;

// frame_fdiffs().
bool ReadFrameDiffs(BitReader& in, FrameDependencies& frame) {
  frame.frame_diff_count = 0;
  while (const uint32_t nibbles = in.Bits(2)) {
    if (frame.frame_diff_count == kMaxFrameDiffs) return false;
    frame.frame_diffs[frame.frame_diff_count++] = static_cast<uint16_t>(in.Bits(4 * nibbles) + 1);
  }
  return true;
}

void SetMasks(const DecodeTargetMasks& masks, FrameDependencies& frame) {
  frame.present_mask = masks.present();
  frame.switch_mask = masks.switchable;
  frame.required_mask = masks.required;
  frame.discardable_mask = masks.discardable;
}

void ApplyTemplate(const FrameTemplate& known, FrameDependencies& frame) {
  frame.layer = known.layer;
  SetMasks(known.targets, frame);
  frame.frame_diff_count = known.frame_diff_count;
  std::ranges::copy(known.frame_diffs, frame.frame_diffs.begin());
  frame.chain_diffs = known.chain_diffs;
}

// extended_descriptor_fields() behind the flags, and the custom fields.
bool ReadExtended(ByteView value, const DependencyDescriptor& flags,
                  const DependencyStructure& structure, FrameDependencies& frame) {
  BitReader in(value);
  in.Skip(kMandatoryBits + kFlagBits);
  if (flags.has_structure && !DependencyStructure::ReadFrom(in)) return false;
  if (flags.has_active_decode_targets) frame.active_targets = in.Bits(structure.target_count);
  if (flags.has_custom_decode_target_indications) {
    SetMasks(DecodeTargetMasks::ReadFrom(in, structure.target_count), frame);
  }
  if (flags.has_custom_frame_differences && !ReadFrameDiffs(in, frame)) return false;
  if (flags.has_custom_chains) {
    for (size_t i = 0; i < structure.chain_count; ++i) {
      frame.chain_diffs[i] = static_cast<uint8_t>(in.Bits(8));
    }
  }
  return in.ok();
}

// How many bits from `in` on tell of the frame; what follows is padding. Where chains of the
// frame's own end is known only with the structure, so behind them padding counts in.
size_t DefinitionBits(BitReader in, const DependencyDescriptor& flags, size_t target_count) {
  const size_t start = in.position();
  if (flags.has_custom_chains) return in.remaining();
  if (flags.has_custom_decode_target_indications) in.Skip(2 * target_count);
  if (flags.has_custom_frame_differences) {
    while (const uint32_t nibbles = in.Bits(2)) in.Skip(4 * nibbles);
  }
  return in.position() - start;
}

// Copies an attached structure and returns how many decode targets it has, 0 if it is malformed.
size_t CopyStructure(BitReader& in, BitWriter& out) {
  BitReader copied = in;
  const auto structure = DependencyStructure::ReadFrom(in);
  if (!structure) return 0;
  out.Copy(copied, in.position() - copied.position());
  return structure->target_count;
}

}  // namespace

std::optional<DependencyDescriptor> DependencyDescriptor::Parse(ByteView value) {
  ByteReader in(value);
  const uint8_t head = in.U8();
  DependencyDescriptor descriptor;
  descriptor.start_of_frame = (head & 0x80) != 0;
  descriptor.end_of_frame = (head & 0x40) != 0;
  descriptor.template_id = head & 0x3f;
  descriptor.frame_number = in.U16();
  if (!in.ok()) return std::nullopt;
  // Appendix A.8.2: the extended part is there if and only if there are more bytes.
  if (in.empty()) return descriptor;
  const uint8_t flags = in.U8();
  descriptor.has_structure = (flags & 0x80) != 0;
  descriptor.has_active_decode_targets = (flags & 0x40) != 0;
  descriptor.has_custom_decode_target_indications = (flags & 0x20) != 0;
  descriptor.has_custom_frame_differences = (flags & 0x10) != 0;
  descriptor.has_custom_chains = (flags & 0x08) != 0;
  return descriptor;
}

std::optional<FrameDependencies> FrameDependencies::Parse(ByteView value,
                                                          const DependencyStructure& structure) {
  const auto descriptor = DependencyDescriptor::Parse(value);
  if (!descriptor) return std::nullopt;
  const FrameTemplate* known = structure.Find(descriptor->template_id);
  if (known == nullptr) return std::nullopt;
  FrameDependencies frame;
  frame.frame_start = descriptor->start_of_frame;
  frame.frame_end = descriptor->end_of_frame;
  frame.has_structure = descriptor->has_structure;
  frame.template_id = descriptor->template_id;
  frame.frame_number = descriptor->frame_number;
  frame.chain_count = structure.chain_count;
  ApplyTemplate(*known, frame);
  if (value.size() > DependencyDescriptor::kMandatorySize &&
      !ReadExtended(value, *descriptor, structure, frame)) {
    return std::nullopt;
  }
  return frame;
}

std::optional<DependencyStructure> ReadAttachedStructure(ByteView value) {
  const auto descriptor = DependencyDescriptor::Parse(value);
  if (!descriptor || !descriptor->has_structure) return std::nullopt;
  BitReader in(value);
  in.Skip(kMandatoryBits + kFlagBits);
  return DependencyStructure::ReadFrom(in);
}

size_t RewriteDependencyDescriptor(ByteView original, uint8_t target_count, uint16_t frame_number,
                                   std::optional<uint32_t> active_targets, ByteSpan out) {
  const auto descriptor = DependencyDescriptor::Parse(original);
  if (!descriptor || original.size() > DependencyDescriptor::kMaxSize) return 0;
  if (out.size() > DependencyDescriptor::kMaxSize) out = out.first(DependencyDescriptor::kMaxSize);
  BitReader in(original);
  BitWriter rewritten(out);
  rewritten.Copy(in, 8);
  rewritten.Bits(frame_number, 16);
  in.Skip(16);
  if (!active_targets) {
    rewritten.Copy(in, in.remaining());
    return rewritten.ok() ? rewritten.size() : 0;
  }
  const uint32_t flags = in.remaining() == 0 ? 0 : in.Bits(kFlagBits);
  rewritten.Bits(flags | kActiveTargetsFlag, kFlagBits);
  const size_t targets = descriptor->has_structure ? CopyStructure(in, rewritten) : target_count;
  if (targets == 0 || targets > kMaxDecodeTargets) return 0;
  if (descriptor->has_active_decode_targets) in.Skip(targets);
  rewritten.Bits(*active_targets, targets);
  rewritten.Copy(in, DefinitionBits(in, *descriptor, targets));
  return in.ok() && rewritten.ok() ? rewritten.size() : 0;
}

}  // namespace sluice::rtp
