#include "worker/engine/outbox.h"

namespace sluice::worker {

ByteView Outbox::Poll() {
  if (queue_.empty()) return {};
  polled_ = std::move(queue_.front());
  queue_.pop_front();
  bytes_ -= polled_.size();
  return polled_;
}

}  // namespace sluice::worker
