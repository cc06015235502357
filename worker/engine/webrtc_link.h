// A path to one browser: ICE finds it, DTLS proves it, SRTP hides what travels on it.
//
// Datagrams come in, clear packets come out, and the other way round. The link knows nothing of
// streams. DTLS and media are taken only from paths that ICE has validated (the engine routes by
// them), and the destination moves only when ICE says so: no packet of media ever redirects it.

#ifndef SLUICE_WORKER_ENGINE_WEBRTC_LINK_H_
#define SLUICE_WORKER_ENGINE_WEBRTC_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "dtls/bulk_cipher.h"
#include "dtls/context.h"
#include "dtls/session.h"
#include "dtls/srtp_session.h"
#include "ice/lite_agent.h"
#include "worker/engine/link.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::worker {

enum class DtlsState : uint8_t { kNew, kConnecting, kConnected, kFailed, kClosed };
std::string_view DtlsStateName(DtlsState state);

class WebRtcLink final : public Link {
 public:
  static constexpr bool Is(LinkKind kind) { return kind == LinkKind::kWebRtc; }

  struct DtlsChanged {
    DtlsState state;
    std::string remote_certificate_pem;
    std::string_view reason;
  };
  using ApplicationData = dtls::Session::ApplicationData;
  using Event = std::variant<ice::LiteAgent::StateChanged, ice::LiteAgent::PathValidated,
                             ice::LiteAgent::PathSelected, ice::LiteAgent::PathRemoved, DtlsChanged,
                             ApplicationData>;

  // What is referred to must outlive the link; `cipher` may be null. A `consent_timeout` of zero
  // never expires.
  WebRtcLink(const dtls::Context& context, dtls::BulkCipher* cipher, ice::Credentials credentials,
             Duration consent_timeout);

  void ReceiveStun(Timestamp now, const Datagram& datagram);
  void ReceiveDtls(Timestamp now, ByteView datagram);

  // Starts DTLS in `role` towards a peer that will present `fingerprint`. Only once.
  void Connect(dtls::Role role, const dtls::Fingerprint& fingerprint);
  bool connecting() const { return session_ != nullptr; }
  // The role we play; once connecting.
  dtls::Role dtls_role() const { return role_; }

  // Has data taken out of DTLS, which is dropped otherwise. Before Connect().
  void CarryData() { carries_data_ = true; }
  bool CanSendData() const override {
    return dtls_state_ == DtlsState::kConnected && agent_.selected().has_value();
  }
  // At most dtls::Session::kMaxApplicationData bytes.
  bool SendData(ByteView data) override { return session_->Send(data); }

  void RestartIce(ice::Credentials fresh) { agent_.Restart(std::move(fresh)); }
  // Its connection has ended.
  void LosePath(const Path& path) { agent_.LosePath(path); }
  // Tells the peer; afterwards the link only drains.
  void Close(Timestamp now) override;

  void HandleTimeout(Timestamp now) override;
  std::optional<Timestamp> NextTimeout() const override;
  // Appends what ICE and DTLS have to say. True if the batch was too full for all of it.
  bool PollTransmit(Timestamp now, TransmitBatch& batch) override;
  std::optional<Event> PollEvent();

  const ice::LiteAgent& agent() const { return agent_; }
  DtlsState dtls_state() const { return dtls_state_; }
  // What died in ICE and DTLS.
  DropCounters drops() const override;

 private:
  void DrainSession();
  void EnterDtlsState(DtlsState state, std::string_view reason, std::string certificate = {});

  const dtls::Context& context_;
  dtls::BulkCipher* const cipher_;
  ice::LiteAgent agent_;
  std::unique_ptr<dtls::Session> session_;
  DtlsState dtls_state_ = DtlsState::kNew;
  dtls::Role role_ = dtls::Role::kServer;
  bool carries_data_ = false;
  std::vector<Event> dtls_events_;  // A few in a lifetime, and the data of one datagram.
  DropCounters drops_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_WEBRTC_LINK_H_
