// One UDP socket: whole batches in, whole batches out.
//
// Datagrams are received straight into slots of the packet pool, with the kernel's receive stamps.
// What cannot be sent at once is dropped and counted: late media is worse than lost media, and a
// queue here would have no bound that anybody could explain.

#ifndef SLUICE_WORKER_IO_UDP_SOCKET_H_
#define SLUICE_WORKER_IO_UDP_SOCKET_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "worker/engine/sockets.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/clock.h"
#include "worker/io/socket_address.h"

namespace sluice::worker {

class UdpSocket {
 public:
  // One system call's worth. recvmmsg costs what recvfrom costs, and saves the wake-ups between.
  static constexpr size_t kReceiveBatch = 64;
  // What we ask for where nobody asked: room for 30 ms of a core's full packet rate.
  static constexpr int kBufferSize = 4 * 1024 * 1024;

  struct Received {
    Endpoint remote;
    PacketRef packet;
  };
  struct ReceiveResult {
    // Valid until the next call.
    std::span<Received> datagrams;
    // Longer than a slot, or of an unknown address family.
    uint64_t truncated = 0;
    // There may be more.
    bool full = false;
    // No slot was free, and datagrams stayed in the socket or were lost there.
    bool pool_exhausted = false;
  };
  struct SendResult {
    uint64_t sent = 0;
    uint64_t full = 0;    // EAGAIN, ENOBUFS
    uint64_t errors = 0;  // anything else, each for one datagram only
  };

  // Binds a non-blocking socket; the sentence of an error names address and port.
  static absl::StatusOr<std::unique_ptr<UdpSocket>> Bind(const ListenOptions& options);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  ReceiveResult Receive(PacketPool& pool, const StampConverter& stamps);
  // Sends `entries`, all of which have this socket.
  SendResult Send(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> entries);

  int fd() const { return fd_; }
  const Endpoint& local() const { return local_; }
  // What the kernel granted, in bytes.
  int receive_buffer() const { return receive_buffer_; }
  int send_buffer() const { return send_buffer_; }

 private:
  UdpSocket(int fd, const Endpoint& local, bool v6);
  void Fill(PacketPool& pool);
  Timestamp StampOf(msghdr& header, const StampConverter& stamps) const;

  struct Control {
    alignas(cmsghdr) std::array<uint8_t, 64> bytes;
  };

  const int fd_;
  const Endpoint local_;
  const bool v6_;
  int receive_buffer_ = 0;
  int send_buffer_ = 0;

  // Slots that wait for datagrams, and what a system call needs to fill them.
  std::array<PacketRef, kReceiveBatch> waiting_;
  size_t prepared_ = 0;
  std::array<mmsghdr, kReceiveBatch> receive_headers_{};
  std::array<iovec, kReceiveBatch> receive_vectors_{};
  std::array<sockaddr_storage, kReceiveBatch> receive_addresses_{};
  std::array<Control, kReceiveBatch> receive_control_{};
  std::array<Received, kReceiveBatch> received_;

  std::array<mmsghdr, TransmitBatch::kMaxEntries> send_headers_{};
  std::array<iovec, TransmitBatch::kMaxEntries> send_vectors_{};
  std::array<SocketAddress, TransmitBatch::kMaxEntries> send_addresses_{};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_UDP_SOCKET_H_
