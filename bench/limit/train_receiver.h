// Reads datagrams off connected sockets as the kernel joined them (UDP_GRO), many per system call,
// into buffers that stay untouched until they are given back.

#ifndef SLUICE_BENCH_LIMIT_TRAIN_RECEIVER_H_
#define SLUICE_BENCH_LIMIT_TRAIN_RECEIVER_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace sluice::bench {

class TrainReceiver {
 public:
  // Buffers between two Release(): at 30 pictures a second of 50 sources a turn reads less.
  static constexpr size_t kBuffers = 64;

  TrainReceiver();

  // Reads what is there, as far as there are buffers. True if there may be more.
  bool Receive(int fd);
  // The datagrams of the last Receive.
  std::span<const ByteSpan> datagrams() const { return datagrams_; }
  bool exhausted() const { return used_ == kBuffers; }
  // Makes all buffers free again.
  void Release() { used_ = 0; }

 private:
  // What UDP allows.
  static constexpr size_t kBufferSize = 65'536;
  // The only control message we ask for is one int.
  struct alignas(cmsghdr) ControlBuffer {
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  };

  void Split(const mmsghdr& message, uint8_t* bytes);

  std::vector<uint8_t> room_;
  std::array<mmsghdr, kBuffers> headers_{};
  std::array<iovec, kBuffers> pieces_{};
  std::array<ControlBuffer, kBuffers> controls_{};
  std::vector<ByteSpan> datagrams_;
  size_t used_ = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_TRAIN_RECEIVER_H_
