// Control messages on their way to the application, in order.
//
// Messages are encoded when they are queued, because they tell how things stood then.

#ifndef SLUICE_WORKER_ENGINE_OUTBOX_H_
#define SLUICE_WORKER_ENGINE_OUTBOX_H_

#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "control-api/notification.h"
#include "control-api/response.h"

namespace sluice::worker {

class Outbox {
 public:
  void Accept(uint32_t request, const schema::ResponseBodyUnion& body) {
    Queue(control::EncodeResponse(builder_, request, body));
  }
  void Refuse(uint32_t request, const absl::Status& status) {
    Queue(control::EncodeRefusal(builder_, request, status));
  }

  // Dropped and counted when too many messages wait: an application that does not read must not
  // cost the worker its memory.
  template <typename Native>
  void Notify(std::string_view target, Native native) {
    if (queue_.size() >= kMaxQueued || bytes_ >= kMaxQueuedBytes) {
      ++dropped_;
      return;
    }
    Queue(control::EncodeNotification(builder_, target,
                                      control::NotificationBody(std::move(native))));
  }

  // The same for media, of which fewer may wait. False if it was dropped, which is for the caller
  // to count.
  template <typename Native>
  bool Offer(std::string_view target, Native native) {
    if (queue_.size() >= kMaxMedia) return false;
    Notify(target, std::move(native));
    return true;
  }

  // The next message, valid until the next call of any method; empty if there is none.
  ByteView Poll();

  uint64_t dropped() const { return dropped_; }

  // The application does not read as fast as it is told. What only watches had better wait.
  bool is_behind() const { return queue_.size() >= kMaxBehind || bytes_ >= kMaxBehindBytes; }

 private:
  // A room of a thousand that closes tells each once; ten of those at a time are plenty.
  static constexpr size_t kMaxQueued = 10'000;
  // News is short but for messages of data channels: 64 of the largest.
  static constexpr size_t kMaxQueuedBytes = 16 * 1024 * 1024;
  // Half a second of ten pictures in motion. What is older is of no use to anybody who is so late.
  static constexpr size_t kMaxMedia = 1'000;
  // Beyond the pipe's backlog nothing waits where somebody reads. A turn's own news may.
  static constexpr size_t kMaxBehind = 1'000;
  static constexpr size_t kMaxBehindBytes = 1024 * 1024;

  void Queue(control::FrameBytes frame) {
    bytes_ += frame.size();
    queue_.emplace_back(frame.begin(), frame.end());
  }

  flatbuffers::FlatBufferBuilder builder_;
  std::deque<std::vector<uint8_t>> queue_;
  std::vector<uint8_t> polled_;
  size_t bytes_ = 0;  // in queue_
  uint64_t dropped_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OUTBOX_H_
