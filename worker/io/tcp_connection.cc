#include "worker/io/tcp_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "worker/engine/demux.h"

namespace sluice::worker {
namespace {

// Frames that are given to the kernel at once, header and datagram each.
constexpr size_t kFramesPerCall = 64;

// All that a receive buffer holds. Who goes on sending at the same time is reset.
constexpr int kLastReads = 16;

bool IsForLater(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS; }

// What is better lost than late. Everything else is small and either repeated until it arrives, or
// says what has arrived.
bool IsMedia(ByteView datagram) { return Classify(datagram) == Wire::kRtp; }

}  // namespace

ByteView TcpConnection::Read(ByteSpan buffer) {
  if (ended_) return {};
  ssize_t size;
  do {
    size = recv(fd(), buffer.data(), buffer.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size > 0) return buffer.first(static_cast<size_t>(size));
  if (size == 0 || !IsForLater(errno)) ended_ = true;
  return {};
}

uint64_t TcpConnection::TakeTooLong() {
  const uint64_t all = splitter_.counters().too_long;
  return all - std::exchange(told_too_long_, all);
}

SendOutcome TcpConnection::Send(const TransmitBatch& batch,
                                std::span<const TransmitBatch::Entry> entries) {
  SendOutcome outcome;
  Flush();
  while (!entries.empty()) {
    const size_t count = std::min(entries.size(), kFramesPerCall);
    const std::span<const TransmitBatch::Entry> some = entries.first(count);
    entries = entries.subspan(count);
    std::array<std::array<uint8_t, ice::kFrameHeaderSize>, kFramesPerCall> headers;
    std::array<iovec, 2 * kFramesPerCall> pieces;
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
      // One that was taken back (TransmitBatch::TakeBack).
      if (some[i].size == 0) continue;
      const ByteView datagram = batch.bytes(some[i]);
      headers[i] = ice::FrameHeader(datagram.size());
      pieces[used++] = {headers[i].data(), headers[i].size()};
      // sendmsg(2) only reads what iov_base points to, but has one type for both directions.
      pieces[used++] = {const_cast<uint8_t*>(datagram.data()), datagram.size()};
    }
    size_t written = 0;
    if (!ended_ && backlog_.empty() && used != 0) {
      written = Write(std::span(pieces).first(used));
      ++outcome.calls;
    }
    KeepRest(batch, some, written, outcome);
  }
  return outcome;
}

size_t TcpConnection::Write(std::span<iovec> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t size;
  do {
    size = sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return static_cast<size_t>(size);
  if (!IsForLater(errno)) ended_ = true;
  return 0;
}

// `written` bytes of all the frames together have left.
void TcpConnection::KeepRest(const TransmitBatch& batch,
                             std::span<const TransmitBatch::Entry> entries, size_t written,
                             SendOutcome& outcome) {
  for (const TransmitBatch::Entry& entry : entries) {
    if (entry.size == 0) continue;
    const size_t size = ice::kFrameHeaderSize + entry.size;
    const size_t of_this = std::min(written, size);
    written -= of_this;
    const ByteView datagram = batch.bytes(entry);
    if (of_this == size) {
      ++outcome.sent;
      ++outcome.messages;
    } else if (ended_) {
      ++outcome.failed;
    } else if ((of_this != 0 || !IsMedia(datagram)) && backlog_.Push(datagram, of_this)) {
      ++outcome.sent;
      ++outcome.messages;
    } else {
      ++outcome.full;
    }
  }
}

void TcpConnection::Flush() {
  while (waits_to_write()) {
    const ByteView waiting = backlog_.bytes();
    iovec piece{const_cast<uint8_t*>(waiting.data()), waiting.size()};
    const size_t written = Write(std::span(&piece, 1));
    backlog_.RecordWritten(written);
    if (written < waiting.size()) return;
  }
}

void TcpConnection::Shutdown(ByteSpan buffer) {
  Flush();
  for (int i = 0; i < kLastReads && !Read(buffer).empty(); ++i) continue;
  shutdown(fd(), SHUT_WR);
}

}  // namespace sluice::worker
