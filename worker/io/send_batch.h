// Sends what the engine packed into a TransmitBatch, many datagrams per system call.
//
// Nothing waits: a datagram that the kernel does not take now is dropped and counted, because by
// the time there is room again it would be late, and the engine's own queues know better what to
// send then.

#ifndef SLUICE_WORKER_IO_SEND_BATCH_H_
#define SLUICE_WORKER_IO_SEND_BATCH_H_

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "worker/engine/transmit_batch.h"
#include "worker/io/socket_address.h"

namespace sluice::worker {

struct SendOutcome {
  uint64_t sent = 0;
  uint64_t full = 0;    // no room: EAGAIN, ENOBUFS
  uint64_t failed = 0;  // any other errno

  SendOutcome& operator+=(const SendOutcome& other) {
    sent += other.sent;
    full += other.full;
    failed += other.failed;
    return *this;
  }
};

// Hands `messages` to `call`, which is sendmmsg(2) with the socket left out, until each is sent or
// dropped. sendmmsg stops at the first message that fails and tells its errno only when that one
// comes first, so that one is skipped and the rest is tried again.
template <typename Call>
SendOutcome SendAll(std::span<mmsghdr> messages, Call call) {
  SendOutcome outcome;
  while (!messages.empty()) {
    const int count = call(messages.data(), static_cast<unsigned>(messages.size()));
    if (count > 0) {
      outcome.sent += static_cast<uint64_t>(count);
      messages = messages.subspan(static_cast<size_t>(count));
      continue;
    }
    const int error = count < 0 ? errno : EIO;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK) {
      // The socket's own buffer is full, and it is the same for all that follow.
      outcome.full += messages.size();
      break;
    }
    // ENOBUFS comes from the device behind one route, everything else from one destination: the
    // next datagram may fare better.
    ++(error == ENOBUFS ? outcome.full : outcome.failed);
    messages = messages.subspan(1);
  }
  return outcome;
}

class SendBatch {
 public:
  SendBatch();

  // Sends `entries` of `batch`, at most TransmitBatch::kMaxEntries and all for this one socket.
  SendOutcome Send(int fd, sa_family_t family, const TransmitBatch& batch,
                   std::span<const TransmitBatch::Entry> entries);

 private:
  std::array<mmsghdr, TransmitBatch::kMaxEntries> headers_{};
  std::array<iovec, TransmitBatch::kMaxEntries> pieces_{};
  std::array<SocketAddress, TransmitBatch::kMaxEntries> addresses_{};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SEND_BATCH_H_
