// Endpoint <-> sockaddr: the only place that knows both.

#ifndef SLUICE_WORKER_IO_SOCKET_ADDRESS_H_
#define SLUICE_WORKER_IO_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "base/endpoint.h"

namespace sluice::worker {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// `v6_socket`: an IPv4 endpoint is written in its mapped form (RFC 4291 §2.5.5.2), which is what a
// dual-stack socket takes.
SocketAddress ToSocketAddress(const Endpoint& endpoint, bool v6_socket);
// Nothing for families other than IPv4 and IPv6.
std::optional<Endpoint> ToEndpoint(const sockaddr_storage& storage, TransportProtocol protocol);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SOCKET_ADDRESS_H_
