#include "rtp/rtcp/remb.h"

#include <algorithm>
#include <bit>

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {
namespace {

constexpr uint32_t kIdentifier = 0x52454d42;  // "REMB"
constexpr int kMantissaBits = 18;
constexpr uint32_t kMantissaMask = (1u << kMantissaBits) - 1;

// mantissa * 2^exponent, where the exponent has six bits and the product may not fit in 64.
BitRate RateOf(uint32_t exponent, uint32_t mantissa) {
  const int width = mantissa == 0 ? 0 : static_cast<int>(std::bit_width(mantissa));
  if (mantissa != 0 && static_cast<int>(exponent) + width > 63) return BitRate::Bps(Remb::kMaxBps);
  const int64_t bps = mantissa == 0 ? 0 : static_cast<int64_t>(uint64_t{mantissa} << exponent);
  return BitRate::Bps(std::min(bps, Remb::kMaxBps));
}

}  // namespace

std::optional<Remb> Remb::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kRemb);
  if (!rtcp) return std::nullopt;

  ByteReader in(rtcp->body());
  Remb remb;
  // The media source is zero by the draft, and nothing depends on it.
  remb.sender = ReadFeedbackSources(in).sender;
  in.Skip(4);
  const size_t count = in.U8();
  const uint32_t packed = in.U24();
  remb.rate = RateOf(packed >> kMantissaBits, packed & kMantissaMask);
  if (!in.ok() || in.remaining() < count * 4) return std::nullopt;
  for (size_t i = 0; i < count; ++i) remb.sources.push_back(Ssrc(in.U32()));
  return remb;
}

void Remb::WriteTo(ByteWriter& out) const {
  const auto bps = static_cast<uint64_t>(std::clamp<int64_t>(rate.bps(), 0, kMaxBps));
  const int width = static_cast<int>(std::bit_width(bps));
  const int exponent = std::max(0, width - kMantissaBits);
  const auto mantissa = static_cast<uint32_t>(bps >> exponent);

  RtcpFrame frame(out, RtcpKind::kRemb, FeedbackSources{sender, Ssrc(0)});
  out.U32(kIdentifier);
  out.U8(static_cast<uint8_t>(sources.size()));
  out.U24(static_cast<uint32_t>(exponent) << kMantissaBits | mantissa);
  for (Ssrc source : sources) out.U32(source.value());
  frame.Finish();
}

}  // namespace sluice::rtp
