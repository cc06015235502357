#include "worker/io/receive_batch.h"

#include <time.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::worker {

ReceiveBatch::ReceiveBatch(PacketPool& pool) : pool_(pool) {
  for (size_t i = 0; i < kSize; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &addresses_[i];
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[i];
  }
}

size_t ReceiveBatch::Receive(int fd, SocketId socket, const TurnTime& turn) {
  for (InboundDatagram& datagram : datagrams()) datagram.packet = PacketRef();
  received_count_ = 0;
  const size_t slots = Prepare();

  int count;
  do {
    count = recvmmsg(fd, headers_.data(), kSize, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  // EAGAIN is the usual end. Anything else is an error that an earlier datagram of ours came back
  // with; reading it has cleared it, and what waits behind it is read in the next turn.
  if (count <= 0) return 0;

  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    if (i >= slots) {
      ++drops_.pool_exhausted;
    } else if ((headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++drops_.truncated;
    } else {
      Keep(i, socket, turn);
    }
  }
  return static_cast<size_t>(count);
}

// Points every header at a free slot, as far as there are any, and returns how many there were.
size_t ReceiveBatch::Prepare() {
  size_t slots = 0;
  for (; slots < kSize; ++slots) {
    if (!slots_[slots]) slots_[slots] = pool_.Allocate();
    if (!slots_[slots]) break;
  }
  // A slot left from an earlier call may stand behind the first gap.
  for (size_t i = slots; i < kSize; ++i) {
    if (!slots_[i]) continue;
    std::swap(slots_[slots], slots_[i]);
    ++slots;
  }
  for (size_t i = 0; i < kSize; ++i) {
    const ByteSpan room = i < slots ? slots_[i].buffer() : ByteSpan(nowhere_);
    pieces_[i] = {room.data(), room.size()};
    // The kernel overwrote these with what it used.
    headers_[i].msg_hdr.msg_namelen = sizeof(SocketAddress);
    headers_[i].msg_hdr.msg_controllen = kControlSize;
    headers_[i].msg_hdr.msg_flags = 0;
  }
  return slots;
}

void ReceiveBatch::Keep(size_t index, SocketId socket, const TurnTime& turn) {
  msghdr& header = headers_[index].msg_hdr;
  const std::optional<Endpoint> remote = ReadSocketAddress(addresses_[index], header.msg_namelen);
  if (!remote) return;
  PacketRef packet = std::move(slots_[index]);
  packet.set_size(headers_[index].msg_len);
  packet.set_arrival(ArrivalOf(header, turn));
  received_[received_count_++] = {socket, *remote, std::move(packet)};
}

Timestamp ReceiveBatch::ArrivalOf(msghdr& header, const TurnTime& turn) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
    return ArrivalTime(
        turn, std::chrono::seconds(stamp.tv_sec) +
                  std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(stamp.tv_nsec)));
  }
  return turn.now;
}

}  // namespace sluice::worker
