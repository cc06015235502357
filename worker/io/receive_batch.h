// Reads datagrams off a socket, many per system call, straight into slots of the packet pool and
// with the kernel's receive stamps.

#ifndef SLUICE_WORKER_IO_RECEIVE_BATCH_H_
#define SLUICE_WORKER_IO_RECEIVE_BATCH_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

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

  // Takes up to kSize datagrams off `fd` and returns how many; fewer than kSize says that nothing
  // more was there. Those that survived are in datagrams() until the next call.
  size_t Receive(int fd, SocketId socket, const TurnTime& turn);
  std::span<InboundDatagram> datagrams() { return {received_.data(), received_count_}; }

  Drops TakeDrops() { return std::exchange(drops_, {}); }

 private:
  // The only control message we ask for is one timespec.
  static constexpr size_t kControlSize = CMSG_SPACE(sizeof(timespec));
  struct alignas(cmsghdr) ControlBuffer {
    uint8_t bytes[kControlSize];
  };

  size_t Prepare();
  void Keep(size_t index, SocketId socket, const TurnTime& turn);
  static Timestamp ArrivalOf(msghdr& header, const TurnTime& turn);

  PacketPool& pool_;
  std::array<PacketRef, kSize> slots_;
  std::array<mmsghdr, kSize> headers_{};
  std::array<iovec, kSize> pieces_{};
  std::array<SocketAddress, kSize> addresses_{};
  std::array<ControlBuffer, kSize> controls_{};
  std::array<InboundDatagram, kSize> received_;
  size_t received_count_ = 0;
  Drops drops_;
  // Where datagrams go that have no slot: they must leave the kernel all the same, or the loop
  // would be woken for them for ever.
  std::array<uint8_t, 64> nowhere_{};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_RECEIVE_BATCH_H_
