#include "bench/support/engine_peer.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "worker/engine/demux.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;

// As OpenSSL names them.
const char* OpensslName(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
    case SrtpProfile::kAesCm128HmacSha1_80:
      return "SRTP_AES128_CM_SHA1_80";
    case SrtpProfile::kAesCm128HmacSha1_32:
      break;  // Not by DTLS.
  }
  return "";
}

test::IceController::Options IceOptions(const EnginePeer::Options& options, Entropy& entropy) {
  test::IceController::Options ice;
  ice.local = ice::Credentials::Generate(entropy);
  ice.remote = options.remote;
  ice.path = {SocketId(0), options.server};
  // One check is enough to be connected.
  ice.nomination = test::IceController::Nomination::kAggressive;
  return ice;
}

}  // namespace

EnginePeer::EnginePeer(const Options& options, Entropy& entropy)
    : options_(options), ice_(IceOptions(options, entropy), entropy) {
  test::OpensslPeer::Options dtls;
  dtls.srtp = OpensslName(options.profile);
  dtls_ = std::make_unique<test::OpensslPeer>(dtls);
}

void EnginePeer::Receive(Timestamp now, ByteView datagram) {
  const worker::Wire wire = worker::Classify(datagram);
  if (wire == worker::Wire::kStun) {
    ice_.Receive(now, {{SocketId(0), options_.server}, datagram});
    while (const std::optional<test::IceController::Event> event = ice_.PollEvent()) {
      path_confirmed_ |= std::holds_alternative<test::IceController::PathConfirmed>(*event);
    }
  } else if (wire == worker::Wire::kDtls && dtls_ != nullptr) {
    dtls_->Receive(now, datagram);
    TakeKeys();
  }
}

size_t EnginePeer::PollTransmit(Timestamp now, ByteSpan out) {
  if (const Transmit check = ice_.PollTransmit(now, out)) return check.size;
  if (!path_confirmed_ || dtls_ == nullptr) return 0;
  const size_t size = dtls_->PollTransmit(now, out);
  if (size == 0 && connected()) dtls_.reset();
  return size;
}

void EnginePeer::TakeKeys() {
  if (connected() || !dtls_->connected()) return;
  const SrtpProfile profile = options_.profile;
  const std::vector<uint8_t> exported =
      dtls_->ExportKeys(2 * (dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile)));
  const auto keys = dtls::SrtpKeys::FromExport(profile, dtls::Role::kClient, exported);
  SLUICE_CHECK(keys.has_value());
  auto session = dtls::SrtpSession::Create(*keys);
  SLUICE_CHECK(session.ok());
  srtp_ = *std::move(session);
}

}  // namespace sluice::bench
