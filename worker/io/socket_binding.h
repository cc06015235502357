// What opening a socket has in common for UDP and TCP: its address and port, its buffers, and the
// sentence that says why not.

#ifndef SLUICE_WORKER_IO_SOCKET_BINDING_H_
#define SLUICE_WORKER_IO_SOCKET_BINDING_H_

#include <sys/socket.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "base/entropy.h"
#include "worker/engine/sockets.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {

// Zero or an errno.
int SetFlag(int fd, int level, int name, int value);

// Sets a buffer as far as the kernel lets us, and tells how far that was, in bytes of data.
// `force_name` passes the system's limit, for which a right is needed that few workers have.
uint32_t SetBuffer(int fd, int name, int force_name, uint32_t bytes);

class SocketBinding {
 public:
  // A socket of `type`, SOCK_DGRAM or SOCK_STREAM, that does not block and has no port yet. An
  // error names address and port.
  static absl::StatusOr<SocketBinding> Create(const ListenOptions& options, int type);

  int fd() const { return descriptor_.get(); }
  sa_family_t family() const { return family_; }

  // Binds the port, or one of the range: a random one first, then its neighbours, until one is
  // free. Port and range 0 leave the choice to the kernel. With a `backlog` it also listens, since
  // a TCP port may turn out to be taken only then. The endpoint has the address that was asked for.
  absl::StatusOr<Endpoint> Bind(Entropy& entropy, int backlog = 0);

  // Why it cannot listen there.
  absl::Status Failure(int error) const;

  Descriptor Take() { return std::move(descriptor_); }

 private:
  SocketBinding(const ListenOptions& options, Descriptor descriptor, sa_family_t family)
      : options_(options), descriptor_(std::move(descriptor)), family_(family) {}

  int BindAny(Entropy& entropy, int backlog);
  int BindOne(uint16_t port, int backlog);

  ListenOptions options_;
  Descriptor descriptor_;
  sa_family_t family_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SOCKET_BINDING_H_
