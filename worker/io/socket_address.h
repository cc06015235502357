// Endpoints as the kernel writes them, and back.

#ifndef SLUICE_WORKER_IO_SOCKET_ADDRESS_H_
#define SLUICE_WORKER_IO_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "base/endpoint.h"

namespace sluice::worker {

// Room for the addresses of both families; a quarter of sockaddr_storage, because batches hold
// hundreds.
union SocketAddress {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Writes `endpoint` for a socket of `family` and returns the length; zero if such a socket cannot
// reach it. An IPv6 socket reaches IPv4 by mapped addresses (RFC 4291 §2.5.5.2).
socklen_t WriteSocketAddress(const Endpoint& endpoint, sa_family_t family, SocketAddress& out);

// The UDP endpoint that the kernel wrote, if it is of a family we know.
std::optional<Endpoint> ReadSocketAddress(const SocketAddress& address, socklen_t size);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SOCKET_ADDRESS_H_
