#include "worker/io/system_usage.h"

#include <sys/resource.h>

namespace sluice::worker {
namespace {

uint64_t Micros(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

}  // namespace

ProcessUsage::Reading SystemUsage::Read() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {
      .user_time_us = Micros(usage.ru_utime),
      .system_time_us = Micros(usage.ru_stime),
      .max_rss_kib = static_cast<uint64_t>(usage.ru_maxrss),
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
