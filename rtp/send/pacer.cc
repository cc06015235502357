#include "rtp/send/pacer.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {
namespace {

constexpr size_t kFirstSize = 16;

}  // namespace

std::optional<DropReason> Pacer::Push(Timestamp now, Item item) {
  Prune(now);
  const size_t size = item.packet.size();
  if (items_ == kMaxItems || bytes_ + size > kMaxBytes) return DropReason::kQueueFull;
  ++items_;
  bytes_ += size;
  Queue& queue = queues_[ClassOf(item)];
  queue.Push({std::move(item), now});
  return std::nullopt;
}

std::optional<Pacer::Item> Pacer::Pop(Timestamp now) {
  Prune(now);
  for (size_t i = 0; i < kClassCount; ++i) {
    Queue& queue = queues_[i];
    if (queue.empty()) continue;
    if (i != kAudio && rate_ && next_ > now) return std::nullopt;
    Item item = std::move(queue.front().item);
    queue.Pop();
    --items_;
    bytes_ -= item.packet.size();
    Spend(now, item.packet.size());
    return item;
  }
  return std::nullopt;
}

uint64_t Pacer::TakeAged() { return std::exchange(aged_, 0); }

std::optional<Timestamp> Pacer::NextTimeout() const {
  if (items_ == 0) return std::nullopt;
  const Queue& audio = queues_[kAudio];
  if (!audio.empty()) return audio.front().since;
  std::optional<Timestamp> due;
  for (const Queue& queue : queues_) {
    if (!queue.empty()) due = Earlier(due, queue.front().since);
  }
  if (rate_ && due) due = std::max(*due, next_);
  return due;
}

size_t Pacer::Forget(uint32_t owner) {
  size_t forgotten = 0;
  for (Queue& queue : queues_) {
    forgotten += queue.RemoveIf([&](const Queued& queued) {
      if (queued.item.owner != owner) return false;
      bytes_ -= queued.item.packet.size();
      return true;
    });
  }
  items_ -= forgotten;
  return forgotten;
}

size_t Pacer::capacity() const {
  size_t sum = 0;
  for (const Queue& queue : queues_) sum += queue.capacity();
  return sum;
}

Pacer::Class Pacer::ClassOf(const Item& item) {
  if (item.retransmission) return kRetransmission;
  return item.kind == MediaKind::kAudio ? kAudio : kVideo;
}

void Pacer::Prune(Timestamp now) {
  for (Queue& queue : queues_) {
    while (!queue.empty() && now - queue.front().since > kMaxAge) {
      --items_;
      bytes_ -= queue.front().item.packet.size();
      ++aged_;
      queue.Pop();
    }
  }
}

void Pacer::Spend(Timestamp now, size_t bytes) {
  if (!rate_) return;
  const BitRate rate = std::max(*rate_, kMinRate);
  next_ = std::max(next_, now - kBurst) + DataSize::Bytes(static_cast<int64_t>(bytes)) / rate;
}

void Pacer::Queue::Push(Queued queued) {
  if (size_ == ring_.size()) {
    std::vector<Queued> larger(ring_.empty() ? kFirstSize : 2 * ring_.size());
    for (size_t i = 0; i < size_; ++i) larger[i] = std::move(At(i));
    ring_ = std::move(larger);
    head_ = 0;
  }
  At(size_) = std::move(queued);
  ++size_;
}

void Pacer::Queue::Pop() {
  ring_[head_].item.packet = RtpPacket();
  head_ = (head_ + 1) & (ring_.size() - 1);
  --size_;
}

}  // namespace sluice::rtp
