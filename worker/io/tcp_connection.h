// One TCP connection of a peer: datagrams in frames (RFC 4571) on a socket that does not block.
//
// It never holds more than the frame that is being read and a FrameBacklog. A peer that does not
// read loses media, which is counted as if a socket were full, and nothing else happens: the kernel
// keeps what TcpListener lets it keep.

#ifndef SLUICE_WORKER_IO_TCP_CONNECTION_H_
#define SLUICE_WORKER_IO_TCP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/packet_pool.h"
#include "ice/tcp_framing.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/descriptor.h"
#include "worker/io/send_batch.h"

namespace sluice::worker {

class TcpConnection {
 public:
  // What is read at once: some dozen datagrams of media.
  static constexpr size_t kReadSize = 64 * 1024;

  explicit TcpConnection(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  int fd() const { return descriptor_.get(); }
  // The other side has ended it, or it broke.
  bool ended() const { return ended_; }

  // Reads into `buffer`, and gives what came: to be handed to NextDatagram until that is empty.
  // Empty if nothing came, or the connection has ended.
  ByteView Read(ByteSpan buffer);
  // The next datagram, as long as there is a whole one; valid until the next call.
  std::optional<ByteView> NextDatagram(ByteView& stream) { return splitter_.Next(stream); }
  // Frames longer than a packet since this was last asked.
  uint64_t TakeTooLong();
  bool mid_frame() const { return splitter_.mid_frame(); }

  // Sends `entries` of `batch`, all of them for this connection. What the kernel does not take now
  // waits if it is no media and there is room, and is dropped otherwise.
  SendOutcome Send(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> entries);
  // Writes what waits, as far as the kernel takes it.
  void Flush();
  bool waits_to_write() const { return !ended_ && !backlog_.empty(); }
  size_t backlog() const { return backlog_.size(); }

  // Says goodbye in such a way that what was sent arrives: a connection that is closed with bytes
  // unread is reset (RFC 1122 §4.2.2.13).
  void Shutdown(ByteSpan buffer);

 private:
  // How many bytes the kernel took of `pieces` in a row; nothing if the connection has broken.
  size_t Write(std::span<struct iovec> pieces);
  void KeepRest(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> entries,
                size_t written, SendOutcome& outcome);

  Descriptor descriptor_;
  bool ended_ = false;
  ice::FrameSplitter splitter_{PacketSlot::kCapacity};
  uint64_t told_too_long_ = 0;
  ice::FrameBacklog backlog_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_TCP_CONNECTION_H_
