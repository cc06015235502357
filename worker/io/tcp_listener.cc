#include "worker/io/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "worker/io/socket_address.h"
#include "worker/io/socket_binding.h"

namespace sluice::worker {
namespace {

uint32_t OrDefault(uint32_t bytes) { return bytes == 0 ? TcpListener::kDefaultBuffer : bytes; }

TcpListener::Refusal Judge(int error) {
  switch (error) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
      return TcpListener::Refusal::kNone;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return TcpListener::Refusal::kNoDescriptors;
    default:
      // accept(2): errors of the new connection come out here as well.
      return TcpListener::Refusal::kBroken;
  }
}

}  // namespace

absl::StatusOr<TcpListener> TcpListener::Open(const ListenOptions& options, Entropy& entropy) {
  absl::StatusOr<SocketBinding> binding = SocketBinding::Create(options, SOCK_STREAM);
  if (!binding.ok()) return binding.status();
  const int fd = binding->fd();
  // Connections of a worker that has ended linger for a minute; its successor takes the same port.
  if (int error = SetFlag(fd, SOL_SOCKET, SO_REUSEADDR, 1); error != 0) {
    return binding->Failure(error);
  }
  // Connections inherit what their listener has. The window of a receiver is announced in the first
  // segment, so that it cannot be set later.
  SetBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, OrDefault(options.send_buffer));
  SetBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, OrDefault(options.receive_buffer));
  SetFlag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetFlag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kMaxUnsent);
  SetFlag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  const absl::StatusOr<Endpoint> local = binding->Bind(entropy, kBacklog);
  if (!local.ok()) return local.status();

  TcpListener opened(binding->Take());
  opened.local_ = *local;
  return opened;
}

std::pair<std::optional<TcpListener::Accepted>, TcpListener::Refusal> TcpListener::Accept() const {
  SocketAddress address;
  socklen_t size = sizeof(address);
  Descriptor accepted(accept4(fd(), &address.generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted) return {std::nullopt, Judge(errno)};
  std::optional<Endpoint> remote = ReadSocketAddress(address, size);
  if (!remote) return {std::nullopt, Refusal::kBroken};
  remote->protocol = TransportProtocol::kTcp;
  return {Accepted{std::move(accepted), *remote}, Refusal::kNone};
}

}  // namespace sluice::worker
