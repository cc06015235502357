#include "bench/load/train_reader.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::load {

TrainReader::TrainReader() : buffer_(std::make_unique<uint8_t[]>(kTrains * kLongestTrain)) {
  for (size_t i = 0; i < kTrains; ++i) {
    pieces_[i] = {buffer_.get() + i * kLongestTrain, kLongestTrain};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[i];
    header.msg_controllen = kControlSize;
  }
}

std::span<const Train> TrainReader::Read(int fd) {
  int count;
  do {
    count = recvmmsg(fd, headers_.data(), kTrains, MSG_DONTWAIT, nullptr);
  } while (count < 0 && (errno == EINTR || errno == ECONNREFUSED));
  if (count <= 0) return {};
  size_t trains = 0;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    Train& train = trains_[trains];
    train = {{buffer_.get() + i * kLongestTrain, headers_[i].msg_len}, headers_[i].msg_len, 0};
    ReadControl(headers_[i].msg_hdr, train);
    // The kernel overwrote it with what it used.
    headers_[i].msg_hdr.msg_controllen = kControlSize;
    if (!train.bytes.empty() && train.segment_size > 0) ++trains;
  }
  return std::span(trains_).first(trains);
}

void TrainReader::ReadControl(msghdr& header, Train& train) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
      train.stamp_ns = stamp.tv_sec * int64_t{1'000'000'000} + stamp.tv_nsec;
    } else if (part->cmsg_level == IPPROTO_UDP && part->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(part), sizeof(size));
      if (size > 0) train.segment_size = static_cast<size_t>(size);
    }
  }
}

}  // namespace sluice::load
