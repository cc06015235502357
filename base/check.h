// Invariants. A broken one is a bug of ours, never of the input: print, abort, leave a core file.
//
// SLUICE_CHECK always runs. SLUICE_DCHECK is for the packet path and runs in debug and sanitizer
// builds only.

#ifndef SLUICE_BASE_CHECK_H_
#define SLUICE_BASE_CHECK_H_

namespace sluice {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace sluice

#define SLUICE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define SLUICE_DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define SLUICE_DCHECK(condition) SLUICE_CHECK(condition)
#endif

#endif  // SLUICE_BASE_CHECK_H_
