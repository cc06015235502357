#include "sctp/send_queue.h"

#include <utility>

#include "base/check.h"

namespace sluice::sctp {

void SendQueue::Push(StreamId stream, Entry entry) {
  earliest_expiry_ = Earlier(earliest_expiry_, entry.expires);
  streams_[stream].push_back(std::move(entry));
  ++size_;
}

std::optional<SendQueue::Head> SendQueue::Front() const {
  if (streams_.empty()) return std::nullopt;
  auto next = streams_.upper_bound(last_served_);
  if (next == streams_.end()) next = streams_.begin();
  return Head{next->first, next->second.front()};
}

void SendQueue::PopFront() {
  const std::optional<Head> head = Front();
  SLUICE_CHECK(head.has_value());
  last_served_ = head->stream;
  const auto stream = streams_.find(last_served_);
  stream->second.pop_front();
  if (stream->second.empty()) streams_.erase(stream);
  --size_;
}

void SendQueue::Clear() {
  streams_.clear();
  size_ = 0;
  earliest_expiry_.reset();
}

}  // namespace sluice::sctp
