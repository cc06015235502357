#include "worker/io/receive_batch.h"

#include <netinet/udp.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::worker {

namespace {

// The kernel writes trains of different messages to places that the cache does not confuse.
constexpr size_t kStagger = 2 * 1024 + 64;

}  // namespace

ReceiveBatch::ReceiveBatch(PacketPool& pool)
    : pool_(pool),
      overflow_(std::make_unique_for_overwrite<uint8_t[]>(kSize * (kMaxTrain + kStagger))) {
  received_.reserve(kSize * kMaxPieces);
  for (size_t i = 0; i < kSize; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &addresses_[i];
    header.msg_iov = pieces_[i].data();
    header.msg_iovlen = pieces_[i].size();
    header.msg_control = &controls_[i];
    pieces_[i][1] = {overflow_.get() + i * (kMaxTrain + kStagger), kMaxTrain};
  }
}

ReceiveBatch::Taken ReceiveBatch::Receive(int fd, SocketId socket, const TurnTime& turn) {
  received_.clear();
  const size_t slots = Prepare();

  int count;
  do {
    count = recvmmsg(fd, headers_.data(), kSize, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  // EAGAIN is the usual end. Anything else is an error that an earlier datagram of ours came back
  // with; reading it has cleared it, and what waits behind it is read in the next turn.
  if (count <= 0) return {};

  Taken taken{.messages = static_cast<size_t>(count)};
  for (size_t i = 0; i < taken.messages; ++i) {
    if (i >= slots) {
      ++drops_.pool_exhausted;
      ++taken.datagrams;
    } else if ((headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++drops_.truncated;
      ++taken.datagrams;
    } else {
      taken.datagrams += Keep(i, socket, turn);
    }
  }
  return taken;
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
    pieces_[i][0] = {room.data(), room.size()};
    // The kernel overwrote these with what it used.
    headers_[i].msg_hdr.msg_namelen = sizeof(SocketAddress);
    headers_[i].msg_hdr.msg_controllen = kControlSize;
    headers_[i].msg_hdr.msg_flags = 0;
  }
  return slots;
}

size_t ReceiveBatch::Keep(size_t index, SocketId socket, const TurnTime& turn) {
  msghdr& header = headers_[index].msg_hdr;
  const std::optional<Endpoint> remote = ReadSocketAddress(addresses_[index], header.msg_namelen);
  if (!remote) return 1;
  const Control control = ReadControl(header, turn);
  const size_t size = headers_[index].msg_len;
  const size_t piece = control.piece == 0 ? size : control.piece;
  if (size > kMaxPieces * piece || piece > slots_[index].buffer().size()) {
    ++drops_.truncated;
    return 1;
  }
  slots_[index].set_arrival(control.arrival);
  if (size > piece) return KeepTrain(index, {socket, *remote, std::move(slots_[index])}, piece);
  slots_[index].set_size(size);
  received_.push_back({socket, *remote, std::move(slots_[index])});
  return 1;
}

// A piece may begin in the slot and end in the overflow.
size_t ReceiveBatch::KeepTrain(size_t index, InboundDatagram first, size_t piece) {
  const size_t size = headers_[index].msg_len;
  const ByteView slot = first.packet.buffer();
  const ByteView overflow(static_cast<const uint8_t*>(pieces_[index][1].iov_base), kMaxTrain);
  first.packet.set_size(piece);
  received_.push_back(std::move(first));
  // By index: what follows may move the vector.
  const size_t like = received_.size() - 1;
  size_t count = 1;
  for (size_t begin = piece; begin < size; begin += piece, ++count) {
    const size_t end = std::min(begin + piece, size);
    const ByteView front =
        begin < slot.size() ? slot.subspan(begin, std::min(end, slot.size()) - begin) : ByteView();
    const ByteView back = end > slot.size() ? overflow.subspan(begin + front.size() - slot.size(),
                                                               end - begin - front.size())
                                            : ByteView();
    KeepPiece(received_[like], front, back);
  }
  return count;
}

void ReceiveBatch::KeepPiece(const InboundDatagram& like, ByteView front, ByteView back) {
  PacketRef packet = pool_.Allocate();
  if (!packet) {
    ++drops_.pool_exhausted;
    return;
  }
  // Not std::ranges::copy: GCC 12's goes byte by byte where the source is constant.
  std::copy(front.begin(), front.end(), packet.buffer().begin());
  std::copy(back.begin(), back.end(), packet.buffer().subspan(front.size()).begin());
  packet.set_size(front.size() + back.size());
  packet.set_arrival(like.packet.arrival());
  received_.push_back({like.socket, like.remote, std::move(packet)});
}

ReceiveBatch::Control ReceiveBatch::ReadControl(msghdr& header, const TurnTime& turn) {
  Control control{.arrival = turn.now};
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
      const auto since_second = std::chrono::nanoseconds(stamp.tv_nsec);
      control.arrival = ArrivalTime(turn, std::chrono::seconds(stamp.tv_sec) +
                                              std::chrono::duration_cast<Duration>(since_second));
    } else if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
      int piece = 0;
      std::memcpy(&piece, CMSG_DATA(part), sizeof(piece));
      control.piece = piece > 0 ? static_cast<size_t>(piece) : 0;
    }
  }
  return control;
}

}  // namespace sluice::worker
