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

struct Purpose {
  SrtpKind kind;
  SrtpTransform::Direction direction;
};

std::unique_ptr<SrtpTransform> NewTransform(SrtpProfile profile, ByteView master, Purpose purpose,
                                            BulkCipher* cipher) {
  const std::optional<SrtpSessionKeys> keys = DeriveSessionKeys(profile, master, purpose.kind);
  if (!keys) return nullptr;
  if (cipher != nullptr) return cipher->NewTransform(*keys, purpose.direction);
  return SrtpTransform::Create(*keys, purpose.direction);
}

}  // namespace

SrtpSession::SrtpSession(SrtpProfile profile, Transforms transforms)
    : profile_(profile), transforms_(std::move(transforms)) {}

absl::StatusOr<std::unique_ptr<SrtpSession>> SrtpSession::Create(const SrtpKeys& keys,
                                                                 BulkCipher* cipher) {
  using Direction = SrtpTransform::Direction;
  const SrtpProfile profile = keys.profile();
  Transforms made{
      NewTransform(profile, keys.remote(), {SrtpKind::kRtp, Direction::kOpen}, cipher),
      NewTransform(profile, keys.remote(), {SrtpKind::kRtcp, Direction::kOpen}, cipher),
      NewTransform(profile, keys.local(), {SrtpKind::kRtp, Direction::kSeal}, cipher),
      NewTransform(profile, keys.local(), {SrtpKind::kRtcp, Direction::kSeal}, cipher),
  };
  if (!made.rtp_in || !made.rtcp_in || !made.rtp_out || !made.rtcp_out) {
    return absl::InternalError("srtp: OpenSSL does not take the keys");
  }
  return std::unique_ptr<SrtpSession>(new SrtpSession(profile, std::move(made)));
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
  if (!transforms_.rtp_in->OpenRtp({heading->ssrc, index}, packet, heading->size)) {
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
  const bool may_guess = guesses_ > 0 && heading.seq < 0x8000 && packet.size() <= kLargestCopy;
  std::array<uint8_t, kLargestCopy> copy;  // A failed attempt may ruin the bytes.
  if (may_guess) std::ranges::copy(packet, copy.begin());

  uint64_t index = heading.seq;
  bool opened = transforms_.rtp_in->OpenRtp({heading.ssrc, index}, packet, heading.size);
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
  if (transforms_.rtp_in->OpenRtp(id, packet, heading.size)) return true;
  --guesses_;
  return false;
}

SrtpSession::Unprotected SrtpSession::UnprotectRtcp(ByteSpan packet) {
  const size_t overhead = kRtcpIndexSize + TagSize(profile_);
  if (packet.size() < kRtcpHeaderSize + overhead) return DropReason::kSrtpMalformed;
  SrtpTransform& transform = *transforms_.rtcp_in;
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
  Outgoing* const stream = outgoing_.Insert(ssrc);
  if (!stream) return std::nullopt;

  // A retransmission on the original SSRC is the same packet once more. What is older than any
  // receiver's window is a mistake, or a jump of half a round, which no receiver could follow.
  const uint64_t index = stream->rollover.Guess(seq);
  if (index > RolloverCounter::kLastIndex) return std::nullopt;
  if (index + kReplayWindow <= stream->rollover.highest()) return std::nullopt;
  stream->rollover.Advance(index);
  const size_t size = written + rest.size() + tag;
  return SealJob{
      transforms_.rtp_out.get(), {ssrc, index}, {out.first(size), header, written, rest}};
}

std::optional<size_t> SrtpSession::ProtectRtcp(ByteSpan out, size_t written) {
  const size_t overhead = kRtcpIndexSize + TagSize(profile_);
  if (written < kRtcpHeaderSize || written > out.size()) return std::nullopt;
  if (overhead > out.size() - written) return std::nullopt;
  const Ssrc ssrc(ByteReader(out.subspan(kRtcpSsrcOffset)).U32());
  Outgoing* const stream = outgoing_.Insert(ssrc);
  if (!stream || stream->rtcp_index == kLastRtcpIndex) return std::nullopt;

  ++stream->rtcp_index;
  const size_t size = written + overhead;
  if (!transforms_.rtcp_out->SealRtcp({ssrc, stream->rtcp_index}, out.first(size))) {
    return std::nullopt;
  }
  return size;
}

}  // namespace sluice::dtls
