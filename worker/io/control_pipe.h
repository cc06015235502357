// The control channel as two file descriptors: frames come in on one, go out on the other.
//
// Neither direction blocks or grows without bound. Incoming bytes are read only while somebody asks
// for frames. Outgoing ones wait in a backlog; once it holds kMaxBacklog, HasRoom() is false, and
// whoever owns the pipe stops both taking messages from the engine (which then drops notifications)
// and giving it requests (whose answers would have nowhere to go).

#ifndef SLUICE_WORKER_IO_CONTROL_PIPE_H_
#define SLUICE_WORKER_IO_CONTROL_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "control-api/frame.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {

class ControlPipe {
 public:
  // Two frames of the largest size. The last message may stand over it by one frame.
  static constexpr size_t kMaxBacklog = 2 * control::kMaxFrameSize;
  // What is read in one turn; media waits for no longer than this takes to decode.
  static constexpr size_t kBytesPerTurn = size_t{256} << 10;

  enum class State {
    kOpen,
    kEnded,      // the other side closed, in whichever direction
    kOutOfStep,  // a length over the limit: what follows cannot be told apart
  };

  // The descriptors become non-blocking. `read` and `write` may be the same socket, duplicated.
  static absl::StatusOr<ControlPipe> Adopt(Descriptor read, Descriptor write);

  int read_fd() const { return read_.get(); }
  int write_fd() const { return write_.get(); }
  State state() const { return state_; }

  void BeginTurn() { bytes_left_ = kBytesPerTurn; }
  // The next whole frame, valid until the next call. Nothing if it has not come yet, if this turn's
  // share is used up, or if the pipe is no longer open.
  std::optional<ByteView> NextFrame();
  // Bytes that were read and not yet looked at: no readiness will be reported for them.
  bool has_unread() const { return state_ == State::kOpen && !unread_.empty(); }
  // The channel ended with half a frame.
  bool ended_mid_frame() const { return state_ == State::kEnded && reader_.mid_frame(); }
  uint32_t announced_size() const { return reader_.announced_size(); }

  // Queues a frame and sends what the other side takes. False if `frame` is over the limit of the
  // protocol, or can no longer be sent.
  bool Write(ByteView frame);
  void Flush();
  bool HasRoom() const { return backlog() < kMaxBacklog; }
  size_t backlog() const { return outgoing_.size() - sent_; }

 private:
  static constexpr size_t kReadSize = size_t{64} << 10;

  ControlPipe(Descriptor read, Descriptor write);

  bool ReadMore();
  void Abandon();

  Descriptor read_;
  Descriptor write_;
  State state_ = State::kOpen;
  bool writable_ = true;

  std::vector<uint8_t> input_;
  control::FrameBytes unread_;
  control::FrameReader reader_;
  size_t bytes_left_ = kBytesPerTurn;

  std::vector<uint8_t> outgoing_;
  size_t sent_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_CONTROL_PIPE_H_
