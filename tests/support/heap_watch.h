// How much a test makes the heap grow. Under the sanitizers, whose heap is another, nothing is
// seen.

#ifndef SLUICE_TESTS_SUPPORT_HEAP_WATCH_H_
#define SLUICE_TESTS_SUPPORT_HEAP_WATCH_H_

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace sluice::test {

inline size_t HeapInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class HeapWatch {
 public:
  // To be called wherever it may be at its largest.
  void Look() { most_ = std::max(most_, HeapInUse()); }
  // The most that it grew by.
  size_t growth() {
    Look();
    return most_ - before_;
  }

 private:
  const size_t before_ = HeapInUse();
  size_t most_ = before_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_HEAP_WATCH_H_
