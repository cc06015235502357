#include "rtp/packet/dependency_tracker.h"

namespace sluice::rtp {
namespace {

// How far `frame` is behind `reference`; more than half of the circle is ahead.
bool IsBehind(uint16_t frame, uint16_t reference, uint16_t at_most) {
  const auto behind = static_cast<uint16_t>(reference - frame);
  return behind != 0 && behind <= at_most;
}

constexpr uint16_t kHalfCircle = 0x7fff;

}  // namespace

std::optional<FrameDependencies> DependencyTracker::Receive(ByteView descriptor) {
  const auto head = DependencyDescriptor::Parse(descriptor);
  if (!head) return std::nullopt;
  const DependencyStructure* structure = StructureOf(descriptor, *head);
  if (structure == nullptr) return std::nullopt;
  auto frame = FrameDependencies::Parse(descriptor, *structure);
  if (!frame) return std::nullopt;
  RecordFrame(frame->frame_number);
  if (structure == &latest().structure) RecordActive(*frame);
  return frame;
}

const DependencyStructure* DependencyTracker::structure() const {
  return store_ == nullptr ? nullptr : &latest().structure;
}

std::optional<uint8_t> DependencyTracker::TargetFor(LayerId wanted) const {
  if (store_ == nullptr) return std::nullopt;
  const DependencyStructure& structure = latest().structure;
  const auto served = structure.TargetFor(wanted, active_targets_);
  return served ? served : structure.TargetFor(wanted, structure.all_targets());
}

const DependencyStructure* DependencyTracker::StructureOf(ByteView value,
                                                          const DependencyDescriptor& descriptor) {
  if (descriptor.has_structure) {
    const auto attached = ReadAttachedStructure(value);
    // One that does not explain its own frame is of no use, and must not replace one that works.
    if (!attached || !FrameDependencies::Parse(value, *attached)) return nullptr;
    return Learn(*attached, descriptor.frame_number);
  }
  if (store_ == nullptr) return nullptr;
  // Only late packets are read by the former structure: a newer one with a template that only the
  // former has belongs to a structure whose packet was lost.
  if (has_former_ && IsLate(descriptor.frame_number) &&
      former().structure.Find(descriptor.template_id) != nullptr) {
    return &former().structure;
  }
  return &latest().structure;
}

const DependencyStructure* DependencyTracker::Learn(const DependencyStructure& structure,
                                                    uint16_t frame) {
  if (store_ == nullptr) {
    store_ = std::make_unique<Store>();
  } else {
    if (structure == latest().structure) return &latest().structure;
    if (IsLate(frame)) {
      former() = {structure, frame};
      has_former_ = true;
      return &former().structure;
    }
    has_former_ = true;
    latest_ = static_cast<uint8_t>(1 - latest_);
  }
  latest() = {structure, frame};
  changed_lately_ = true;
  newest_frame_ = frame;
  active_targets_ = structure.all_targets();
  active_since_ = frame;
  ++generation_;
  return &latest().structure;
}

void DependencyTracker::RecordFrame(uint16_t frame) {
  if (!IsBehind(frame, newest_frame_, kHalfCircle)) newest_frame_ = frame;
  const auto passed = static_cast<uint16_t>(newest_frame_ - latest().first_frame);
  if (passed <= kLateFrames || passed > kHalfCircle) return;
  changed_lately_ = false;
  has_former_ = false;
}

void DependencyTracker::RecordActive(const FrameDependencies& frame) {
  if (!frame.active_targets && !frame.has_structure) return;
  // A repeated packet must not bring back what was stated before.
  if (frame.frame_number != newest_frame_ &&
      IsBehind(frame.frame_number, active_since_, kHalfCircle)) {
    return;
  }
  active_targets_ = frame.active_targets.value_or(latest().structure.all_targets());
  active_since_ = frame.frame_number;
}

bool DependencyTracker::IsLate(uint16_t frame) const {
  return changed_lately_ && IsBehind(frame, latest().first_frame, kLateFrames);
}

}  // namespace sluice::rtp
