#include "rtp/forward/layer_selector.h"

#include <algorithm>
#include <limits>
#include <span>

namespace sluice::rtp {
namespace {

using codec::Description;
using codec::Kind;

// Layers 0 to `highest`.
constexpr uint8_t MaskUpTo(uint8_t highest) {
  return highest >= 7 ? 0xff : static_cast<uint8_t>((2u << highest) - 1);
}

constexpr bool Has(uint32_t mask, uint8_t bit) { return (mask >> bit & 1) != 0; }

constexpr bool HasAllUpTo(uint8_t mask, uint8_t highest) {
  return (mask & MaskUpTo(highest)) == MaskUpTo(highest);
}

// Every frame of decode target `inner` is one of `outer`, so that whoever gets the one may get the
// other from any picture on.
bool IsPartOf(const DependencyStructure& structure, uint8_t inner, uint8_t outer) {
  const auto templates = std::span(structure.templates).first(structure.template_count);
  return std::ranges::all_of(templates, [&](const FrameTemplate& frame) {
    return !Has(frame.targets.present(), inner) || Has(frame.targets.present(), outer);
  });
}

// The decode targets that can be decoded from the frames of `target`.
uint32_t ServedBy(const DependencyStructure& structure, uint8_t target) {
  uint32_t served = structure.all_targets();
  for (size_t i = 0; i < structure.template_count; ++i) {
    const uint32_t present = structure.templates[i].targets.present();
    if (!Has(present, target)) served &= ~present;
  }
  return served;
}

// If nothing is as low as what is wanted, the lowest there is. There must be a structure.
uint8_t FindTarget(const DependencyTracker& dependencies, LayerId wanted) {
  if (const std::optional<uint8_t> found = dependencies.TargetFor(wanted)) return *found;
  const DependencyStructure& structure = *dependencies.structure();
  const auto layers = std::span(structure.target_layers).first(structure.target_count);
  return static_cast<uint8_t>(std::ranges::min_element(layers) - layers.begin());
}

void SetDecodeTarget(const DependencyStructure& structure, uint8_t target, LayerChoice& choice) {
  choice.by_descriptor = true;
  choice.target = target;
  choice.target_count = structure.target_count;
  choice.served_targets = ServedBy(structure, target);
  choice.announced = true;
  choice.spatial = structure.TargetLayer(target).spatial;
  choice.temporal_mask = MaskUpTo(structure.TargetLayer(target).temporal);
}

}  // namespace

void LayerSelector::SetTarget(LayerId target) {
  if (target != target_) looked_ = false;
  target_ = target;
}

void LayerSelector::Begin(const RtpPacket& packet, const EncodingSource& source) {
  count_ = 0;
  passed_ = {};
  largest_seen_ = 0;
  looked_ = false;
  references_.Clear();
  lowest_seen_ = packet.description().spatial;
  lowest_expected_ = packet.description().spatial;
  EnterKeyPicture();
  LayerChoice choice = ChooseAtKeyFrame(packet, source);
  if (choice.by_descriptor) {
    const DependencyStructure& structure = *source.dependencies.structure();
    choice.announced = choice.served_targets != structure.all_targets();
    Look(source);
  }
  Choose(choice, packet);
  // What still comes of the first frame is judged by it as well.
  choices_[newest_].begin = std::numeric_limits<int64_t>::min();
}

bool LayerSelector::Advance(const RtpPacket& packet, bool new_picture,
                            const EncodingSource& source) {
  if (newest().by_descriptor) {
    return packet.dependencies() == nullptr || AdvanceByDescriptor(packet, new_picture, source);
  }
  AdvanceByPayload(packet, new_picture, source);
  return true;
}

bool LayerSelector::AdvanceByDescriptor(const RtpPacket& packet, bool new_picture,
                                        const EncodingSource& source) {
  if (source.dependencies.structure() == nullptr) return true;
  const PacketDependencies& frame = *packet.dependencies();
  const bool restructured = source.dependencies.generation() != looked_generation_;
  Look(source);
  const DependencyStructure& structure = *source.dependencies.structure();
  const uint8_t current = newest().target;
  const uint8_t wanted = wanted_target_;
  LayerChoice next = newest();
  SetDecodeTarget(structure, wanted, next);
  // Numbers of decode targets mean something else from now on. The key frame that brought this
  // passed as a whole, understood or not.
  if (restructured) {
    Choose(next, packet);
    return true;
  }
  smaller_needs_key_ = false;
  if (wanted == current) return true;
  const bool passes = Has(frame.present_mask, current);
  if (Has(frame.switch_mask, wanted)) {
    if (!passes && frame.independent) return false;
    if (passes) Choose(next, packet);
    if (passes) return true;
  }
  if (IsPartOf(structure, wanted, current)) {
    // With a frame that tells of it.
    if (new_picture && Has(frame.present_mask, wanted)) Choose(next, packet);
    return true;
  }
  smaller_needs_key_ = next.spatial < newest().spatial;
  return true;
}

void LayerSelector::AdvanceByPayload(const RtpPacket& packet, bool new_picture,
                                     const EncodingSource& source) {
  const Description& frame = packet.description();
  LayerChoice next = newest();
  if (new_picture) BeginPicture();
  if (frame.key_frame) {
    if (!new_picture) return;
    // The lowest layer may be late, and would be judged by another choice. If it is gone, the next
    // key picture will do.
    const bool late = frame.spatial > lowest_expected_;
    lowest_expected_ = std::max(lowest_expected_, frame.spatial);
    if (late) return;
    EnterKeyPicture();
    next = ChooseAtKeyFrame(packet, source);
    if (next.by_descriptor) Look(source);
  } else if (has_layers_) {
    LeaveKeyPicture(frame, next);
    if (DecidesPicture(frame, new_picture)) {
      LowerLayers(next);
      RaiseTemporal(frame, next);
    }
  }
  const LayerChoice& before = newest();
  if (next.spatial == before.spatial && next.temporal_mask == before.temporal_mask &&
      next.by_descriptor == before.by_descriptor) {
    return;
  }
  if ((next.temporal_mask & ~before.temporal_mask) != 0) references_.GiveUpMissing();
  Choose(next, packet);
}

void LayerSelector::BeginPicture() {
  lowest_expected_ = std::min(lowest_expected_, lowest_seen_);
  lowest_seen_ = kEverything.spatial;
}

// True if all of the picture that passes comes with this frame or behind it, so that one choice
// judges it all.
bool LayerSelector::DecidesPicture(const Description& frame, bool new_picture) const {
  if (codec_ != Kind::kVp9) return new_picture;
  if (svc_ == SvcMode::kKey) return frame.spatial == newest().spatial;
  return new_picture && !frame.inter_layer;
}

LayerChoice LayerSelector::ChooseAtKeyFrame(const RtpPacket& packet,
                                            const EncodingSource& source) const {
  LayerChoice choice;
  choice.spatial = has_layers_ ? target_.spatial : kEverything.spatial;
  choice.temporal_mask = has_layers_ ? WantedMask() : MaskUpTo(kEverything.temporal);
  if (packet.dependencies() != nullptr && source.dependencies.structure() != nullptr) {
    SetDecodeTarget(*source.dependencies.structure(), FindTarget(source.dependencies, target_),
                    choice);
  }
  return choice;
}

void LayerSelector::LowerLayers(LayerChoice& next) const {
  next.temporal_mask &= WantedMask();
  if (svc_ != SvcMode::kKey) next.spatial = std::min(next.spatial, target_.spatial);
}

void LayerSelector::RaiseTemporal(const Description& frame, LayerChoice& next) const {
  const uint8_t layer = frame.temporal;
  const uint8_t mask = next.temporal_mask;
  if (codec_ == Kind::kVp9 && frame.reference_count > 0) FollowReferences(frame, next);
  if (!frame.layer_sync) return;
  if (codec_ == Kind::kVp9) {
    if (Has(mask, layer)) next.temporal_mask |= WantedMask();
  } else if (Has(WantedMask(), layer)) {
    // An H265 picture like this may depend on all lower layers, a VP8 frame on the base alone.
    const bool follows = layer == 0 || HasAllUpTo(mask, static_cast<uint8_t>(layer - 1));
    if (codec_ == Kind::kVp8 || follows) next.temporal_mask |= static_cast<uint8_t>(1u << layer);
  }
}

void LayerSelector::FollowReferences(const Description& frame, LayerChoice& next) const {
  const uint8_t layer = frame.temporal;
  if (layer == 0 || !Has(WantedMask(), layer)) return;
  const auto references = std::span(frame.references).first(frame.reference_count);
  const auto picture = [&](uint8_t back) { return static_cast<uint16_t>(frame.picture_id - back); };
  if (Has(next.temporal_mask, layer)) {
    const bool lost_track = std::ranges::any_of(
        references, [&](uint8_t back) { return references_.Refused(picture(back)); });
    if (lost_track) next.temporal_mask &= MaskUpTo(static_cast<uint8_t>(layer - 1));
  } else if (HasAllUpTo(next.temporal_mask, static_cast<uint8_t>(layer - 1)) &&
             std::ranges::all_of(references,
                                 [&](uint8_t back) { return references_.Passed(picture(back)); })) {
    next.temporal_mask |= static_cast<uint8_t>(1u << layer);
  }
}

void LayerSelector::EnterKeyPicture() {
  in_key_picture_ = true;
  key_picture_top_ = 0;
}

// In K-SVC only the largest size passes after the key picture, so it had better be there.
void LayerSelector::LeaveKeyPicture(const Description& frame, LayerChoice& next) {
  if (!in_key_picture_ || frame.intra_picture) return;
  in_key_picture_ = false;
  if (svc_ == SvcMode::kKey) next.spatial = std::min(next.spatial, key_picture_top_);
}

void LayerSelector::Choose(LayerChoice next, const RtpPacket& packet) {
  next.begin = packet.unwrapped_seq().value;
  if (const PacketDependencies* frame = packet.dependencies()) {
    next.begin_frame = frame->frame_number;
    // In S modes it may be one of another size, which shows the structure to everybody.
    next.takes_first = frame->has_structure;
  }
  newest_ = static_cast<uint8_t>((newest_ + 1) % kHistory);
  count_ = std::min<uint8_t>(static_cast<uint8_t>(count_ + 1), kHistory);
  choices_[newest_] = next;
}

void LayerSelector::Look(const EncodingSource& source) {
  const DependencyTracker& dependencies = source.dependencies;
  if (looked_ && looked_generation_ == dependencies.generation() &&
      looked_active_ == dependencies.active_targets()) {
    return;
  }
  looked_ = true;
  looked_generation_ = dependencies.generation();
  looked_active_ = dependencies.active_targets();
  const DependencyStructure& structure = *dependencies.structure();
  wanted_target_ = FindTarget(dependencies, target_);
  largest_target_ = structure.TargetLayer(FindTarget(dependencies, kEverything)).spatial;
}

const LayerChoice* LayerSelector::At(RtpSeq seq) const {
  for (size_t age = 0; age < count_; ++age) {
    const LayerChoice& choice = choices_[(newest_ + kHistory - age) % kHistory];
    if (seq.value >= choice.begin) return &choice;
  }
  return nullptr;
}

bool LayerSelector::Passes(const LayerChoice& choice, const RtpPacket& packet) const {
  if (choice.by_descriptor) {
    // What is not understood passes: its structure may still come.
    const PacketDependencies* frame = packet.dependencies();
    if (frame == nullptr || Has(frame->present_mask, choice.target)) return true;
    return choice.takes_first && frame->frame_number == choice.begin_frame;
  }
  const Description& frame = packet.description();
  const bool in_time = Has(choice.temporal_mask, frame.temporal);
  switch (codec_) {
    case Kind::kVp8:
      return in_time && (frame.layer_sync || HasAllUpTo(choice.temporal_mask, frame.temporal));
    case Kind::kH265:
      return in_time;
    case Kind::kVp9:
      if (!in_time || frame.spatial > choice.spatial) return false;
      return svc_ != SvcMode::kKey || frame.spatial == choice.spatial || frame.intra_picture;
    default:
      return true;
  }
}

void LayerSelector::Record(const LayerChoice& choice, const RtpPacket& packet, bool passed) {
  const Description& frame = packet.description();
  largest_seen_ = std::max(largest_seen_, frame.spatial);
  lowest_seen_ = std::min(lowest_seen_, frame.spatial);
  if (in_key_picture_ && frame.intra_picture) {
    key_picture_top_ = std::max(key_picture_top_, frame.spatial);
  }
  if (passed) {
    passed_.spatial = std::max(passed_.spatial, frame.spatial);
    passed_.temporal = std::max(passed_.temporal, frame.temporal);
  }
  // In K-SVC the picture is what passes of it.
  const bool counts = svc_ != SvcMode::kKey || frame.spatial == choice.spatial;
  if (codec_ == Kind::kVp9 && frame.picture_id_bits != 0 && counts) {
    references_.Record(frame.picture_id, Has(choice.temporal_mask, frame.temporal));
  }
}

bool LayerSelector::IsLastOfPicture(const LayerChoice& choice, const RtpPacket& packet) {
  const Description& frame = packet.description();
  return frame.frame_end && frame.spatial == choice.spatial;
}

std::optional<uint32_t> LayerSelector::ActiveTargets(const LayerChoice& choice,
                                                     const RtpPacket& packet) {
  const PacketDependencies* frame = packet.dependencies();
  if (frame == nullptr || !choice.by_descriptor || !choice.announced) return std::nullopt;
  const auto since = static_cast<uint16_t>(frame->frame_number - choice.begin_frame);
  const bool news = packet.description().frame_start && since < kAnnounced;
  if (!frame->has_structure && !frame->states_active && !news) return std::nullopt;
  return choice.served_targets & frame->active_mask;
}

LayerId LayerSelector::current() const {
  LayerId layer = passed_;
  layer.spatial = std::min(layer.spatial, newest().spatial);
  while (layer.temporal > 0 && !HasAllUpTo(newest().temporal_mask, layer.temporal)) {
    --layer.temporal;
  }
  return layer;
}

bool LayerSelector::needs_key_frame() const {
  const uint8_t passing = newest().spatial;
  if (newest().by_descriptor) {
    return std::min(target_.spatial, largest_target_) > passing || smaller_needs_key_;
  }
  if (codec_ != Kind::kVp9) return false;
  if (svc_ == SvcMode::kKey && target_.spatial < passing) return true;
  return std::min(target_.spatial, largest_seen_) > passing;
}

uint8_t LayerSelector::WantedMask() const { return MaskUpTo(target_.temporal); }

}  // namespace sluice::rtp
