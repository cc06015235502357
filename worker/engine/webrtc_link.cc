#include "worker/engine/webrtc_link.h"

#include <utility>

namespace sluice::worker {
namespace {

std::string_view ReasonText(dtls::Session::CloseReason reason) {
  using Reason = dtls::Session::CloseReason;
  switch (reason) {
    case Reason::kRemoteClosed:
      return "closed by the remote side";
    case Reason::kLocalClosed:
      return "closed by the application";
    case Reason::kFingerprintMismatch:
      return "certificate does not match the fingerprint";
    case Reason::kNoCertificate:
      return "remote side presented no certificate";
    case Reason::kNoSrtpProfile:
      return "no common SRTP profile";
    case Reason::kHandshakeFailed:
      return "handshake failed";
    case Reason::kHandshakeTimeout:
      return "handshake timed out";
  }
  return "unknown";
}

}  // namespace

std::string_view DtlsStateName(DtlsState state) {
  switch (state) {
    case DtlsState::kNew:
      return "new";
    case DtlsState::kConnecting:
      return "connecting";
    case DtlsState::kConnected:
      return "connected";
    case DtlsState::kFailed:
      return "failed";
    case DtlsState::kClosed:
      return "closed";
  }
  return "unknown";
}

WebRtcLink::WebRtcLink(const dtls::Context& context, dtls::BulkCipher* cipher,
                       ice::Credentials credentials, Duration consent_timeout)
    : Link(LinkKind::kWebRtc, Protection::kSrtp),
      context_(context),
      cipher_(cipher),
      agent_(std::move(credentials), {.consent_timeout = consent_timeout}) {
  Follow(agent_.selected());
}

void WebRtcLink::ReceiveStun(Timestamp now, const Datagram& datagram) {
  agent_.Receive(now, datagram);
}

void WebRtcLink::ReceiveDtls(Timestamp now, ByteView datagram) {
  // Before connect() there is no fingerprint to check against, so there is nothing to talk about;
  // the peer repeats its flight.
  if (session_ == nullptr || dtls_state_ == DtlsState::kFailed ||
      dtls_state_ == DtlsState::kClosed) {
    drops_.Count(DropReason::kDtlsUnexpected);
    return;
  }
  session_->Receive(now, datagram);
  DrainSession();
}

void WebRtcLink::Connect(dtls::Role role, const dtls::Fingerprint& fingerprint) {
  session_ = std::make_unique<dtls::Session>(context_, role, fingerprint);
  role_ = role;
  if (carries_data_) session_->KeepApplicationData();
  EnterDtlsState(DtlsState::kConnecting, {});
}

void WebRtcLink::Close(Timestamp now) {
  if (session_ != nullptr) {
    session_->Close(now);
    DrainSession();
  }
}

void WebRtcLink::HandleTimeout(Timestamp now) {
  agent_.HandleTimeout(now);
  // A handshake that cannot reach anybody yet keeps its clock stopped.
  if (session_ != nullptr && agent_.selected()) {
    session_->HandleTimeout(now);
    DrainSession();
  }
}

std::optional<Timestamp> WebRtcLink::NextTimeout() const {
  std::optional<Timestamp> next = agent_.NextTimeout();
  if (session_ != nullptr && agent_.selected()) next = Earlier(next, session_->NextTimeout());
  return next;
}

bool WebRtcLink::PollTransmit(Timestamp now, TransmitBatch& batch) {
  for (;;) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    const Transmit check = agent_.PollTransmit(now, room);
    if (!check) break;
    batch.Commit(check.path, check.size);
  }
  while (session_ != nullptr && agent_.selected()) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    const size_t size = session_->PollTransmit(now, room);
    if (size == 0) break;
    batch.Commit(*agent_.selected(), size);
  }
  return false;
}

std::optional<WebRtcLink::Event> WebRtcLink::PollEvent() {
  if (std::optional<ice::LiteAgent::Event> event = agent_.PollEvent()) {
    return std::visit([](auto& alternative) { return Event(std::move(alternative)); }, *event);
  }
  if (dtls_events_.empty()) return std::nullopt;
  Event event = std::move(dtls_events_.front());
  dtls_events_.erase(dtls_events_.begin());
  if (dtls_events_.empty() && !carries_data_) dtls_events_.shrink_to_fit();
  return event;
}

DropCounters WebRtcLink::drops() const {
  DropCounters sum = drops_;
  sum.Add(agent_.drops());
  if (session_ != nullptr) sum.Add(session_->drops());
  return sum;
}

void WebRtcLink::DrainSession() {
  while (std::optional<dtls::Session::Event> event = session_->PollEvent()) {
    if (auto* connected = std::get_if<dtls::Session::Connected>(&*event)) {
      auto srtp = dtls::SrtpSession::Create(connected->keys, cipher_);
      if (!srtp.ok()) {
        EnterDtlsState(DtlsState::kFailed, "SRTP keys were refused");
        continue;
      }
      set_srtp(*std::move(srtp));
      EnterDtlsState(DtlsState::kConnected, {}, std::move(connected->remote_certificate_pem));
      continue;
    }
    if (auto* data = std::get_if<ApplicationData>(&*event)) {
      dtls_events_.push_back(std::move(*data));
      continue;
    }
    const auto reason = std::get<dtls::Session::Closed>(*event).reason;
    const bool orderly = reason == dtls::Session::CloseReason::kRemoteClosed ||
                         reason == dtls::Session::CloseReason::kLocalClosed;
    // RFC 8827 §6.5: media ends with the association that protects it.
    set_srtp(nullptr);
    EnterDtlsState(orderly ? DtlsState::kClosed : DtlsState::kFailed, ReasonText(reason));
  }
}

void WebRtcLink::EnterDtlsState(DtlsState state, std::string_view reason, std::string certificate) {
  if (dtls_state_ == state) return;
  dtls_state_ = state;
  dtls_events_.push_back(DtlsChanged{state, std::move(certificate), reason});
}

}  // namespace sluice::worker
