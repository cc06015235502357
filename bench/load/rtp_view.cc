#include "bench/load/rtp_view.h"

namespace sluice::load {
namespace {

constexpr uint16_t kOneByteProfile = 0xbede;

// The extension's profile, and its elements.
struct Extensions {
  uint16_t profile = 0;
  ByteView elements;
};

std::optional<Extensions> ExtensionsOf(ByteView packet) {
  if (packet.size() < kRtpHeaderSize || (packet[0] & 0x10) == 0) return std::nullopt;
  const size_t begin = kRtpHeaderSize + 4u * (packet[0] & 0x0f);
  if (packet.size() < begin + 4) return std::nullopt;
  const size_t size = 4u * LoadU16(packet.data() + begin + 2);
  if (packet.size() < begin + 4 + size) return std::nullopt;
  return Extensions{LoadU16(packet.data() + begin), packet.subspan(begin + 4, size)};
}

}  // namespace

std::optional<uint16_t> FindTwoBytes(ByteView packet, uint8_t id) {
  const std::optional<Extensions> found = ExtensionsOf(packet);
  if (!found) return std::nullopt;
  const bool short_form = found->profile == kOneByteProfile;
  const ByteView elements = found->elements;
  for (size_t at = 0; at + 1 < elements.size();) {
    const uint8_t head = elements[at];
    if (head == 0) {  // padding
      ++at;
      continue;
    }
    const uint8_t element = short_form ? head >> 4 : head;
    const size_t size = short_form ? (head & 0x0f) + 1u : elements[at + 1];
    at += short_form ? 1 : 2;
    if (at + size > elements.size()) return std::nullopt;
    if (element == id && size == 2) return LoadU16(elements.data() + at);
    at += size;
  }
  return std::nullopt;
}

std::optional<ByteView> PayloadOf(ByteView packet) {
  if (packet.size() < kRtpHeaderSize) return std::nullopt;
  size_t begin = kRtpHeaderSize + 4u * (packet[0] & 0x0f);
  if ((packet[0] & 0x10) != 0) {
    const std::optional<Extensions> extensions = ExtensionsOf(packet);
    if (!extensions) return std::nullopt;
    begin += 4 + extensions->elements.size();
  }
  if (packet.size() < begin) return std::nullopt;
  const size_t padding = (packet[0] & 0x20) != 0 && packet.size() > begin ? packet.back() : 0;
  if (packet.size() < begin + padding) return std::nullopt;
  return packet.subspan(begin, packet.size() - begin - padding);
}

}  // namespace sluice::load
