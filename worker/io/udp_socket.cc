#include "worker/io/udp_socket.h"

#include <netinet/udp.h>

#include <string>
#include <utility>

#include "worker/io/socket_binding.h"

namespace sluice::worker {
namespace {

uint32_t OrDefault(uint32_t bytes) { return bytes == 0 ? UdpSocket::kDefaultBuffer : bytes; }

}  // namespace

absl::StatusOr<UdpSocket> UdpSocket::Open(const ListenOptions& options, Entropy& entropy) {
  absl::StatusOr<SocketBinding> binding = SocketBinding::Create(options, SOCK_DGRAM);
  if (!binding.ok()) return binding.status();
  const int fd = binding->fd();
  if (int error = SetFlag(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1); error != 0) {
    return binding->Failure(error);
  }
  // What a peer sends in a row may be handed over in one piece (ReceiveBatch). A kernel that does
  // not know how goes on without.
  SetFlag(fd, SOL_UDP, UDP_GRO, 1);
  const uint32_t send_buffer =
      SetBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, OrDefault(options.send_buffer));
  const uint32_t receive_buffer =
      SetBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, OrDefault(options.receive_buffer));
  const absl::StatusOr<Endpoint> local = binding->Bind(entropy);
  if (!local.ok()) return local.status();

  UdpSocket opened(binding->Take(), binding->family());
  opened.local_ = *local;
  opened.send_buffer_ = send_buffer;
  opened.receive_buffer_ = receive_buffer;
  return opened;
}

}  // namespace sluice::worker
