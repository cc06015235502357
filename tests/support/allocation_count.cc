#include "tests/support/allocation_count.h"

#include <malloc.h>

#include <cerrno>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_HEAP_HAS_HOOKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_HEAP_HAS_HOOKS 1
#endif
#endif

namespace sluice::test {
namespace {

int watches = 0;
uint64_t allocations = 0;

// The heap keeps the size of each piece beside it.
constexpr size_t kOverhead = sizeof(size_t);

uint64_t freed_bytes = 0;

inline void Count() {
  if (watches > 0) ++allocations;
}

template <typename SizeOf>
inline void CountFreed(void* piece, SizeOf size_of) {
  if (watches > 0 && piece != nullptr) freed_bytes += size_of(piece) + kOverhead;
}

}  // namespace

uint64_t AllocationWatch::count() { return allocations; }
uint64_t AllocationWatch::freed() { return freed_bytes; }
AllocationWatch::~AllocationWatch() { --watches; }

}  // namespace sluice::test

#ifdef SLUICE_HEAP_HAS_HOOKS

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));
extern "C" size_t __sanitizer_get_allocated_size(const volatile void* piece);

namespace sluice::test {

AllocationWatch::AllocationWatch() {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, size_t) { Count(); },
      [](const volatile void* piece) {
        CountFreed(const_cast<void*>(piece), __sanitizer_get_allocated_size);
      });
  static_cast<void>(installed);
  ++watches;
}

}  // namespace sluice::test

#else

namespace sluice::test {

AllocationWatch::AllocationWatch() { ++watches; }

}  // namespace sluice::test

// The names under which glibc offers what it would have done itself.
extern "C" {
void* __libc_malloc(size_t size);
void __libc_free(void* piece);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  sluice::test::Count();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  sluice::test::Count();
  return __libc_calloc(count, size);
}
void free(void* piece) {
  sluice::test::CountFreed(piece, malloc_usable_size);
  __libc_free(piece);
}
void* realloc(void* old, size_t size) {
  sluice::test::Count();
  sluice::test::CountFreed(old, malloc_usable_size);
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  sluice::test::Count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  sluice::test::Count();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  sluice::test::Count();
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

#endif
