#include "tests/support/layer_packet_reader.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::test {

using rtp::codec::Kind;

ReceivedLayerPacket LayerPacketReader::Read(ByteView rtp, const LayerFrame& frame) const {
  ReceivedLayerPacket out;
  SLUICE_CHECK(rtp.size() >= 12 && rtp[0] >> 6 == 2);
  out.marker = (rtp[1] & 0x80) != 0;
  out.timestamp = static_cast<uint32_t>(rtp[4] << 24 | rtp[5] << 16 | rtp[6] << 8 | rtp[7]);
  out.padding = (rtp[0] & 0x20) != 0;
  size_t begin = 12;
  if ((rtp[0] & 0x10) != 0) {
    const bool two_byte = rtp[12] == 0x10;
    const size_t end = 16 + 4 * static_cast<size_t>(rtp[14] << 8 | rtp[15]);
    for (size_t at = 16; at < end;) {
      if (rtp[at] == 0) {
        ++at;
        continue;
      }
      const uint8_t id = two_byte ? rtp[at] : rtp[at] >> 4;
      const size_t size = two_byte ? rtp[at + 1] : (rtp[at] & 0x0f) + 1u;
      at += two_byte ? 2 : 1;
      if (id == kDescriptorId) ReadDescriptor(rtp.subspan(at, size), frame, out);
      at += size;
    }
    begin = end;
  }
  if (out.padding) {
    SLUICE_CHECK(rtp.size() == begin + rtp.back());
    return out;
  }
  const ByteView payload = rtp.subspan(begin);
  const ByteView mark = payload.last(LayerStream::kMarkSize);
  out.marked_frame = static_cast<uint32_t>(mark[0] << 24 | mark[1] << 16 | mark[2] << 8 | mark[3]);
  out.marked_index = mark[4];
  if (shape_.codec == Kind::kVp8) ReadVp8(payload, out);
  if (shape_.codec == Kind::kVp9) ReadVp9(payload, out);
  return out;
}

void LayerPacketReader::ReadVp8(ByteView payload, ReceivedLayerPacket& out) const {
  SLUICE_CHECK((payload[0] & 0x80) != 0);
  const uint8_t present = payload[1];
  size_t at = 2;
  SLUICE_CHECK((present & 0x80) != 0);
  if ((payload[at] & 0x80) != 0) {
    out.picture_id = static_cast<uint16_t>((payload[at] & 0x7f) << 8 | payload[at + 1]);
    at += 2;
  } else {
    out.picture_id = payload[at++];
  }
  if ((present & 0x40) != 0) out.base_index = payload[at++];
  if ((present & 0x20) != 0) out.temporal = payload[at] >> 6;
  if ((present & 0x10) != 0) out.key_index = payload[at] & 0x1f;
}

void LayerPacketReader::ReadVp9(ByteView payload, ReceivedLayerPacket& out) const {
  const uint8_t flags = payload[0];
  size_t at = 1;
  out.picture_id = static_cast<uint16_t>((payload[at] & 0x7f) << 8 | payload[at + 1]);
  at += 2;
  out.temporal = payload[at] >> 5;
  out.spatial = payload[at] >> 1 & 0x07;
  ++at;
  if ((flags & 0x10) == 0) out.base_index = payload[at++];
  bool more = (flags & 0x10) != 0 && (flags & 0x40) != 0;
  while (more) {
    out.references.push_back(payload[at] >> 1);
    more = (payload[at++] & 1) != 0;
  }
}

void LayerPacketReader::ReadDescriptor(ByteView value, const LayerFrame& frame,
                                       ReceivedLayerPacket& out) const {
  out.number = static_cast<uint16_t>(value[1] << 8 | value[2]);
  if (value.size() == 3) return;
  const bool attached = (value[3] & 0x80) != 0;
  if (attached) {
    out.active = AttachedMask(value, frame, out.number);
    return;
  }
  if ((value[3] & 0x40) == 0) return;
  uint32_t mask = 0;
  for (size_t i = 0; i < static_cast<size_t>(stream_.layout()->target_count); ++i) {
    const size_t bit = 29 + i;
    mask = mask << 1 | (value[bit / 8] >> (7 - bit % 8) & 1u);
  }
  out.active = mask;
}

// With a structure in front, its place is found by writing what could be meant.
std::optional<uint32_t> LayerPacketReader::AttachedMask(ByteView value, const LayerFrame& frame,
                                                        uint16_t number) const {
  DependencyLayout layout = *stream_.layout();
  layout.template_id_offset = frame.encoding * 7;
  const auto is = [&](std::optional<uint32_t> mask) {
    return std::ranges::equal(value,
                              WriteDependencyDescriptor({.start_of_frame = (value[0] & 0x80) != 0,
                                                         .end_of_frame = (value[0] & 0x40) != 0,
                                                         .template_id = frame.template_id,
                                                         .frame_number = number,
                                                         .attach_layout = true,
                                                         .active_targets = mask},
                                                        layout));
  };
  const auto all = static_cast<uint32_t>((1u << layout.target_count) - 1);
  if (is(std::nullopt)) return all;
  for (size_t target = 0; target < static_cast<size_t>(layout.target_count); ++target) {
    if (is(ServedBy(target))) return ServedBy(target);
  }
  return 0;  // Which will be complained of.
}

uint32_t LayerPacketReader::ServedBy(size_t target) const {
  uint32_t served = 0;
  const auto& templates = stream_.layout()->templates;
  for (size_t i = 0; i < static_cast<size_t>(stream_.layout()->target_count); ++i) {
    const bool part = std::ranges::all_of(templates, [&](const DependencyTemplate& one) {
      return one.indications[i] == '-' || one.indications[target] != '-';
    });
    if (part) served |= 1u << i;
  }
  return served;
}

}  // namespace sluice::test
