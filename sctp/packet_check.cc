#include "sctp/packet_check.h"

namespace sluice::sctp {
namespace {

constexpr uint8_t kInit = 1;
constexpr size_t kChunkHeaderSize = 4;
// RFC 9260 §3.3.2: five fields behind the header.
constexpr size_t kMinInit = 20;

// RFC 9260 §3.2: the length does not count the padding, and the last chunk of a packet may do
// without it, which some senders believe.
void SkipPadding(ByteReader& in, size_t length) {
  const size_t padding = (4 - length % 4) % 4;
  in.Skip(padding <= in.remaining() ? padding : in.remaining());
}

}  // namespace

std::optional<PacketContents> CheckPacket(ByteView packet, uint16_t port) {
  ByteReader in(packet);
  const bool ours = in.U16() == port && in.U16() == port;
  in.Skip(kPacketHeaderSize - 4);
  if (!in.ok() || !ours || in.empty()) return std::nullopt;

  PacketContents contents;
  size_t chunks = 0;
  for (; !in.empty(); ++chunks) {
    const uint8_t type = in.U8();
    in.Skip(1);
    const uint16_t length = in.U16();
    if (!in.ok() || length < kChunkHeaderSize) return std::nullopt;
    in.Skip(length - kChunkHeaderSize);
    if (!in.ok() || (type == kInit && length < kMinInit)) return std::nullopt;
    SkipPadding(in, length);
    contents.init |= type == kInit;
  }
  if (contents.init && chunks != 1) return std::nullopt;
  return contents;
}

}  // namespace sluice::sctp
