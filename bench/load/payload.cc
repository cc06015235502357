#include "bench/load/payload.h"

#include <algorithm>
#include <cstring>

#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::load {
namespace {

// The longest payload, and as many places at which a stretch may begin.
constexpr size_t kLongest = 2'048;
constexpr size_t kPlaces = 2'048;
// Prime, so that neighbours do not share a stretch.
constexpr uint32_t kStep = 61;

using Pattern = std::array<uint8_t, kLongest + kPlaces>;

const Pattern& ThePattern() {
  static const Pattern pattern = [] {
    Pattern made;
    test::SeededEntropy(1).Fill(made);
    return made;
  }();
  return pattern;
}

const uint8_t* StretchOf(const PayloadMark& mark) {
  return ThePattern().data() + (mark.index * kStep + mark.track) % kPlaces;
}

size_t MarkSize(size_t payload) {
  return payload >= PayloadMark::kLeastPayload ? PayloadMark::kSize : 0;
}

}  // namespace

uint8_t ChangeablePart(rtp::codec::Kind codec, ByteView prefix) {
  size_t size = 0;
  if (codec == rtp::codec::Kind::kVp8) {
    const auto vp8 = rtp::codec::Vp8::Parse(prefix);
    // A descriptor with nothing behind it in the prefix.
    size = vp8 ? vp8->descriptor_size : prefix.size();
  } else if (codec == rtp::codec::Kind::kVp9) {
    size = prefix.size();
  }
  return static_cast<uint8_t>(size);
}

size_t KeptPrefix(size_t payload, size_t prefix) {
  return std::min({prefix, SentPayload::kMaxPrefix, payload - MarkSize(payload)});
}

void WritePayload(const SentPayload& sent, ByteSpan out) {
  const size_t prefix = sent.prefix_size;
  const size_t tail = MarkSize(out.size());
  std::memcpy(out.data(), sent.prefix.data(), prefix);
  std::memcpy(out.data() + prefix, StretchOf(sent.mark), out.size() - prefix - tail);
  if (tail == 0) return;
  ByteWriter mark(out.last(tail));
  mark.U32(sent.mark.track);
  mark.U32(sent.mark.index);
}

std::optional<PayloadMark> ReadMark(ByteView payload) {
  if (payload.size() < PayloadMark::kLeastPayload) return std::nullopt;
  ByteReader in(payload.last(PayloadMark::kSize));
  const uint32_t track = in.U32();
  return PayloadMark{track, in.U32()};
}

bool IsIntact(const SentPayload& sent, ByteView payload) {
  if (payload.size() != sent.size || ReadMark(payload) != sent.mark) return false;
  const size_t prefix = sent.prefix_size;
  if (!std::equal(payload.begin() + sent.compared_from, payload.begin() + sent.prefix_size,
                  sent.prefix.begin() + sent.compared_from)) {
    return false;
  }
  const size_t size = payload.size() - prefix - MarkSize(payload.size());
  return std::memcmp(payload.data() + prefix, StretchOf(sent.mark), size) == 0;
}

}  // namespace sluice::load
