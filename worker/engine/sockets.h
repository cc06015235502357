// The one question the engine asks the world: may I listen here?
//
// Everything else about sockets is the shell's business. The answer is needed before a request can
// be granted, which is why this is a call and not an event. The worker answers with real sockets
// (worker/io/socket_table), simulations with addresses of their network.
//
// To the engine a TCP connection is a path like any other: a socket that it opened, here a
// listener, and a remote endpoint. All it adds is whether the connection is still of use.

#ifndef SLUICE_WORKER_ENGINE_SOCKETS_H_
#define SLUICE_WORKER_ENGINE_SOCKETS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/endpoint.h"
#include "base/ids.h"

namespace sluice::worker {

struct ListenOptions {
  TransportProtocol protocol = TransportProtocol::kUdp;
  IpAddress address;
  // Zero takes any port of [port_min, port_max], and a range of zeros the shell's default one.
  uint16_t port = 0;
  uint16_t port_min = 0;
  uint16_t port_max = 0;
  bool ipv6_only = false;
  bool reuse_port = false;
  // Bytes; zero takes the shell's default.
  uint32_t send_buffer = 0;
  uint32_t receive_buffer = 0;
};

struct BoundSocket {
  SocketId id;
  // The address as asked, the port as given.
  Endpoint local;
};

class Sockets {
 public:
  virtual ~Sockets() = default;

  // Unavailable or InvalidArgument, with a sentence that names address and port.
  virtual absl::StatusOr<BoundSocket> Open(const ListenOptions& options) = 0;
  // Unknown ids are ignored. A TCP listener takes its connections with it.
  virtual void Close(SocketId socket) = 0;

  // Somebody has proved that this path of TCP is his: until then its connection is a stranger's.
  virtual void Keep(const Path& /*path*/) {}
  // Nobody wants the connection any more. Unknown paths are ignored.
  virtual void Release(const Path& /*path*/) {}
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_SOCKETS_H_
