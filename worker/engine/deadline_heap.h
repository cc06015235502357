// Which transport wants to be called next, and when.
//
// An indexed binary heap: every transport has at most one entry, which moves when its deadline
// does. Cancelling and re-arming cost O(log n) and nothing is left behind, so a thousand idle
// transports cost nothing between their deadlines.

#ifndef SLUICE_WORKER_ENGINE_DEADLINE_HEAP_H_
#define SLUICE_WORKER_ENGINE_DEADLINE_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace sluice::worker {

class DeadlineHeap {
 public:
  // `key` is a small dense number: the slot of a handle.
  void Set(uint32_t key, std::optional<Timestamp> deadline);

  std::optional<Timestamp> Next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().deadline;
  }

  // There is a key to take. In most turns of an engine there is none, and that costs a comparison.
  bool IsDue(Timestamp now) const { return !heap_.empty() && heap_.front().deadline <= now; }
  // Takes one key whose deadline is not after `now`.
  std::optional<uint32_t> PopDue(Timestamp now);

  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Timestamp deadline;
    uint32_t key;
  };
  static constexpr uint32_t kAbsent = 0xffffffff;

  // Ties are broken by key, so that one seed gives one history.
  static bool Before(const Entry& a, const Entry& b) {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.key < b.key;
  }
  void Place(size_t index, const Entry& entry);
  void SiftUp(size_t index);
  void SiftDown(size_t index);
  void Remove(size_t index);

  std::vector<Entry> heap_;
  std::vector<uint32_t> position_;  // by key
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DEADLINE_HEAP_H_
