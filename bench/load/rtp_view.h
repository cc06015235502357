// The few fields of an RTP packet that a receiver of millions looks at, read where they stand.

#ifndef SLUICE_BENCH_LOAD_RTP_VIEW_H_
#define SLUICE_BENCH_LOAD_RTP_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::load {

inline constexpr size_t kRtpHeaderSize = 12;

inline uint32_t LoadU32(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}
inline uint16_t LoadU16(const uint8_t* at) {
  return static_cast<uint16_t>(uint16_t{at[0]} << 8 | at[1]);
}

// `packet` has at least kRtpHeaderSize bytes.
inline uint16_t SeqOf(ByteView packet) { return LoadU16(packet.data() + 2); }
inline uint32_t SsrcOf(ByteView packet) { return LoadU32(packet.data() + 8); }

// The two bytes of header extension `id`, in either form of RFC 8285.
std::optional<uint16_t> FindTwoBytes(ByteView packet, uint8_t id);

// Of a packet without SRTP, without padding; nothing if its lengths are wrong.
std::optional<ByteView> PayloadOf(ByteView packet);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_RTP_VIEW_H_
