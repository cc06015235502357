// What is in a payload, so that a receiver can tell of every byte whether it is the one that was
// sent: the source's prefix, a stretch of a fixed pattern that differs from packet to packet, and a
// mark at the end.

#ifndef SLUICE_BENCH_LOAD_PAYLOAD_H_
#define SLUICE_BENCH_LOAD_PAYLOAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::load {

// The last bytes of a payload: who sent it, and the how manieth of his it is.
struct PayloadMark {
  static constexpr size_t kSize = 8;
  // Payloads shorter than this (silence, mostly) have no mark, and nobody can tell whose they are.
  static constexpr size_t kLeastPayload = 16;

  uint32_t track = 0;
  uint32_t index = 0;

  bool operator==(const PayloadMark&) const = default;
};

// What a sender remembers of a packet.
struct SentPayload {
  // As long as any trace's.
  static constexpr size_t kMaxPrefix = 64;

  PayloadMark mark;
  // CLOCK_REALTIME, nanoseconds.
  int64_t sent_at_ns = 0;
  uint16_t size = 0;
  uint8_t prefix_size = 0;
  // Servers may renumber what is before this.
  uint8_t compared_from = 0;
  std::array<uint8_t, kMaxPrefix> prefix{};
};

// Of `prefix`, what a server may change: of VP8 and VP9 the descriptor, which counts pictures.
uint8_t ChangeablePart(rtp::codec::Kind codec, ByteView prefix);

// As much of a prefix as leaves room for the mark.
size_t KeptPrefix(size_t payload, size_t prefix);

// `out` is the whole payload.
void WritePayload(const SentPayload& sent, ByteSpan out);

// Nothing if the payload is too short to have one.
std::optional<PayloadMark> ReadMark(ByteView payload);

// True if `payload` is what `sent` says.
bool IsIntact(const SentPayload& sent, ByteView payload);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_PAYLOAD_H_
