#include "worker/io/system_usage.h"

#include <sys/mman.h>

#include <cstring>

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

TEST(SystemUsageTest, CountsWhatTheProcessDoes) {
  SystemUsage usage;
  const ProcessUsage::Reading before = usage.Read();
  EXPECT_GT(before.max_rss_kib, 1024u);

  // Fresh pages straight from the kernel: each costs a fault, whatever the allocator has in store.
  constexpr size_t kSize = size_t{8} << 20;
  void* const pages =
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 1, kSize);

  const ProcessUsage::Reading after = usage.Read();
  EXPECT_GT(after.minor_faults, before.minor_faults);
  EXPECT_GE(after.user_time_us + after.system_time_us, before.user_time_us + before.system_time_us);
  EXPECT_GE(after.max_rss_kib, before.max_rss_kib);
  munmap(pages, kSize);
}

}  // namespace
}  // namespace sluice::worker
