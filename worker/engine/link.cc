#include "worker/engine/link.h"

#include <algorithm>
#include <variant>

namespace sluice::worker {

std::string_view LinkKindName(LinkKind kind) {
  switch (kind) {
    case LinkKind::kWebRtc:
      return "webrtc";
    case LinkKind::kPlain:
      return "plain";
    case LinkKind::kPipe:
      return "pipe";
    case LinkKind::kDirect:
      return "direct";
  }
  return "unknown";
}

std::optional<size_t> Link::SealRtp(ByteSpan out, size_t written, ByteView rest) {
  if (tap_ != nullptr) TapSent(false, out.first(written), rest);
  if (srtp_ != nullptr) return srtp_->ProtectRtp(out, written, rest);
  if (written > out.size() || rest.size() > out.size() - written) return std::nullopt;
  std::ranges::copy(rest, out.begin() + static_cast<std::ptrdiff_t>(written));
  return written + rest.size();
}

// A job without a transform: what is shared is copied behind what was written (dtls::SealQueue).
std::optional<dtls::SealJob> Link::PrepareClear(ByteSpan out, const rtp::OutgoingPacket& packet) {
  if (packet.written > out.size() || packet.rest.size() > out.size() - packet.written) {
    return std::nullopt;
  }
  dtls::SealJob job;
  job.clear = {out.first(packet.size()), packet.header_size, packet.written, packet.rest};
  return job;
}

const Path* Link::PathOf(bool rtcp) const {
  const std::optional<Path>& path = rtcp ? *rtcp_destination_ : *destination_;
  return path ? &*path : nullptr;
}

void Link::TapSent(bool rtcp, ByteView front, ByteView rest) {
  tap_->Record(
      {.direction = TapDirection::kOut, .rtcp = rtcp, .at = tap_->now(), .path = PathOf(rtcp)},
      front, rest);
}

std::optional<DropReason> Link::Open(PacketRef& packet, bool rtcp) {
  const std::optional<DropReason> reason = Decrypt(packet, rtcp);
  if (tap_ != nullptr) {
    tap_->Record({.direction = TapDirection::kIn,
                  .rtcp = rtcp,
                  .refused = reason.has_value(),
                  .at = packet.arrival(),
                  .path = PathOf(rtcp)},
                 packet.bytes());
  }
  return reason;
}

std::optional<DropReason> Link::Decrypt(PacketRef& packet, bool rtcp) {
  if (is_clear_) return std::nullopt;
  if (srtp_ == nullptr) return DropReason::kSrtpNoKeys;
  const ByteSpan bytes = packet.mutable_bytes();
  const std::variant<size_t, DropReason> opened =
      rtcp ? srtp_->UnprotectRtcp(bytes) : srtp_->UnprotectRtp(bytes);
  if (const auto* reason = std::get_if<DropReason>(&opened)) return *reason;
  packet.set_size(std::get<size_t>(opened));
  return std::nullopt;
}

}  // namespace sluice::worker
