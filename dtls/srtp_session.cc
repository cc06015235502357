#include "dtls/srtp_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"

namespace sluice::dtls {
namespace {

constexpr size_t kRtpHeaderSize = 12;            // RFC 3550 §5.1, without CSRCs
constexpr size_t kRtcpSsrcOffset = 4;            // RFC 3550 §6.4.1
constexpr size_t kLargestCopy = 2048;            // a slot of the packet pool
constexpr uint64_t kWrap = 1 << 16;              // what one wrap adds to an index
constexpr uint32_t kLastRtcpIndex = 0x7fffffff;  // RFC 3711 §3.4: 31 bits

}  // namespace

SrtpSession::SrtpSession(const SrtpKeys& keys, BulkCipher* cipher)
    : keys_(keys), cipher_(cipher), profile_(keys.profile()) {}

absl::StatusOr<std::unique_ptr<SrtpSession>> SrtpSession::Create(const SrtpKeys& keys,
                                                                 BulkCipher* cipher) {
  for (const ByteView master : {keys.remote(), keys.local()}) {
    if (DeriveSessionKeys(keys.profile(), master, SrtpKind::kRtp)) continue;
    return absl::InternalError("srtp: OpenSSL does not take the keys");
  }
  return std::unique_ptr<SrtpSession>(new SrtpSession(keys, cipher));
}

SrtpTransform* SrtpSession::MakeTransform(Use use) {
  using Direction = SrtpTransform::Direction;
  const bool incoming = use == Use::kRtpIn || use == Use::kRtcpIn;
  const bool rtcp = use == Use::kRtcpIn || use == Use::kRtcpOut;
  const std::optional<SrtpSessionKeys> keys = DeriveSessionKeys(
      profile_, incoming ? keys_.remote() : keys_.local(), rtcp ? SrtpKind::kRtcp : SrtpKind::kRtp);
  if (!keys) return nullptr;
  const Direction direction = incoming ? Direction::kOpen : Direction::kSeal;
  std::unique_ptr<SrtpTransform>& place = transforms_[static_cast<size_t>(use)];
  place = cipher_ != nullptr ? cipher_->NewTransform(*keys, direction)
                             : SrtpTransform::Create(*keys, direction);
  return place.get();
}

// RFC 3550 §5.1 and §5.3.1: CSRCs and the header extension are as clear as the rest of the header.
// Nothing if they reach beyond the bytes that are there.
std::optional<SrtpSession::Heading> SrtpSession::ReadHeading(ByteView packet) {
  ByteReader in(packet);
  const uint8_t first = in.U8();
  in.Skip(1);
  Heading heading;
  heading.seq = in.U16();
  in.Skip(4);
  heading.ssrc = Ssrc(in.U32());
  in.Skip(4u * (first & 0x0f));
  if (first & 0x10) {
    in.Skip(2);
    in.Skip(4u * in.U16());
  }
  if (!in.ok()) return std::nullopt;
  heading.size = packet.size() - in.remaining();
  return heading;
}

SrtpSession::Unprotected SrtpSession::UnprotectRtp(ByteSpan packet) {
  const size_t tag = TagSize(profile_);
  if (packet.size() < kRtpHeaderSize + tag) return DropReason::kSrtpMalformed;
  const std::optional<Heading> heading = ReadHeading(packet.first(packet.size() - tag));
  if (!heading) return DropReason::kSrtpMalformed;
  Incoming* const stream = incoming_.Find(heading->ssrc);
  if (!stream && incoming_.full()) return DropReason::kTooManyStreams;
  if (!stream || !stream->has_media) return UnprotectFirst(packet, *heading);

  const uint64_t index = stream->rollover.Guess(heading->seq);
  if (index > RolloverCounter::kLastIndex) return DropReason::kSrtpReplay;
  if (!stream->rtp.Accepts(index)) return DropReason::kSrtpReplay;
  if (!TransformFor(Use::kRtpIn)->OpenRtp({heading->ssrc, index}, packet, heading->size)) {
    return DropReason::kSrtpAuthentication;
  }
  stream->rollover.Advance(index);
  stream->rtp.Add(index);
  if (guesses_ < kMaxGuesses) ++guesses_;
  return packet.size() - tag;
}

// The first packet of a stream says nothing about how often its numbers have wrapped, and RFC 3711
// §3.3.1 assumes that they have not. That is wrong if the stream began shortly before 65,535 and
// its first packets were lost, and without a second guess not one packet of it would ever be taken.
SrtpSession::Unprotected SrtpSession::UnprotectFirst(ByteSpan packet, const Heading& heading) {
  SrtpTransform* const transform = TransformFor(Use::kRtpIn);
  if (transform == nullptr) return DropReason::kSrtpNoKeys;
  const bool may_guess = guesses_ > 0 && heading.seq < 0x8000 && packet.size() <= kLargestCopy;
  std::array<uint8_t, kLargestCopy> copy;  // A failed attempt may ruin the bytes.
  if (may_guess) std::ranges::copy(packet, copy.begin());

  uint64_t index = heading.seq;
  bool opened = transform->OpenRtp({heading.ssrc, index}, packet, heading.size);
  if (!opened && may_guess) {
    std::copy_n(copy.begin(), packet.size(), packet.begin());
    index += kWrap;
    opened = OpenAfterWrap(packet, heading);
  }
  if (!opened) return DropReason::kSrtpAuthentication;
  Incoming* const stream = incoming_.Insert(heading.ssrc);
  if (!stream) return DropReason::kTooManyStreams;
  stream->has_media = true;
  stream->rollover.Advance(index);
  stream->rtp.Add(index);
  return packet.size() - TagSize(profile_);
}

// A guess costs as much as a packet. Only packets that authenticate earn new ones, so that forged
// packets cannot make us work twice for each.
bool SrtpSession::OpenAfterWrap(ByteSpan packet, const Heading& heading) {
  const PacketId id{heading.ssrc, kWrap + heading.seq};
  if (TransformFor(Use::kRtpIn)->OpenRtp(id, packet, heading.size)) return true;
  --guesses_;
  return false;
}

SrtpSession::Unprotected SrtpSession::UnprotectRtcp(ByteSpan packet) {
  const size_t overhead = kRtcpIndexSize + RtcpTagSize(profile_);
  if (packet.size() < kRtcpHeaderSize + overhead) return DropReason::kSrtpMalformed;
  SrtpTransform* const made = TransformFor(Use::kRtcpIn);
  if (made == nullptr) return DropReason::kSrtpNoKeys;
  SrtpTransform& transform = *made;
  const Ssrc ssrc(ByteReader(packet.subspan(kRtcpSsrcOffset)).U32());
  Incoming* stream = incoming_.Find(ssrc);
  if (!stream && incoming_.full()) return DropReason::kTooManyStreams;

  const uint32_t word = ByteReader(packet.subspan(transform.RtcpIndexOffset(packet.size()))).U32();
  if (!(word & kRtcpEncrypted) && !transform.takes_clear_rtcp()) return DropReason::kSrtpMalformed;
  const uint32_t index = word & kLastRtcpIndex;
  if (stream && !stream->rtcp.Accepts(index)) return DropReason::kSrtpReplay;
  if (!transform.OpenRtcp({ssrc, index}, packet)) return DropReason::kSrtpAuthentication;
  if (!stream) stream = incoming_.Insert(ssrc);
  if (!stream) return DropReason::kTooManyStreams;
  stream->rtcp.Add(index);
  return packet.size() - overhead;
}

std::optional<size_t> SrtpSession::ProtectRtp(ByteSpan out, size_t written, ByteView rest) {
  if (written > out.size()) return std::nullopt;
  const std::optional<Heading> heading = ReadHeading(out.first(written));
  if (!heading) return std::nullopt;
  const std::optional<SealJob> job = PrepareRtp(out, heading->size, written, rest);
  if (!job || !job->transform->SealRtp(job->id, job->clear)) return std::nullopt;
  return job->clear.out.size();
}

std::optional<SealJob> SrtpSession::PrepareRtp(ByteSpan out, size_t header, size_t written,
                                               ByteView rest) {
  const size_t tag = TagSize(profile_);
  if (header < kRtpHeaderSize || written < header || written > out.size()) return std::nullopt;
  if (rest.size() > out.size() - written) return std::nullopt;
  if (tag > out.size() - written - rest.size()) return std::nullopt;
  ByteReader fixed(out.first(kRtpHeaderSize));
  fixed.Skip(2);
  const uint16_t seq = fixed.U16();
  fixed.Skip(4);
  const Ssrc ssrc(fixed.U32());
  SrtpTransform* const transform = TransformFor(Use::kRtpOut);
  Outgoing* const stream = outgoing_.Insert(ssrc);
  if (!stream || !transform) return std::nullopt;

  // A retransmission on the original SSRC is the same packet once more. What is older than any
  // receiver's window is a mistake, or a jump of half a round, which no receiver could follow.
  const uint64_t index = stream->rollover.Guess(seq);
  if (index > RolloverCounter::kLastIndex) return std::nullopt;
  if (index + kReplayWindow <= stream->rollover.highest()) return std::nullopt;
  stream->rollover.Advance(index);
  const size_t size = written + rest.size() + tag;
  return SealJob{transform, {ssrc, index}, {out.first(size), header, written, rest}};
}

std::optional<size_t> SrtpSession::ProtectRtcp(ByteSpan out, size_t written) {
  const size_t overhead = kRtcpIndexSize + RtcpTagSize(profile_);
  if (written < kRtcpHeaderSize || written > out.size()) return std::nullopt;
  if (overhead > out.size() - written) return std::nullopt;
  const Ssrc ssrc(ByteReader(out.subspan(kRtcpSsrcOffset)).U32());
  SrtpTransform* const transform = TransformFor(Use::kRtcpOut);
  Outgoing* const stream = outgoing_.Insert(ssrc);
  if (!stream || !transform || stream->rtcp_index == kLastRtcpIndex) return std::nullopt;

  ++stream->rtcp_index;
  const size_t size = written + overhead;
  if (!transform->SealRtcp({ssrc, stream->rtcp_index}, out.first(size))) {
    return std::nullopt;
  }
  return size;
}

}  // namespace sluice::dtls
