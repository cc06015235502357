// Any bytes as a history of AV1 dependency descriptors.
//
// The input is cut into values, a byte in front of each saying how long it is. A tracker reads them
// one after the other, and each that makes sense is rewritten and read again.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "rtp/packet/dependency_tracker.h"

namespace sluice::rtp {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckFrame(const FrameDependencies& frame, ByteView value) {
  Require(frame.frame_diff_count <= kMaxFrameDiffs && frame.chain_count <= kMaxChains);
  Require(frame.layer.spatial < DependencyStructure::kMaxSpatialIds);
  Require(frame.layer.temporal < DependencyStructure::kMaxTemporalIds);
  Require((frame.switch_mask & frame.required_mask) == 0);
  Require((frame.switch_mask & frame.discardable_mask) == 0);
  Require((frame.required_mask & frame.discardable_mask) == 0);
  Require(frame.present_mask == (frame.switch_mask | frame.required_mask | frame.discardable_mask));
  for (size_t i = 0; i < frame.frame_diff_count; ++i) {
    Require(frame.frame_diffs[i] >= 1 && frame.frame_diffs[i] <= 4096);
  }
  const auto head = DependencyDescriptor::Parse(value);
  Require(head && head->frame_number == frame.frame_number);
  Require(head->has_active_decode_targets == frame.active_targets.has_value());
}

void CheckRewriting(ByteView value, const DependencyStructure& structure,
                    FrameDependencies expected) {
  std::array<uint8_t, DependencyDescriptor::kMaxSize> out;
  expected.frame_number = static_cast<uint16_t>(expected.frame_number + 77);
  size_t size = RewriteDependencyDescriptor(value, structure, expected.frame_number, {}, out);
  Require(size == value.size());
  Require(FrameDependencies::Parse(ByteView(out).first(size), structure) == expected);
  expected.active_targets = 0x55555555 & structure.all_targets();
  size = RewriteDependencyDescriptor(value, structure, expected.frame_number, 0x55555555, out);
  // Only what is as long as can be does not fit.
  Require(size != 0 || value.size() > out.size() - 5);
  if (size == 0) return;
  Require(FrameDependencies::Parse(ByteView(out).first(size), structure) == expected);
}

void CheckStructure(const DependencyTracker& tracker) {
  const DependencyStructure* structure = tracker.structure();
  if (structure == nullptr) {
    Require(!tracker.TargetFor({3, 7}) && tracker.active_targets() == 0);
    return;
  }
  Require(structure->template_count >= 1 &&
          structure->template_count <= DependencyStructure::kMaxTemplates);
  Require(structure->target_count >= 1 && structure->target_count <= kMaxDecodeTargets);
  Require(structure->chain_count <= structure->target_count);
  Require((tracker.active_targets() & ~structure->all_targets()) == 0);
  for (size_t i = 0; i < structure->target_count; ++i) {
    Require(structure->chain_count == 0 || structure->protected_by[i] < structure->chain_count);
  }
  // Every target is within the highest layer, so there always is one.
  const auto target = tracker.TargetFor({3, 7});
  Require(target && *target < structure->target_count);
}

void TestOne(ByteView input) {
  DependencyTracker tracker;
  for (ByteReader in(input); !in.empty();) {
    const size_t wanted = in.U8();
    const ByteView value = in.Bytes(std::min(wanted, in.remaining()));
    const auto frame = tracker.Receive(value);
    CheckStructure(tracker);
    if (!frame) continue;
    CheckFrame(*frame, value);
    // By whichever structure it was read, it must be readable by the latest or by its own, which a
    // late packet may bring after a newer one is known.
    const auto attached = ReadAttachedStructure(value);
    const DependencyStructure& structure = attached ? *attached : *tracker.structure();
    if (FrameDependencies::Parse(value, structure) == frame) {
      CheckRewriting(value, structure, *frame);
    }
  }
}

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::TestOne({data, size});
  return 0;
}
