#include "bench/limit/train_sender.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sluice::bench {
namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

ssize_t SendPlain(int fd, const uint8_t* bytes, size_t size) {
  ssize_t sent = 0;
  do {
    sent = send(fd, bytes, size, kFlags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t SendSegments(int fd, uint8_t* bytes, size_t size, uint16_t segment) {
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(segment))] = {};
  iovec piece{bytes, size};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* const option = CMSG_FIRSTHDR(&message);
  option->cmsg_level = SOL_UDP;
  option->cmsg_type = UDP_SEGMENT;
  option->cmsg_len = CMSG_LEN(sizeof(segment));
  std::memcpy(CMSG_DATA(option), &segment, sizeof(segment));
  ssize_t sent = 0;
  do {
    sent = sendmsg(fd, &message, kFlags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

bool TrainSender::Joins(const Train& train, int fd, size_t size) const {
  return train.fd == fd && !train.closed && train.count < segments_ && size <= train.segment &&
         train.size + size <= kMaxTrainBytes && aim_.MayJoin();
}

uint8_t* TrainSender::Reserve(int fd, size_t size) {
  if (buffer_.size() - used_ < size) return nullptr;
  if (trains_.empty() || !Joins(trains_.back(), fd, size)) {
    trains_.push_back({.fd = fd, .offset = used_, .segment = size});
    aim_.RecordTrain();
  } else {
    aim_.RecordJoin();
  }
  Train& train = trains_.back();
  train.size += size;
  ++train.count;
  train.closed = size < train.segment;
  uint8_t* const out = buffer_.data() + used_;
  used_ += size;
  return out;
}

void TrainSender::Send() {
  for (const Train& train : trains_) SendTrain(train);
  trains_.clear();
  used_ = 0;
}

void TrainSender::SendTrain(const Train& train) {
  uint8_t* const bytes = buffer_.data() + train.offset;
  const ssize_t sent = train.count == 1 ? SendPlain(train.fd, bytes, train.size)
                                        : SendSegments(train.fd, bytes, train.size,
                                                       static_cast<uint16_t>(train.segment));
  ++counters_.calls;
  (sent < 0 ? counters_.lost : counters_.datagrams) += train.count;
}

}  // namespace sluice::bench
