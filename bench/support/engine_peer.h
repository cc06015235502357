// A browser at the other end of an engine, in memory: ICE, DTLS with one SRTP profile of our
// choice, and the keys that come of it.
//
// What it needs for the handshake is let go of once that is done, so that a thousand of them fit.
// Media is the business of whoever owns it.

#ifndef SLUICE_BENCH_SUPPORT_ENGINE_PEER_H_
#define SLUICE_BENCH_SUPPORT_ENGINE_PEER_H_

#include <memory>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/time.h"
#include "dtls/fingerprint.h"
#include "dtls/srtp_keys.h"
#include "dtls/srtp_session.h"
#include "ice/credentials.h"
#include "tests/support/ice_controller.h"
#include "tests/support/openssl_peer.h"

namespace sluice::bench {

class EnginePeer {
 public:
  struct Options {
    Endpoint local;
    // Where the engine listens, and with which credentials.
    Endpoint server;
    ice::Credentials remote;
    dtls::SrtpProfile profile = dtls::SrtpProfile::kAeadAes128Gcm;
  };

  // `entropy` must outlive the peer.
  EnginePeer(const Options& options, Entropy& entropy);

  // Begins with ICE; DTLS follows, in the client's role.
  void Start(Timestamp now) { ice_.Start(now); }
  // What the engine sent here. SRTP is ignored.
  void Receive(Timestamp now, ByteView datagram);
  // The next datagram of the handshake, or zero.
  size_t PollTransmit(Timestamp now, ByteSpan out);

  bool connected() const { return srtp_ != nullptr; }
  // Once connected.
  dtls::SrtpSession& srtp() { return *srtp_; }
  const Endpoint& local() const { return options_.local; }
  // For as long as it is not connected.
  dtls::Fingerprint fingerprint() const { return dtls_->fingerprint(); }

 private:
  void TakeKeys();

  const Options options_;
  test::IceController ice_;
  std::unique_ptr<test::OpensslPeer> dtls_;
  std::unique_ptr<dtls::SrtpSession> srtp_;
  bool path_confirmed_ = false;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_ENGINE_PEER_H_
