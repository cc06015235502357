// Reads datagrams off a socket, many per system call, straight into slots of the packet pool and
// with the kernel's receive stamps.
//
// What one peer sends in a row the kernel may hand over in one piece (UDP_GRO, udp(7)): the first
// datagram of such a train stays where it is, the others are copied into slots of their own.

#ifndef SLUICE_WORKER_IO_RECEIVE_BATCH_H_
#define SLUICE_WORKER_IO_RECEIVE_BATCH_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/endpoint.h"
#include "base/ids.h"
#include "base/packet_pool.h"
#include "worker/io/clock.h"
#include "worker/io/socket_address.h"

namespace sluice::worker {

struct InboundDatagram {
  SocketId socket;
  Endpoint remote;
  PacketRef packet;
};

class ReceiveBatch {
 public:
  // Receiving costs the same per datagram from a few on; 64 of them fill the first-level cache.
  static constexpr size_t kSize = 64;

  // What died on the way from the kernel to the engine, since this was last asked.
  struct Drops {
    uint64_t truncated = 0;
    uint64_t pool_exhausted = 0;
  };

  explicit ReceiveBatch(PacketPool& pool);

  // Takes up to kSize messages off `fd`; each is a datagram or a train. Those datagrams that
  // survived are in datagrams() until the next call.
  struct Taken {
    size_t messages = 0;  // fewer than kSize: nothing more was there
    size_t datagrams = 0;
  };
  Taken Receive(int fd, SocketId socket, const TurnTime& turn);
  std::span<InboundDatagram> datagrams() { return received_; }

  Drops TakeDrops() { return std::exchange(drops_, {}); }

 private:
  // A train is as long as a UDP datagram can be, and the kernel's own bound is 64 pieces.
  static constexpr size_t kMaxTrain = 64 * 1024;
  static constexpr size_t kMaxPieces = 64;
  // The control messages we ask for: a timespec, and the size of the pieces of a train.
  static constexpr size_t kControlSize = CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int));
  struct alignas(cmsghdr) ControlBuffer {
    uint8_t bytes[kControlSize];
  };
  struct Control {
    Timestamp arrival;
    size_t piece = 0;  // zero: no train
  };

  size_t Prepare();
  // How many datagrams that were.
  size_t Keep(size_t index, SocketId socket, const TurnTime& turn);
  size_t KeepTrain(size_t index, InboundDatagram first, size_t piece);
  void KeepPiece(const InboundDatagram& like, ByteView front, ByteView back);
  static Control ReadControl(msghdr& header, const TurnTime& turn);

  PacketPool& pool_;
  std::array<PacketRef, kSize> slots_;
  std::array<mmsghdr, kSize> headers_{};
  // Each message begins in its slot and, if it is longer, goes on in a place of its own. That
  // memory is only touched by trains.
  std::array<std::array<iovec, 2>, kSize> pieces_{};
  const std::unique_ptr<uint8_t[]> overflow_;
  std::array<SocketAddress, kSize> addresses_{};
  std::array<ControlBuffer, kSize> controls_{};
  std::vector<InboundDatagram> received_;
  Drops drops_;
  // Where datagrams go that have no slot: they must leave the kernel all the same, or the loop
  // would be woken for them for ever.
  std::array<uint8_t, 64> nowhere_{};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_RECEIVE_BATCH_H_
