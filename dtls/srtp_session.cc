#include "dtls/srtp_session.h"

#include <srtp2/srtp.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sluice::dtls {
namespace {

constexpr size_t kRtpHeaderSize = 12;  // RFC 3550 §5.1, without CSRCs
constexpr size_t kRtcpHeaderSize = 8;  // RFC 3550 §6.4.1: as far as the sender's SSRC
constexpr size_t kRtcpIndexSize = 4;   // RFC 3711 §3.4: E flag and SRTCP index
constexpr size_t kRtpSsrcOffset = 8;
constexpr size_t kRtcpSsrcOffset = 4;
constexpr size_t kLargestCopy = 2048;  // a slot of the packet pool

uint32_t ReadU32(ByteView packet, size_t offset) {
  return ByteReader(packet.subspan(offset)).U32();
}

uint16_t ReadSeq(ByteView packet) { return ByteReader(packet.subspan(2)).U16(); }

// libsrtp2 has one function that wants an SSRC as it stands on the wire.
uint32_t ToWireOrder(Ssrc ssrc) {
  if constexpr (std::endian::native == std::endian::big) return ssrc.value();
  return __builtin_bswap32(ssrc.value());
}

DropReason ReasonFor(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_auth_fail:
    case srtp_err_status_cipher_fail:
      return DropReason::kSrtpAuthentication;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
      return DropReason::kSrtpReplay;
    default:
      return DropReason::kSrtpMalformed;
  }
}

void SetCiphers(SrtpProfile profile, srtp_policy_t& policy) {
  switch (profile) {
    case SrtpProfile::kAeadAes128Gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      return;
    case SrtpProfile::kAeadAes256Gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      return;
    case SrtpProfile::kAesCm128HmacSha1_80:
      srtp_crypto_policy_set_rtp_default(&policy.rtp);
      srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
      return;
  }
}

// Copies the key into the policy's buffer, because libsrtp2 takes it as writable.
struct Policy {
  Policy(SrtpProfile profile, ByteView master) {
    std::ranges::copy(master, key.begin());
    SetCiphers(profile, value);
    value.key = key.data();
    value.window_size = SrtpSession::kReplayWindow;
  }
  ~Policy() {
    volatile uint8_t* const bytes = key.data();  // An assignment the compiler may not leave out.
    for (size_t i = 0; i < key.size(); ++i) bytes[i] = 0;
  }
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  srtp_policy_t value{};
  std::array<uint8_t, 64> key{};
};

}  // namespace

void SrtpSession::ContextDeleter::operator()(srtp_ctx_t_* context) const { srtp_dealloc(context); }

SrtpSession::SrtpSession(const SrtpKeys& keys, ContextPtr in, ContextPtr out)
    : keys_(keys), in_(std::move(in)), out_(std::move(out)) {}

SrtpSession::~SrtpSession() = default;

absl::StatusOr<SrtpSession::ContextPtr> SrtpSession::NewContext(SrtpProfile profile, ByteView key,
                                                                bool inbound) {
  static const srtp_err_status_t library = srtp_init();
  if (library != srtp_err_status_ok) {
    return absl::InternalError(absl::StrCat("srtp: libsrtp2 does not start, status ", library));
  }
  Policy policy(profile, key);
  policy.value.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
  // A retransmission on the original SSRC is the same packet once more. Inbound it is a replay.
  policy.value.allow_repeat_tx = inbound ? 0 : 1;
  srtp_t context = nullptr;
  const srtp_err_status_t status = srtp_create(&context, &policy.value);
  if (status != srtp_err_status_ok) {
    return absl::InternalError(absl::StrCat("srtp: libsrtp2 refuses the keys, status ", status));
  }
  return ContextPtr(context);
}

absl::StatusOr<std::unique_ptr<SrtpSession>> SrtpSession::Create(const SrtpKeys& keys) {
  absl::StatusOr<ContextPtr> in = NewContext(keys.profile(), keys.remote(), true);
  if (!in.ok()) return in.status();
  absl::StatusOr<ContextPtr> out = NewContext(keys.profile(), keys.local(), false);
  if (!out.ok()) return out.status();
  return std::unique_ptr<SrtpSession>(new SrtpSession(keys, std::move(*in), std::move(*out)));
}

SrtpSession::Unprotected SrtpSession::UnprotectRtp(ByteSpan packet) {
  if (packet.size() < kRtpHeaderSize + TagSize(profile())) return DropReason::kSrtpMalformed;
  const Ssrc ssrc(ReadU32(packet, kRtpSsrcOffset));
  if (!media_.Contains(ssrc)) return UnprotectFirst(packet, ssrc);
  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = srtp_unprotect(in_.get(), packet.data(), &size);
  if (status != srtp_err_status_ok) return ReasonFor(status);
  if (guesses_ < kMaxGuesses) ++guesses_;
  return static_cast<size_t>(size);
}

// The first packet of a stream says nothing about how often its numbers have wrapped, and libsrtp2
// assumes that they have not. That is wrong if the stream began shortly before 65,535 and its first
// packets were lost, and without a second guess not one packet of it would ever be taken.
SrtpSession::Unprotected SrtpSession::UnprotectFirst(ByteSpan packet, Ssrc ssrc) {
  if (incoming_.full() && !incoming_.Contains(ssrc)) return DropReason::kTooManyStreams;
  const bool may_guess = guesses_ > 0 && ReadSeq(packet) < 0x8000 && packet.size() <= kLargestCopy;
  std::array<uint8_t, kLargestCopy> copy;  // A failed attempt may ruin the bytes.
  if (may_guess) std::ranges::copy(packet, copy.begin());

  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = srtp_unprotect(in_.get(), packet.data(), &size);
  std::optional<size_t> result;
  if (status == srtp_err_status_ok) {
    result = static_cast<size_t>(size);
  } else if (may_guess && ReasonFor(status) == DropReason::kSrtpAuthentication) {
    std::copy_n(copy.begin(), packet.size(), packet.begin());
    result = UnprotectAfterWrap(packet, ssrc);
  }
  if (!result) return ReasonFor(status);
  incoming_.Insert(ssrc);
  media_.Insert(ssrc);
  return *result;
}

// A guess costs as much as a packet. Only packets that authenticate earn new ones, so that forged
// packets cannot make us work twice for each.
std::optional<size_t> SrtpSession::UnprotectAfterWrap(ByteSpan packet, Ssrc ssrc) {
  --guesses_;
  const bool is_new = !incoming_.Contains(ssrc);
  if (is_new) {
    Policy policy(profile(), keys_.remote());
    policy.value.ssrc = {ssrc_specific, ssrc.value()};
    if (srtp_add_stream(in_.get(), &policy.value) != srtp_err_status_ok) return std::nullopt;
  }
  int size = static_cast<int>(packet.size());
  if (srtp_set_stream_roc(in_.get(), ssrc.value(), 1) == srtp_err_status_ok &&
      srtp_unprotect(in_.get(), packet.data(), &size) == srtp_err_status_ok) {
    ++guesses_;
    return static_cast<size_t>(size);
  }
  // As if nothing had been.
  if (is_new) {
    srtp_remove_stream(in_.get(), ToWireOrder(ssrc));
  } else {
    srtp_set_stream_roc(in_.get(), ssrc.value(), 0);
  }
  return std::nullopt;
}

SrtpSession::Unprotected SrtpSession::UnprotectRtcp(ByteSpan packet) {
  if (packet.size() < kRtcpHeaderSize + kRtcpIndexSize + TagSize(profile())) {
    return DropReason::kSrtpMalformed;
  }
  const Ssrc ssrc(ReadU32(packet, kRtcpSsrcOffset));
  const bool is_known = incoming_.Contains(ssrc);
  if (!is_known && incoming_.full()) return DropReason::kTooManyStreams;
  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = srtp_unprotect_rtcp(in_.get(), packet.data(), &size);
  if (status != srtp_err_status_ok) return ReasonFor(status);
  if (!is_known) incoming_.Insert(ssrc);
  return static_cast<size_t>(size);
}

std::optional<size_t> SrtpSession::ProtectRtp(ByteSpan out, size_t written, ByteView rest) {
  const size_t overhead = TagSize(profile());
  if (written < kRtpHeaderSize || written > out.size()) return std::nullopt;
  if (rest.size() > out.size() - written) return std::nullopt;
  if (overhead > out.size() - written - rest.size()) return std::nullopt;
  std::ranges::copy(rest, out.begin() + static_cast<ptrdiff_t>(written));
  int size = static_cast<int>(written + rest.size());
  if (srtp_protect(out_.get(), out.data(), &size) != srtp_err_status_ok) return std::nullopt;
  return static_cast<size_t>(size);
}

std::optional<size_t> SrtpSession::ProtectRtcp(ByteSpan out, size_t written) {
  const size_t overhead = kRtcpIndexSize + TagSize(profile());
  if (written < kRtcpHeaderSize || written > out.size()) return std::nullopt;
  if (overhead > out.size() - written) return std::nullopt;
  int size = static_cast<int>(written);
  if (srtp_protect_rtcp(out_.get(), out.data(), &size) != srtp_err_status_ok) return std::nullopt;
  return static_cast<size_t>(size);
}

void SrtpSession::RemoveOutgoing(Ssrc ssrc) { srtp_remove_stream(out_.get(), ToWireOrder(ssrc)); }

void SrtpSession::RemoveIncoming(Ssrc ssrc) {
  if (!incoming_.Erase(ssrc)) return;
  media_.Erase(ssrc);
  srtp_remove_stream(in_.get(), ToWireOrder(ssrc));
}

}  // namespace sluice::dtls
