// How often code asks the heap for memory while it is being watched, and how much it gives back.
//
// An executable that links allocation_count.cc has a malloc() of its own, which counts what happens
// inside of an AllocationWatch and passes everything on. Under sanitizers, which need malloc() for
// themselves, their hooks count instead.

#ifndef SLUICE_TESTS_SUPPORT_ALLOCATION_COUNT_H_
#define SLUICE_TESTS_SUPPORT_ALLOCATION_COUNT_H_

#include <cstdint>

namespace sluice::test {

// malloc, calloc, realloc, aligned ones and operator new, as long as one of these lives.
class AllocationWatch {
 public:
  AllocationWatch();
  ~AllocationWatch();
  AllocationWatch(const AllocationWatch&) = delete;
  AllocationWatch& operator=(const AllocationWatch&) = delete;

  // Of all watches since the start of the process.
  static uint64_t count();
  // Bytes given back under all watches, with what the heap itself needs for each piece.
  static uint64_t freed();
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_ALLOCATION_COUNT_H_
