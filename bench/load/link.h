// One client's transport: a connected socket, ICE in the controlling role, DTLS and SRTP.

#ifndef SLUICE_BENCH_LOAD_LINK_H_
#define SLUICE_BENCH_LOAD_LINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/time.h"
#include "dtls/context.h"
#include "dtls/session.h"
#include "dtls/srtp_session.h"
#include "ice/credentials.h"
#include "tests/support/ice_controller.h"
#include "worker/io/descriptor.h"

namespace sluice::load {

class Link {
 public:
  // What the server answers.
  struct Remote {
    Endpoint server;
    ice::Credentials credentials = {};
    std::optional<dtls::Fingerprint> fingerprint = std::nullopt;
    dtls::Role role = dtls::Role::kServer;
    // Instead of ICE and DTLS.
    std::optional<dtls::SrtpKeys> keys = std::nullopt;
  };

  // Bytes of data that may wait in a socket: a quarter of a second of 250 Mbit/s.
  static constexpr int kBuffer = 8 << 20;

  // What is referred to must outlive the link.
  Link(const dtls::Context& context, Entropy& entropy);

  // Binds a port. Connect() binds the address: that of the loopback interface, or the one of this
  // machine that a server insists on.
  absl::Status Open();
  // Sends the first check, or whatever has to be first.
  absl::Status Connect(Timestamp now, const Remote& remote);

  // STUN and DTLS.
  void Receive(Timestamp now, ByteView datagram);
  void HandleTimeout(Timestamp now);
  // Sends what is sealed already. False if the kernel does not take it.
  bool Send(ByteView datagram);
  // Seals `size` bytes of clear RTCP at the front of `room` and sends them.
  void SendRtcp(ByteSpan room, size_t size);
  // Tells the other side.
  void Close(Timestamp now);

  int fd() const { return socket_.get(); }
  uint16_t port() const { return port_; }
  const ice::Credentials& local() const { return local_; }
  bool connected() const { return srtp_ != nullptr; }
  std::optional<Timestamp> connected_at() const { return connected_at_; }
  // Why there is no connection any more.
  std::optional<dtls::Session::CloseReason> closed() const { return closed_; }
  dtls::SrtpSession& srtp() { return *srtp_; }
  // Datagrams that the kernel did not take.
  uint64_t refused() const { return refused_; }

 private:
  // Sends what ICE and DTLS have to say.
  void Flush(Timestamp now);
  void DrainSession(Timestamp now);
  absl::Status InstallKeys(Timestamp now, const dtls::SrtpKeys& keys);

  const dtls::Context& context_;
  Entropy& entropy_;
  const ice::Credentials local_;
  worker::Descriptor socket_;
  uint16_t port_ = 0;
  Path path_;
  std::optional<test::IceController> ice_;
  std::optional<dtls::Session> dtls_;
  bool path_confirmed_ = false;
  std::unique_ptr<dtls::SrtpSession> srtp_;
  std::optional<Timestamp> connected_at_;
  std::optional<dtls::Session::CloseReason> closed_;
  uint64_t refused_ = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_LINK_H_
