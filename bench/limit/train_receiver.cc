#include "bench/limit/train_receiver.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace sluice::bench {

TrainReceiver::TrainReceiver() : room_(kBuffers * kBufferSize) {
  for (size_t i = 0; i < kBuffers; ++i) {
    pieces_[i] = {room_.data() + i * kBufferSize, kBufferSize};
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_control = controls_[i].bytes;
  }
}

bool TrainReceiver::Receive(int fd) {
  datagrams_.clear();
  const size_t room = kBuffers - used_;
  for (size_t i = used_; i < kBuffers; ++i) {
    headers_[i].msg_hdr.msg_controllen = sizeof(ControlBuffer);
  }
  const int count =
      recvmmsg(fd, headers_.data() + used_, static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
  if (count <= 0) return false;
  for (int i = 0; i < count; ++i, ++used_) {
    Split(headers_[used_], room_.data() + used_ * kBufferSize);
  }
  return static_cast<size_t>(count) == room;
}

// A datagram that came alone has no size beside it.
void TrainReceiver::Split(const mmsghdr& message, uint8_t* bytes) {
  const size_t total = message.msg_len;
  size_t segment = total;
  msghdr header = message.msg_hdr;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level != SOL_UDP || at->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(at), sizeof(size));
    if (size > 0) segment = static_cast<size_t>(size);
  }
  for (size_t start = 0; start < total; start += segment) {
    datagrams_.emplace_back(bytes + start, std::min(segment, total - start));
  }
}

}  // namespace sluice::bench
