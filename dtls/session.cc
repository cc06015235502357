#include "dtls/session.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace sluice::dtls {
namespace {

// Deviation: RFC 6347 §4.2.4.1 starts at one second, which everybody who loses a packet while
// joining would see. A path over which people talk has a round trip far below a quarter of that,
// and doubling keeps us polite on one that has not. Twelve repetitions are all OpenSSL allows, and
// with this limit they last longer than the handshake may.
constexpr unsigned kFirstInterval = 250'000;
constexpr unsigned kLongestInterval = 4'000'000;

// OpenSSL keeps an encrypted record that it cannot read yet in a buffer of 17 KB, up to a hundred
// of them. A peer's last flight has one.
constexpr int kMaxEarlyRecords = 8;

// How often bytes that are not authentic may ruin a handshake before it has begun. Each costs us
// about 50 us; a flood of them may not cost more than this.
constexpr int kMaxAttempts = 1000;

// Our clock and OpenSSL's tick differently by no more than this, unless somebody has set theirs.
constexpr Duration kClockSlack = std::chrono::milliseconds(100);

// RFC 5764 §4.2.
constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";

unsigned NextInterval(SSL*, unsigned previous) {
  return previous == 0 ? kFirstInterval : std::min(2 * previous, kLongestInterval);
}

// Time until OpenSSL would retransmit, by its own clock; nothing if it waits for nothing.
std::optional<Duration> RemainingTime(SSL* ssl) {
  timeval remaining{};
  if (DTLSv1_get_timeout(ssl, &remaining) != 1) return std::nullopt;
  return std::chrono::seconds(remaining.tv_sec) + std::chrono::microseconds(remaining.tv_usec);
}

std::optional<SrtpProfile> SelectedProfile(SSL* ssl) {
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(ssl);
  if (profile == nullptr) return std::nullopt;
  switch (profile->id) {
    case SRTP_AEAD_AES_128_GCM:
      return SrtpProfile::kAeadAes128Gcm;
    case SRTP_AEAD_AES_256_GCM:
      return SrtpProfile::kAeadAes256Gcm;
    case SRTP_AES128_CM_SHA1_80:
      return SrtpProfile::kAesCm128HmacSha1_80;
    default:
      return std::nullopt;
  }
}

std::string ToPem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

}  // namespace

Session::Session(const Context& context, Role role, const Fingerprint& expected)
    : context_(context), role_(role), expected_(expected), wire_(kMaxDatagram, drops_) {
  NewHandshake();
}

Session::~Session() = default;

void Session::NewHandshake() {
  ssl_.reset(SSL_new(context_.context_.get()));
  BioPtr bio = wire_.NewBio();
  SLUICE_CHECK(ssl_ != nullptr && bio != nullptr);  // Nothing but memory can be wanting.
  BIO* const both_ways = bio.release();
  SSL_set_bio(ssl_.get(), both_ways, both_ways);
  SLUICE_CHECK(SSL_set_mtu(ssl_.get(), static_cast<long>(kMaxDatagram)) != 0);
  DTLS_set_timer_cb(ssl_.get(), NextInterval);
  if (role_ == Role::kClient) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
  early_records_ = 0;
  clear_records_ = 0;
}

void Session::Begin(Timestamp now) {
  if (give_up_at_) return;
  give_up_at_ = now + kHandshakeLimit;
  if (role_ == Role::kClient) Advance(now);
}

void Session::Receive(Timestamp now, ByteView datagram) {
  if (state_ == State::kClosed) {
    drops_.Count(DropReason::kDtlsUnexpected);
    return;
  }
  Begin(now);
  // One record at a time, so that each is judged in the state in which it is read.
  do {
    const std::optional<Record> record = TakeRecord(datagram);
    if (!record) {
      drops_.Count(DropReason::kDtlsMalformed);
      return;
    }
    Accept(now, *record);
  } while (!datagram.empty() && state_ != State::kClosed);
}

void Session::Accept(Timestamp now, const Record& record) {
  if (!IsAcceptable(record, Expected()) || IsTooEarly(record)) {
    drops_.Count(DropReason::kDtlsMalformed);
    return;
  }
  wire_.SetIncoming(record.epoch == 0 ? Renumbered(record) : record.whole);
  if (state_ == State::kHandshake) {
    Advance(now);
  } else {
    ReadApplicationData();
    ReleaseBuffers();
  }
  wire_.SetIncoming({});
  if (state_ != State::kHandshake) std::exchange(renumbered_, {});  // Not needed any more.
}

Expecting Session::Expected() const {
  if (state_ == State::kConnected) return Expecting::kEncryptedOnly;
  if (role_ == Role::kClient) return Expecting::kServerFlight;
  return SSL_get_state(ssl_.get()) == TLS_ST_BEFORE ? Expecting::kClientHello
                                                    : Expecting::kClientFlight;
}

bool Session::IsTooEarly(const Record& record) {
  if (state_ != State::kHandshake || record.epoch == 0) return false;
  const OSSL_HANDSHAKE_STATE at = SSL_get_state(ssl_.get());
  if (at == TLS_ST_SR_CHANGE || at == TLS_ST_CR_CHANGE) return false;  // Decrypted from here on.
  if (early_records_ >= kMaxEarlyRecords) return true;
  ++early_records_;
  return false;
}

// OpenSSL drops a record whose number it has seen, or whose number is 64 behind the highest; in the
// clear as well, where anybody can write any number, and a single forged one with a high number
// would silence the peer for good. So we number these records ourselves. Nothing is lost: replay
// detection is optional (RFC 6347 §4.1.2.6), and messages have numbers of their own.
ByteView Session::Renumbered(const Record& record) {
  renumbered_.assign(record.whole.begin(), record.whole.end());
  ByteWriter number(ByteSpan(renumbered_).subspan(Record::kNumberOffset));
  number.U16(0);
  number.U32(clear_records_++);
  return renumbered_;
}

void Session::Advance(Timestamp now) {
  const Expecting before = Expected();
  ERR_clear_error();
  wire_.MarkFlight();
  switch (Judge(SSL_do_handshake(ssl_.get()))) {
    case Progress::kDone:
      FinishHandshake();
      break;
    case Progress::kWaiting:
      UpdateDeadline(now);
      break;
    case Progress::kRemoteClosed:
    case Progress::kFailed:
      FailHandshake(now, before);
      break;
  }
}

// RFC 6347 §4.1.2.7 warns of fatal alerts over a datagram transport: whoever can forge the peer's
// address could end the association with a single packet. As long as we have not answered anybody
// there is nothing to lose, so a server forgets a hello that made no sense, says nothing to an
// address that may be a victim's, and waits for a better one. Later OpenSSL's state is part of what
// both sides hash, cannot be had again, and the owner had better know.
void Session::FailHandshake(Timestamp now, Expecting before) {
  drops_.Count(DropReason::kDtlsMalformed);
  if (before == Expecting::kClientHello && ++attempts_ < kMaxAttempts) {
    wire_.Clear();
    NewHandshake();
    UpdateDeadline(now);
    return;
  }
  End(CloseReason::kHandshakeFailed);
}

void Session::FinishHandshake() {
  retransmit_at_.reset();
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (const std::optional<CloseReason> reason = CheckPeer(certificate.get())) {
    SSL_shutdown(ssl_.get());
    End(*reason);
    return;
  }
  const std::optional<SrtpKeys> keys = ExportKeys();
  if (!keys) {
    End(CloseReason::kHandshakeFailed);
    return;
  }
  state_ = State::kConnected;
  events_.push_back(Connected{*keys, ToPem(certificate.get())});
  ReadApplicationData();  // Records that overtook the end of the handshake.
  ReleaseBuffers();
}

// The only gate between a finished handshake and its keys (RFC 8827 §5.6.4, RFC 8122 §6.2).
std::optional<Session::CloseReason> Session::CheckPeer(const x509_st* certificate) const {
  if (certificate == nullptr) return CloseReason::kNoCertificate;
  if (Fingerprint::Of(expected_.algorithm(), *certificate) != expected_) {
    return CloseReason::kFingerprintMismatch;
  }
  if (!SelectedProfile(ssl_.get())) return CloseReason::kNoSrtpProfile;
  return std::nullopt;
}

std::optional<SrtpKeys> Session::ExportKeys() const {
  const std::optional<SrtpProfile> profile = SelectedProfile(ssl_.get());
  if (!profile) return std::nullopt;
  std::array<uint8_t, 2 * (32 + 14)> exported{};
  const size_t size = 2 * (MasterKeySize(*profile) + MasterSaltSize(*profile));
  SLUICE_CHECK(size <= exported.size());
  std::optional<SrtpKeys> keys;
  if (SSL_export_keying_material(ssl_.get(), exported.data(), size, kExporterLabel.data(),
                                 kExporterLabel.size(), nullptr, 0, 0) == 1) {
    keys = SrtpKeys::FromExport(*profile, role_, ByteView(exported).first(size));
  }
  OPENSSL_cleanse(exported.data(), exported.size());
  return keys;
}

// Data that nobody asked for is counted and forgotten. Reading it is also how OpenSSL comes to see
// alerts and a peer's repeated last flight, which it answers.
void Session::ReadApplicationData() {
  std::array<uint8_t, 2048> data;
  for (;;) {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), data.data(), static_cast<int>(data.size()));
    switch (Judge(result)) {
      case Progress::kDone:
        if (keeps_application_data_) {
          events_.push_back(ApplicationData{{data.begin(), data.begin() + result}});
        } else {
          drops_.Count(DropReason::kDtlsUnexpected);
        }
        break;
      case Progress::kWaiting:
        return;
      case Progress::kRemoteClosed:
        SSL_shutdown(ssl_.get());  // RFC 5246 §7.2.1: answered in kind.
        End(CloseReason::kRemoteClosed);
        return;
      case Progress::kFailed:
        // A fatal alert, or a message that breaks the rules; either way authentic.
        End(CloseReason::kRemoteClosed);
        return;
    }
  }
}

// OpenSSL keeps 33 KiB for records, of which a session whose handshake is done sees one in an hour.
// Reading makes them anew; writing takes for granted that they are there.
void Session::ReleaseBuffers() {
  if (ssl_ != nullptr && !keeps_application_data_) SSL_free_buffers(ssl_.get());
  wire_.ForgetFlight();
}

bool Session::Send(ByteView data) {
  if (state_ != State::kConnected || data.empty() || data.size() > kMaxApplicationData)
    return false;
  ERR_clear_error();
  wire_.MarkFlight();
  const int result = SSL_alloc_buffers(ssl_.get()) == 1
                         ? SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()))
                         : 0;
  wire_.ForgetFlight();  // Whoever speaks over DTLS repeats what matters.
  return result == static_cast<int>(data.size());
}

void Session::HandleTimeout(Timestamp now) {
  if (state_ != State::kHandshake) return;
  if (give_up_at_ && now >= *give_up_at_) {
    End(attempts_ > 0 ? CloseReason::kHandshakeFailed : CloseReason::kHandshakeTimeout);
  } else if (retransmit_at_ && now >= *retransmit_at_) {
    Retransmit(now);
  }
}

std::optional<Timestamp> Session::NextTimeout() const {
  if (state_ != State::kHandshake) return std::nullopt;
  return Earlier(give_up_at_, retransmit_at_);
}

void Session::Retransmit(Timestamp now) {
  ERR_clear_error();
  wire_.MarkFlight();
  const long result = DTLSv1_handle_timeout(ssl_.get());
  if (result > 0) {
    UpdateDeadline(now);
  } else if (result == 0) {
    RetransmitByOurClock(now);
  } else {
    End(CloseReason::kHandshakeTimeout);  // The twelfth repetition was the last.
  }
}

// OpenSSL thinks it is too early. It reads the wall clock, so either the two clocks differ by a
// little, or the wall clock was set back. Waiting until it has caught up could take hours, and
// OpenSSL cannot be told; but what it sent last can be sent once more, and when the peer answers,
// OpenSSL starts afresh from the clock as it is then.
void Session::RetransmitByOurClock(Timestamp now) {
  const std::optional<Duration> remaining = RemainingTime(ssl_.get());
  if (!remaining) {
    retransmit_at_.reset();
  } else if (*remaining <= kClockSlack) {
    retransmit_at_ = now + std::max<Duration>(*remaining, std::chrono::milliseconds(1));
  } else {
    wire_.RepeatFlight();
    repeat_interval_ =
        std::min<Duration>(2 * repeat_interval_, std::chrono::microseconds(kLongestInterval));
    retransmit_at_ = now + repeat_interval_;
  }
}

// Turns OpenSSL's deadline into one of ours at the moment it is set, because it is only then that
// the two clocks can be related: later, the wall clock may have been moved.
void Session::UpdateDeadline(Timestamp now) {
  if (!wire_.TakeTimerChanged()) return;
  const std::optional<Duration> remaining = RemainingTime(ssl_.get());
  if (!remaining) {
    retransmit_at_.reset();
    return;
  }
  repeat_interval_ = *remaining;
  retransmit_at_ = now + *remaining;
}

size_t Session::PollTransmit(Timestamp now, ByteSpan out) {
  if (state_ == State::kHandshake) Begin(now);
  return wire_.Pop(out);
}

std::optional<Session::Event> Session::PollEvent() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.erase(events_.begin());
  // Without data there is one more at most, at the end.
  if (events_.empty() && !keeps_application_data_) events_.shrink_to_fit();
  return event;
}

void Session::Close(Timestamp) {
  if (state_ == State::kClosed) return;
  // Before the handshake is done there is nothing to close, and nobody would believe it.
  if (state_ == State::kConnected) {
    ReadApplicationData();  // For its buffers: see ReleaseBuffers.
    if (state_ == State::kClosed) return;
    SSL_shutdown(ssl_.get());
  }
  End(CloseReason::kLocalClosed);
}

void Session::End(CloseReason reason) {
  state_ = State::kClosed;
  give_up_at_.reset();
  retransmit_at_.reset();
  ssl_.reset();  // With all its keys and buffers; what it wrote last is still in wire_.
  events_.push_back(Closed{reason});
}

Session::Progress Session::Judge(int result) const {
  if (result > 0) return Progress::kDone;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Progress::kWaiting;
    case SSL_ERROR_ZERO_RETURN:
      return Progress::kRemoteClosed;
    default:
      return Progress::kFailed;
  }
}

std::string_view CloseReasonName(Session::CloseReason reason) {
  switch (reason) {
    case Session::CloseReason::kRemoteClosed:
      return "remoteClosed";
    case Session::CloseReason::kLocalClosed:
      return "localClosed";
    case Session::CloseReason::kFingerprintMismatch:
      return "fingerprintMismatch";
    case Session::CloseReason::kNoCertificate:
      return "noCertificate";
    case Session::CloseReason::kNoSrtpProfile:
      return "noSrtpProfile";
    case Session::CloseReason::kHandshakeFailed:
      return "handshakeFailed";
    case Session::CloseReason::kHandshakeTimeout:
      return "handshakeTimeout";
  }
  return "";
}

}  // namespace sluice::dtls
