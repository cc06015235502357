#include "worker/io/system_usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "worker/io/descriptor.h"

namespace sluice::worker {
namespace {

uint64_t Micros(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

// The second number of statm (proc(5)), which counts pages. getrusage(2) knows the largest size
// only.
uint64_t ResidentKib() {
  const Descriptor file(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const ssize_t size = file.get() < 0 ? -1 : read(file.get(), text.data(), text.size() - 1);
  if (size <= 0) return 0;
  const char* const second = std::strchr(text.data(), ' ');
  if (second == nullptr) return 0;
  const uint64_t pages = std::strtoull(second, nullptr, 10);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace

ProcessUsage::Reading SystemUsage::Read() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const uint64_t resident = ResidentKib();
  return {
      .user_time_us = Micros(usage.ru_utime),
      .system_time_us = Micros(usage.ru_stime),
      .max_rss_kib = static_cast<uint64_t>(usage.ru_maxrss),
      .rss_kib = resident,
      .minor_faults = static_cast<uint64_t>(usage.ru_minflt),
      .major_faults = static_cast<uint64_t>(usage.ru_majflt),
      .voluntary_switches = static_cast<uint64_t>(usage.ru_nvcsw),
      .involuntary_switches = static_cast<uint64_t>(usage.ru_nivcsw),
      .shared_memory_size = static_cast<uint64_t>(usage.ru_ixrss),
      .unshared_data_size = static_cast<uint64_t>(usage.ru_idrss),
      .unshared_stack_size = static_cast<uint64_t>(usage.ru_isrss),
      .swaps = static_cast<uint64_t>(usage.ru_nswap),
      .block_inputs = static_cast<uint64_t>(usage.ru_inblock),
      .block_outputs = static_cast<uint64_t>(usage.ru_oublock),
      .messages_sent = static_cast<uint64_t>(usage.ru_msgsnd),
      .messages_received = static_cast<uint64_t>(usage.ru_msgrcv),
      .signals = static_cast<uint64_t>(usage.ru_nsignals),
  };
}

}  // namespace sluice::worker
