#include "rtp/forward/encoding_source.h"

namespace sluice::rtp {

void EncodingSource::Describe(codec::Kind kind, RtpPacket& packet) {
  const std::optional<ByteView> value = packet.extension(Extension::kDependencyDescriptor);
  codec::Description description = codec::Describe(kind, packet.payload(), packet.marker(), value);
  if (const auto frame = value ? dependencies.Receive(*value) : std::nullopt) {
    // The payload may be encrypted end to end, and what it then seems to say means nothing.
    description.key_frame = frame->has_structure && frame->frame_start;
    description.frame_start = frame->frame_start;
    description.frame_end = frame->frame_end;
    description.has_layers = true;
    description.spatial = frame->layer.spatial;
    description.temporal = frame->layer.temporal;
    PacketDependencies dependencies_of_packet;
    dependencies_of_packet.present_mask = frame->present_mask;
    dependencies_of_packet.switch_mask = frame->switch_mask;
    dependencies_of_packet.active_mask = dependencies.active_targets();
    dependencies_of_packet.frame_number = frame->frame_number;
    dependencies_of_packet.independent = frame->independent();
    dependencies_of_packet.has_structure = frame->has_structure;
    dependencies_of_packet.states_active = frame->active_targets.has_value();
    packet.set_dependencies(dependencies_of_packet);
  } else if (const auto head = value ? DependencyDescriptor::Parse(*value) : std::nullopt) {
    // Its structure has not come yet. Key frames bring one.
    description.key_frame = head->has_structure && head->start_of_frame;
    description.frame_start = head->start_of_frame;
    description.frame_end = head->end_of_frame;
  }
  packet.set_description(description);
}

EncodingSource::Place EncodingSource::Record(const RtpPacket& packet) {
  const bool same = newest_ && newest_->ssrc == packet.ssrc();
  const int64_t seq = packet.unwrapped_seq().value;
  if (same && seq <= newest_->seq) return {.newest = false};
  const bool goes_on = same && newest_->timestamp == packet.timestamp();
  newest_ = {packet.ssrc(), packet.timestamp(), seq};
  return {.newest = true, .goes_on = goes_on};
}

}  // namespace sluice::rtp
