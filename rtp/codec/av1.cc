#include "rtp/codec/av1.h"

#include "rtp/packet/dependency_descriptor.h"

namespace sluice::rtp::codec {
namespace {

// AV1 bitstream specification §6.2.2.
constexpr uint8_t kSequenceHeader = 1;
constexpr uint8_t kTemporalDelimiter = 2;
constexpr uint8_t kFrameHeader = 3;
constexpr uint8_t kMetadata = 5;
constexpr uint8_t kFrame = 6;

// Whatever decides about the packet stands in front: at most a delimiter, a sequence header,
// metadata and a frame. Those who send more get no more attention.
constexpr int kMaxElements = 8;

// AV1 bitstream specification §4.10.5, up to the four bytes that any length in a datagram needs.
size_t ReadLeb128(ByteReader& in) {
  size_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    const uint8_t byte = in.U8();
    value |= static_cast<size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  in.Skip(in.remaining() + 1);  // Longer than any packet: makes the reader fail.
  return 0;
}

// Notes that an OBU begins here (§5.3).
void Record(ByteView obu, Av1& av1) {
  ByteReader in(obu);
  const uint8_t head = in.U8();
  const uint8_t type = head >> 3 & 0x0f;
  av1.has_sequence_header |= type == kSequenceHeader;
  av1.frame_start |= type == kSequenceHeader || type == kTemporalDelimiter ||
                     type == kFrameHeader || type == kMetadata || type == kFrame;
  const bool has_extension = (head & 0x04) != 0;
  if (!has_extension || in.empty() || av1.has_layers) return;
  const uint8_t extension = in.U8();
  av1.has_layers = true;
  av1.temporal = static_cast<uint8_t>(extension >> 5);
  av1.spatial = extension >> 3 & 0x03;
}

}  // namespace

std::optional<Av1> Av1::Parse(ByteView payload) {
  ByteReader in(payload);
  const uint8_t head = in.U8();
  Av1 av1;
  av1.continuation = (head & 0x80) != 0;
  av1.continues = (head & 0x40) != 0;
  av1.element_count = head >> 4 & 0x03;
  av1.new_sequence = (head & 0x08) != 0;
  if (in.empty()) return std::nullopt;
  // §4.4: a sequence cannot begin with the rest of something.
  if (av1.new_sequence && av1.continuation) return std::nullopt;

  for (int i = 0; i < kMaxElements && !in.empty(); ++i) {
    // With W given, the last element takes what is left.
    const bool last = av1.element_count != 0 && i + 1 == av1.element_count;
    const ByteView element = in.Bytes(last ? in.remaining() : ReadLeb128(in));
    if (!in.ok()) return std::nullopt;
    const bool begins_here = i > 0 || !av1.continuation;
    if (begins_here && !element.empty()) Record(element, av1);
    if (last) break;
  }
  return av1;
}

Description DescribeAv1(ByteView payload, bool marker,
                        std::optional<ByteView> dependency_descriptor) {
  Description description;
  if (const std::optional<Av1> av1 = Av1::Parse(payload)) {
    description.key_frame = av1->new_sequence || av1->has_sequence_header;
    description.frame_start = av1->frame_start;
    description.frame_end = marker;
    description.has_layers = av1->has_layers;
    description.temporal = av1->temporal;
    description.spatial = av1->spatial;
  }
  if (!dependency_descriptor) return description;
  if (const auto descriptor = DependencyDescriptor::Parse(*dependency_descriptor)) {
    description.frame_start = descriptor->start_of_frame;
    description.frame_end = descriptor->end_of_frame;
    description.picture_id_bits = 16;
    description.picture_id = descriptor->frame_number;
    description.template_id = descriptor->template_id;
    // A new structure is where a receiver that has none can start.
    description.key_frame |= descriptor->has_structure && descriptor->start_of_frame;
  }
  return description;
}

}  // namespace sluice::rtp::codec
