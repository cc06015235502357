#include "rtp/rtcp/tmmbr.h"

#include <algorithm>
#include <bit>

namespace sluice::rtp {
namespace {

constexpr size_t kEntrySize = 8;
// RFC 5104 §4.2.1.2: six bits of exponent, seventeen of mantissa, nine of overhead.
constexpr int kMantissaBits = 17;
constexpr int kOverheadBits = 9;
constexpr uint32_t kMantissaMask = (1u << kMantissaBits) - 1;

BitRate RateOf(uint32_t packed) {
  const auto exponent = static_cast<int>(packed >> (kMantissaBits + kOverheadBits));
  const uint32_t mantissa = packed >> kOverheadBits & kMantissaMask;
  if (mantissa == 0) return BitRate();
  if (exponent + static_cast<int>(std::bit_width(mantissa)) > 63) {
    return BitRate::Bps(StreamBound::kMaxBps);
  }
  const auto bps = static_cast<int64_t>(uint64_t{mantissa} << exponent);
  return BitRate::Bps(std::min(bps, StreamBound::kMaxBps));
}

uint32_t Packed(BitRate rate) {
  const auto bps = static_cast<uint64_t>(std::clamp<int64_t>(rate.bps(), 0, StreamBound::kMaxBps));
  const int exponent = std::max(0, static_cast<int>(std::bit_width(bps)) - kMantissaBits);
  const auto mantissa = static_cast<uint32_t>(bps >> exponent);
  return static_cast<uint32_t>(exponent) << (kMantissaBits + kOverheadBits) | mantissa
                                                                                  << kOverheadBits;
}

// Header and sources; false if what follows are no whole entries.
template <typename Message>
bool ReadEntries(ByteReader in, Message& message) {
  // RFC 5104 §4.2.1.2: the media source is unused.
  message.sender = ReadFeedbackSources(in).sender;
  if (!in.ok() || in.remaining() % kEntrySize != 0) return false;
  while (!in.empty() && !message.entries.full()) {
    const Ssrc ssrc(in.U32());
    message.entries.push_back({ssrc, RateOf(in.U32())});
  }
  return true;
}

template <typename Message>
void WriteEntries(ByteWriter& out, RtcpKind kind, const Message& message) {
  RtcpFrame frame(out, kind, FeedbackSources{message.sender, Ssrc()});
  for (const StreamBound& entry : message.entries) {
    out.U32(entry.ssrc.value());
    out.U32(Packed(entry.rate));
  }
  frame.Finish();
}

}  // namespace

std::optional<BoundRequest> BoundRequest::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kTmmbr);
  BoundRequest request;
  if (!rtcp || !ReadEntries(ByteReader(rtcp->body()), request)) return std::nullopt;
  // RFC 5104 §4.2.1.2: at least one entry, or the request is for nobody.
  if (request.entries.empty()) return std::nullopt;
  return request;
}

void BoundRequest::WriteTo(ByteWriter& out) const { WriteEntries(out, RtcpKind::kTmmbr, *this); }

std::optional<BoundNotification> BoundNotification::Parse(ByteView packet) {
  const std::optional<RtcpPacket> rtcp = ReadRtcp(packet, RtcpKind::kTmmbn);
  BoundNotification notification;
  if (!rtcp || !ReadEntries(ByteReader(rtcp->body()), notification)) return std::nullopt;
  return notification;
}

void BoundNotification::WriteTo(ByteWriter& out) const {
  WriteEntries(out, RtcpKind::kTmmbn, *this);
}

}  // namespace sluice::rtp
