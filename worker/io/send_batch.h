// Sends what the engine packed into a TransmitBatch, many datagrams per system call.
//
// Neighbours with one destination and one size leave as a segment train (UDP_SEGMENT, udp(7)): one
// message that the kernel or the device cuts again, of which the last piece may be shorter. Most of
// what a send costs is then paid once per train. A train that is refused is sent piece by piece; if
// it was the device that refused it, there are no trains any more.
//
// Nothing waits: a datagram that the kernel does not take now is dropped and counted, because by
// the time there is room again it would be late, and the engine's own queues know better what to
// send then.

#ifndef SLUICE_WORKER_IO_SEND_BATCH_H_
#define SLUICE_WORKER_IO_SEND_BATCH_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "worker/engine/transmit_batch.h"
#include "worker/io/socket_address.h"

namespace sluice::worker {

// Of datagrams, but for the last three.
struct SendOutcome {
  uint64_t sent = 0;
  uint64_t full = 0;      // no room: EAGAIN, ENOBUFS
  uint64_t failed = 0;    // any other errno
  uint64_t messages = 0;  // sent: single datagrams and trains
  uint64_t calls = 0;     // of the system
  uint64_t refused = 0;   // trains that had to be sent piece by piece

  SendOutcome& operator+=(const SendOutcome& other) {
    sent += other.sent;
    full += other.full;
    failed += other.failed;
    messages += other.messages;
    calls += other.calls;
    refused += other.refused;
    return *this;
  }
};

// How many datagrams from the first of `entries` on can leave as one train: at least one. They must
// lie one behind the other.
size_t TrainLength(std::span<const TransmitBatch::Entry> entries);

class SendBatch {
 public:
  // A kernel before 6.9 takes no more.
  static constexpr size_t kMaxSegments = 64;
  // What fits into one UDP datagram, with room for the headers of any kind.
  static constexpr size_t kMaxTrainBytes = 65'000;

  // sendmmsg(2).
  using Kernel = std::function<int(int fd, mmsghdr* messages, unsigned count, int flags)>;

  SendBatch() : SendBatch(&sendmmsg) {}
  explicit SendBatch(Kernel kernel);

  // Sends `entries` of `batch`, at most TransmitBatch::kMaxEntries and all for this one socket.
  SendOutcome Send(int fd, sa_family_t family, const TransmitBatch& batch,
                   std::span<const TransmitBatch::Entry> entries);

  // Whether neighbours leave together: yes, unless told otherwise here, or by a kernel that does
  // not know how or a device that has refused.
  bool forms_trains() const { return state_ != Trains::kOff; }
  void set_trains(bool wanted) { state_ = wanted ? Trains::kUnknown : Trains::kOff; }

 private:
  enum class Trains : uint8_t { kUnknown, kOn, kOff };

  struct alignas(cmsghdr) Control {
    std::array<uint8_t, CMSG_SPACE(sizeof(uint16_t))> bytes{};
  };

  bool UsesTrains(int fd);
  void Append(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> train,
              sa_family_t family, SendOutcome& outcome);
  void SendMessages(int fd, const TransmitBatch& batch, SendOutcome& outcome);
  void Fail(int fd, const TransmitBatch& batch, size_t message, int error, SendOutcome& outcome);
  void SendPieces(int fd, const TransmitBatch& batch, size_t message, SendOutcome& outcome);

  const Kernel kernel_;
  Trains state_ = Trains::kUnknown;
  size_t count_ = 0;
  std::array<mmsghdr, TransmitBatch::kMaxEntries> headers_{};
  std::array<iovec, TransmitBatch::kMaxEntries> pieces_{};
  std::array<SocketAddress, TransmitBatch::kMaxEntries> addresses_{};
  std::array<Control, TransmitBatch::kMaxEntries> controls_{};
  // What each message consists of.
  std::array<std::span<const TransmitBatch::Entry>, TransmitBatch::kMaxEntries> trains_{};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SEND_BATCH_H_
