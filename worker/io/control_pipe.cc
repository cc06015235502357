#include "worker/io/control_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace sluice::worker {
namespace {

// Small messages of one turn leave in one system call.
constexpr size_t kFlushSize = size_t{64} << 10;
// Memory that a long backlog took is given back once it has left.
constexpr size_t kKeptCapacity = size_t{256} << 10;

absl::Status MakeNonBlocking(int fd, const char* direction) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) return absl::OkStatus();
  return absl::Status(absl::StatusCode::kUnavailable,
                      std::string("file descriptor ") + std::to_string(fd) + " for control " +
                          direction + " cannot be used: " + std::strerror(errno));
}

}  // namespace

absl::StatusOr<ControlPipe> ControlPipe::Adopt(Descriptor read, Descriptor write) {
  if (absl::Status status = MakeNonBlocking(read.get(), "requests"); !status.ok()) return status;
  if (absl::Status status = MakeNonBlocking(write.get(), "answers"); !status.ok()) return status;
  return ControlPipe(std::move(read), std::move(write));
}

ControlPipe::ControlPipe(Descriptor read, Descriptor write)
    : read_(std::move(read)), write_(std::move(write)), input_(kReadSize) {}

std::optional<ByteView> ControlPipe::NextFrame() {
  while (state_ == State::kOpen) {
    if (std::optional<control::FrameBytes> frame = reader_.Next(unread_)) return *frame;
    if (reader_.failed()) {
      state_ = State::kOutOfStep;
      return std::nullopt;
    }
    if (!ReadMore()) return std::nullopt;
  }
  return std::nullopt;
}

// Called with nothing unread.
bool ControlPipe::ReadMore() {
  if (bytes_left_ == 0) return false;
  ssize_t size;
  do {
    size = read(read_.get(), input_.data(), std::min(input_.size(), bytes_left_));
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    unread_ = control::FrameBytes(input_).first(static_cast<size_t>(size));
    bytes_left_ -= static_cast<size_t>(size);
    return true;
  }
  // Any error but "not now" means that nothing more will come, as does the end.
  if (size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) state_ = State::kEnded;
  return false;
}

bool ControlPipe::Write(ByteView frame) {
  if (!writable_ || !control::AppendFrame(frame, outgoing_)) return false;
  if (backlog() >= kFlushSize) Flush();
  return true;
}

void ControlPipe::Flush() {
  while (backlog() != 0) {
    const ssize_t size = write(write_.get(), outgoing_.data() + sent_, backlog());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size <= 0) {
      Abandon();
      return;
    }
    sent_ += static_cast<size_t>(size);
  }
  if (backlog() == 0) {
    outgoing_.clear();
    sent_ = 0;
    if (outgoing_.capacity() > kKeptCapacity) outgoing_ = std::vector<uint8_t>();
  } else if (sent_ >= kKeptCapacity && sent_ >= backlog()) {
    // Moves less than has been sent since the last time, so that each byte moves once at most.
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
}

// Nobody reads any more. Requests that cannot be answered are of no use either.
void ControlPipe::Abandon() {
  writable_ = false;
  outgoing_ = std::vector<uint8_t>();
  sent_ = 0;
  if (state_ == State::kOpen) state_ = State::kEnded;
}

}  // namespace sluice::worker
