#include "worker/engine/deadline_heap.h"

namespace sluice::worker {

void DeadlineHeap::Set(uint32_t key, std::optional<Timestamp> deadline) {
  if (key >= position_.size()) {
    if (!deadline) return;
    position_.resize(key + 1, kAbsent);
  }
  const uint32_t position = position_[key];
  if (!deadline) {
    if (position != kAbsent) Remove(position);
    return;
  }
  if (position == kAbsent) {
    heap_.push_back({*deadline, key});
    position_[key] = static_cast<uint32_t>(heap_.size() - 1);
    SiftUp(heap_.size() - 1);
    return;
  }
  const Timestamp before = heap_[position].deadline;
  if (before == *deadline) return;
  heap_[position].deadline = *deadline;
  if (*deadline < before) {
    SiftUp(position);
  } else {
    SiftDown(position);
  }
}

std::optional<uint32_t> DeadlineHeap::PopDue(Timestamp now) {
  if (!IsDue(now)) return std::nullopt;
  const uint32_t key = heap_.front().key;
  Remove(0);
  return key;
}

void DeadlineHeap::Place(size_t index, const Entry& entry) {
  heap_[index] = entry;
  position_[entry.key] = static_cast<uint32_t>(index);
}

void DeadlineHeap::SiftUp(size_t index) {
  const Entry entry = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (!Before(entry, heap_[parent])) break;
    Place(index, heap_[parent]);
    index = parent;
  }
  Place(index, entry);
}

void DeadlineHeap::SiftDown(size_t index) {
  const Entry entry = heap_[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], entry)) break;
    Place(index, heap_[child]);
    index = child;
  }
  Place(index, entry);
}

void DeadlineHeap::Remove(size_t index) {
  position_[heap_[index].key] = kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  Place(index, last);
  SiftUp(index);
  SiftDown(position_[last.key]);
}

}  // namespace sluice::worker
