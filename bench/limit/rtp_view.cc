#include "bench/limit/rtp_view.h"

namespace sluice::bench {
namespace {

constexpr size_t kFixedHeader = 12;
constexpr uint16_t kOneByteForm = 0xbede;
constexpr uint16_t kTwoByteForm = 0x1000;
constexpr uint16_t kTwoByteMask = 0xfff0;

// Where the value of element `id` is in an extension block that begins at `start`.
uint16_t FindElement(ByteView block, uint16_t profile, uint8_t id, size_t start) {
  const bool one_byte = profile == kOneByteForm;
  if (!one_byte && (profile & kTwoByteMask) != kTwoByteForm) return 0;
  for (size_t at = 0; at < block.size();) {
    if (block[at] == 0) {
      ++at;
      continue;
    }
    const size_t head = one_byte ? 1 : 2;
    if (at + head > block.size()) return 0;
    const uint8_t found = one_byte ? block[at] >> 4 : block[at];
    const size_t size = one_byte ? (block[at] & 0xfu) + 1 : block[at + 1];
    if (at + head + size > block.size()) return 0;
    if (found == id && size >= 2) return static_cast<uint16_t>(start + at + head);
    at += head + size;
  }
  return 0;
}

}  // namespace

std::optional<RtpView> RtpView::Read(ByteView packet, uint8_t number_id) {
  ByteReader in(packet);
  const uint8_t first = in.U8();
  in.Skip(3);
  RtpView view;
  view.timestamp = in.U32();
  view.ssrc = in.U32();
  if (!in.ok() || first >> 6 != 2) return std::nullopt;
  view.padded = (first & 0x20) != 0;
  const size_t sources = first & 0xfu;
  in.Skip(4 * sources);
  size_t size = kFixedHeader + 4 * sources;
  if ((first & 0x10) != 0) {
    const uint16_t profile = in.U16();
    const size_t length = size_t{4} * in.U16();
    const ByteView block = in.Bytes(length);
    size += 4;
    if (number_id != 0) view.number_offset = FindElement(block, profile, number_id, size);
    size += length;
  }
  if (!in.ok()) return std::nullopt;
  view.header_size = static_cast<uint16_t>(size);
  return view;
}

}  // namespace sluice::bench
