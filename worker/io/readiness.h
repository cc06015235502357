// Keeps a libuv loop awake to one file descriptor.
//
// It does not say what became ready, only that something did: the turn that follows tries
// everything that is due.

#ifndef SLUICE_WORKER_IO_READINESS_H_
#define SLUICE_WORKER_IO_READINESS_H_

#include <uv.h>

#include <utility>

namespace sluice::worker {

class Readiness {
 public:
  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Zero or a libuv error. The loop closes the handle; see EventLoop.
  int Open(uv_loop_t& loop, int fd) {
    handle_.data = this;
    const int error = uv_poll_init(&loop, &handle_, fd);
    open_ = error == 0;
    return error;
  }

  // `events` are UV_READABLE and the like; zero for none.
  void Watch(int events) {
    if (!open_ || events == events_) return;
    events_ = events;
    if (events == 0) {
      uv_poll_stop(&handle_);
    } else {
      uv_poll_start(&handle_, events, &Readiness::OnReady);
    }
  }

  // True if the loop has reported something since the last call. What is left over is reported
  // again.
  bool TakeReported() { return std::exchange(reported_, false); }

  // Before the descriptor is closed by its owner.
  void Close() {
    if (open_) uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
    open_ = false;
    events_ = 0;
  }

 private:
  static void OnReady(uv_poll_t* handle, int status, int) {
    static_cast<Readiness*>(handle->data)->reported_ = true;
    // libuv stops watching a descriptor with an error; the next Watch() begins anew, after whoever
    // reads or writes it has seen the error.
    if (status < 0) static_cast<Readiness*>(handle->data)->events_ = 0;
  }

  uv_poll_t handle_{};
  bool open_ = false;
  bool reported_ = false;
  int events_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_READINESS_H_
