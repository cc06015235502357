#include "rtp/rtcp/sdes.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {
namespace {

constexpr uint8_t kItemEnd = 0;
constexpr uint8_t kItemCname = 1;

// RFC 3550 §6.5: items follow one another until a zero byte, and zeros fill the last word. False
// if they run over the end.
bool ReadChunk(ByteReader& in, size_t body_size, SourceDescription::Chunk& chunk) {
  chunk.source = Ssrc(in.U32());
  for (uint8_t type = in.U8(); type != kItemEnd; type = in.U8()) {
    const std::string_view text = AsText(in.Bytes(in.U8()));
    if (!in.ok()) return false;
    if (type == kItemCname && chunk.cname.empty()) chunk.cname = text;
  }
  const size_t read = body_size - in.remaining();
  in.Skip((4 - read % 4) % 4);
  return in.ok();
}

}  // namespace

std::optional<SourceDescription> SourceDescription::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kSourceDescription);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  SourceDescription description;
  for (size_t i = 0; i < rtcp->count(); ++i) {
    Chunk chunk;
    if (!ReadChunk(in, rtcp->body().size(), chunk)) return std::nullopt;
    description.chunks.push_back(chunk);
  }
  return description;
}

void SourceDescription::WriteTo(ByteWriter& out) const {
  RtcpFrame frame(out, RtcpKind::kSourceDescription, chunks.size());
  for (const Chunk& chunk : chunks) {
    const std::string_view name = chunk.cname.substr(0, kMaxCname);
    out.U32(chunk.source.value());
    // An empty name is left out: to a reader the two are the same.
    const size_t item_size = name.empty() ? 0 : 2 + name.size();
    if (!name.empty()) {
      out.U8(kItemCname);
      out.U8(static_cast<uint8_t>(name.size()));
      out.Bytes(AsBytes(name));
    }
    // At least one zero ends the items.
    out.Zeros(4 - item_size % 4);
  }
  frame.Finish();
}

}  // namespace sluice::rtp
