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
  };
}

}  // namespace sluice::worker
