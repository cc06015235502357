// One bound UDP socket: how it is opened, and with which buffers. Datagrams go in and out of it in
// batches (receive_batch, send_batch).

#ifndef SLUICE_WORKER_IO_UDP_SOCKET_H_
#define SLUICE_WORKER_IO_UDP_SOCKET_H_

#include <sys/socket.h>

#include <cstdint>

#include "base/entropy.h"
#include "worker/engine/sockets.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {

class UdpSocket {
 public:
  // One second of 30 Mbit/s, or a tenth of 300: what may come in while the worker is busy with
  // something else.
  static constexpr uint32_t kDefaultBuffer = 4u << 20;

  // An error names address and port.
  static absl::StatusOr<UdpSocket> Open(const ListenOptions& options, Entropy& entropy);

  int fd() const { return descriptor_.get(); }
  sa_family_t family() const { return family_; }
  const Endpoint& local() const { return local_; }
  // What the kernel granted, in bytes of data; it may be less than was asked for.
  uint32_t send_buffer() const { return send_buffer_; }
  uint32_t receive_buffer() const { return receive_buffer_; }

 private:
  UdpSocket(Descriptor descriptor, sa_family_t family)
      : descriptor_(std::move(descriptor)), family_(family) {}

  Descriptor descriptor_;
  sa_family_t family_;
  Endpoint local_;
  uint32_t send_buffer_ = 0;
  uint32_t receive_buffer_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_UDP_SOCKET_H_
