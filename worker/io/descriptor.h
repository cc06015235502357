// A file descriptor that is closed together with its owner.

#ifndef SLUICE_WORKER_IO_DESCRIPTOR_H_
#define SLUICE_WORKER_IO_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace sluice::worker {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  // Negative if there is none.
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  void Close() {
    // Linux closes the descriptor whatever close(2) returns, so there is nothing to repeat.
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_DESCRIPTOR_H_
