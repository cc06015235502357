#include "worker/io/send_batch.h"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace sluice::worker {
namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

// What the device or its route says of trains as such; anything else is about one of them.
bool RefusesAllTrains(int error) {
  return error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

}  // namespace

size_t TrainLength(std::span<const TransmitBatch::Entry> entries) {
  const TransmitBatch::Entry& first = entries.front();
  size_t length = 1;
  size_t bytes = first.size;
  while (length < entries.size() && length < SendBatch::kMaxSegments) {
    const TransmitBatch::Entry& before = entries[length - 1];
    const TransmitBatch::Entry& next = entries[length];
    if (next.offset != before.offset + before.size || !(next.path == first.path)) break;
    if (next.size > first.size || next.size == 0) break;
    if (bytes + next.size > SendBatch::kMaxTrainBytes) break;
    bytes += next.size;
    ++length;
    // Only the last may be shorter.
    if (next.size < first.size) break;
  }
  return length;
}

SendBatch::SendBatch(Kernel kernel) : kernel_(std::move(kernel)) {
  for (size_t i = 0; i < headers_.size(); ++i) {
    headers_[i].msg_hdr.msg_name = &addresses_[i];
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    auto* control = reinterpret_cast<cmsghdr*>(controls_[i].bytes.data());
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  }
}

// A kernel that does not know the option would send a train as one large datagram.
bool SendBatch::UsesTrains(int fd) {
  if (state_ == Trains::kUnknown) {
    int size = 0;
    socklen_t length = sizeof(size);
    const bool known = getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
    state_ = known ? Trains::kOn : Trains::kOff;
  }
  return state_ == Trains::kOn;
}

SendOutcome SendBatch::Send(int fd, sa_family_t family, const TransmitBatch& batch,
                            std::span<const TransmitBatch::Entry> entries) {
  SLUICE_CHECK(entries.size() <= headers_.size());
  SendOutcome outcome;
  count_ = 0;
  const bool trains = UsesTrains(fd);
  while (!entries.empty()) {
    if (entries.front().size == 0) {
      entries = entries.subspan(1);
      continue;
    }
    const size_t length = trains ? TrainLength(entries) : 1;
    Append(batch, entries.first(length), family, outcome);
    entries = entries.subspan(length);
  }
  SendMessages(fd, batch, outcome);
  return outcome;
}

void SendBatch::Append(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> train,
                       sa_family_t family, SendOutcome& outcome) {
  const socklen_t size = WriteSocketAddress(train.front().path.remote, family, addresses_[count_]);
  if (size == 0) {
    outcome.failed += train.size();
    return;
  }
  msghdr& header = headers_[count_].msg_hdr;
  header.msg_namelen = size;
  const ByteView first = batch.bytes(train.front());
  const TransmitBatch::Entry& last = train.back();
  const size_t bytes = last.offset + last.size - train.front().offset;
  // sendmsg(2) only reads what iov_base points to, but has one type for both directions.
  pieces_[count_] = {const_cast<uint8_t*>(first.data()), bytes};
  // A single datagram costs a fifth more with the segment size than without it.
  header.msg_control = train.size() > 1 ? controls_[count_].bytes.data() : nullptr;
  header.msg_controllen = train.size() > 1 ? controls_[count_].bytes.size() : 0;
  const auto segment = static_cast<uint16_t>(first.size());
  std::memcpy(controls_[count_].bytes.data() + CMSG_LEN(0), &segment, sizeof(segment));
  trains_[count_] = train;
  ++count_;
}

// sendmmsg stops at the first message that fails and tells its errno only when that one comes
// first, so that one is dealt with by itself and the rest is tried again.
void SendBatch::SendMessages(int fd, const TransmitBatch& batch, SendOutcome& outcome) {
  size_t next = 0;
  while (next < count_) {
    ++outcome.calls;
    const int taken = kernel_(fd, &headers_[next], static_cast<unsigned>(count_ - next), kFlags);
    for (int i = 0; i < taken; ++i, ++next) {
      ++outcome.messages;
      outcome.sent += trains_[next].size();
    }
    if (taken > 0) continue;
    const int error = taken < 0 ? errno : EIO;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK) {
      // The socket's own buffer is full, and it is the same for all that follow.
      for (; next < count_; ++next) outcome.full += trains_[next].size();
      break;
    }
    Fail(fd, batch, next, error, outcome);
    ++next;
  }
}

// ENOBUFS comes from the device behind one route, everything else from one destination: the next
// message may fare better.
void SendBatch::Fail(int fd, const TransmitBatch& batch, size_t message, int error,
                     SendOutcome& outcome) {
  const size_t datagrams = trains_[message].size();
  if (error == ENOBUFS) {
    outcome.full += datagrams;
  } else if (datagrams == 1) {
    ++outcome.failed;
  } else {
    ++outcome.refused;
    if (RefusesAllTrains(error)) state_ = Trains::kOff;
    SendPieces(fd, batch, message, outcome);
  }
}

// What was refused as a train may pass piece by piece: the pieces are larger than the path's MTU,
// or nobody on the way can cut them.
void SendBatch::SendPieces(int fd, const TransmitBatch& batch, size_t message,
                           SendOutcome& outcome) {
  mmsghdr single = headers_[message];
  single.msg_hdr.msg_control = nullptr;
  single.msg_hdr.msg_controllen = 0;
  for (const TransmitBatch::Entry& entry : trains_[message]) {
    const ByteView bytes = batch.bytes(entry);
    iovec piece{const_cast<uint8_t*>(bytes.data()), bytes.size()};
    single.msg_hdr.msg_iov = &piece;
    ++outcome.calls;
    if (kernel_(fd, &single, 1, kFlags) == 1) {
      ++outcome.sent;
      ++outcome.messages;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      ++outcome.full;
    } else {
      ++outcome.failed;
    }
  }
}

}  // namespace sluice::worker
