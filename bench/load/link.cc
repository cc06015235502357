#include "bench/load/link.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "worker/engine/demux.h"
#include "worker/io/socket_address.h"

namespace sluice::load {
namespace {

constexpr size_t kLargestDatagram = 1500;

absl::Status SystemError(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

bool SetOption(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

// The force option passes the system's limit, for which one has to be root.
void SetBuffer(int fd, int name, int force_name) {
  if (!SetOption(fd, SOL_SOCKET, force_name, Link::kBuffer)) {
    SetOption(fd, SOL_SOCKET, name, Link::kBuffer);
  }
}

}  // namespace

Link::Link(const dtls::Context& context, Entropy& entropy)
    : context_(context), entropy_(entropy), local_(ice::Credentials::Generate(entropy)) {}

absl::Status Link::Open() {
  socket_ = worker::Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return SystemError("cannot open a socket");
  SetBuffer(fd(), SO_RCVBUF, SO_RCVBUFFORCE);
  SetBuffer(fd(), SO_SNDBUF, SO_SNDBUFFORCE);
  // Trains arrive whole, and with the time at which the kernel received them.
  if (!SetOption(fd(), IPPROTO_UDP, UDP_GRO, 1)) return SystemError("UDP_GRO");
  if (!SetOption(fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1)) return SystemError("SO_TIMESTAMPNS");

  worker::SocketAddress address;
  socklen_t size = worker::WriteSocketAddress({IpAddress(), 0}, AF_INET, address);
  if (bind(fd(), &address.generic, size) != 0) return SystemError("cannot bind a socket");
  size = sizeof(address);
  if (getsockname(fd(), &address.generic, &size) != 0) return SystemError("getsockname");
  port_ = ntohs(address.v4.sin_port);
  return absl::OkStatus();
}

absl::Status Link::Connect(Timestamp now, const Remote& remote) {
  worker::SocketAddress address;
  const socklen_t size = worker::WriteSocketAddress(remote.server, AF_INET, address);
  if (size == 0 || connect(fd(), &address.generic, size) != 0) {
    return SystemError("cannot connect a socket");
  }
  if (remote.keys) return InstallKeys(now, *remote.keys);
  if (!remote.fingerprint) return absl::InvalidArgumentError("the server shows no fingerprint");

  path_ = {SocketId(0), remote.server};
  test::IceController::Options options;
  options.local = local_;
  options.remote = remote.credentials;
  options.path = path_;
  // A check less before media may flow; lite servers expect either.
  options.nomination = test::IceController::Nomination::kAggressive;
  ice_.emplace(options, entropy_);
  const bool client = remote.role == dtls::Role::kServer;
  dtls_.emplace(context_, client ? dtls::Role::kClient : dtls::Role::kServer, *remote.fingerprint);
  ice_->Start(now);
  Flush(now);
  return absl::OkStatus();
}

absl::Status Link::InstallKeys(Timestamp now, const dtls::SrtpKeys& keys) {
  auto srtp = dtls::SrtpSession::Create(keys);
  if (!srtp.ok()) return srtp.status();
  srtp_ = *std::move(srtp);
  connected_at_ = now;
  return absl::OkStatus();
}

void Link::Receive(Timestamp now, ByteView datagram) {
  if (!ice_) return;
  if (worker::Classify(datagram) == worker::Wire::kStun) {
    ice_->Receive(now, {path_, datagram});
    while (const auto event = ice_->PollEvent()) {
      if (std::holds_alternative<test::IceController::PathConfirmed>(*event)) {
        path_confirmed_ = true;
      }
    }
  } else {
    dtls_->Receive(now, datagram);
    DrainSession(now);
  }
  Flush(now);
}

void Link::DrainSession(Timestamp now) {
  while (const std::optional<dtls::Session::Event> event = dtls_->PollEvent()) {
    if (const auto* connected = std::get_if<dtls::Session::Connected>(&*event)) {
      SLUICE_CHECK(InstallKeys(now, connected->keys).ok());
    } else {
      closed_ = std::get<dtls::Session::Closed>(*event).reason;
      srtp_.reset();
    }
  }
}

void Link::HandleTimeout(Timestamp now) {
  if (!ice_) return;
  ice_->HandleTimeout(now);
  if (path_confirmed_) {
    dtls_->HandleTimeout(now);
    DrainSession(now);
  }
  Flush(now);
}

void Link::Flush(Timestamp now) {
  std::array<uint8_t, kLargestDatagram> buffer;
  while (const Transmit check = ice_->PollTransmit(now, buffer)) {
    Send(ByteView(buffer).first(check.size));
  }
  if (!path_confirmed_) return;
  while (const size_t size = dtls_->PollTransmit(now, buffer)) Send(ByteView(buffer).first(size));
}

bool Link::Send(ByteView datagram) {
  if (send(fd(), datagram.data(), datagram.size(), MSG_DONTWAIT) >= 0) return true;
  // Loopback tells a sender that the last datagram found nobody; this one did not go out then.
  if (errno == ECONNREFUSED && send(fd(), datagram.data(), datagram.size(), MSG_DONTWAIT) >= 0) {
    return true;
  }
  ++refused_;
  return false;
}

void Link::SendRtcp(ByteSpan room, size_t size) {
  if (!connected() || size == 0) return;
  const std::optional<size_t> sealed = srtp_->ProtectRtcp(room, size);
  if (sealed) Send(room.first(*sealed));
}

void Link::Close(Timestamp now) {
  if (!dtls_) return;
  dtls_->Close(now);
  Flush(now);
}

}  // namespace sluice::load
