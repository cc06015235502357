#include "worker/io/process_usage.h"

#include <sys/resource.h>

namespace sluice::worker {
namespace {

uint64_t Micros(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

}  // namespace

ProcessUsage::Reading SystemProcessUsage::Read() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  Reading reading;
  reading.user_time_us = Micros(usage.ru_utime);
  reading.system_time_us = Micros(usage.ru_stime);
  reading.max_rss_kib = static_cast<uint64_t>(usage.ru_maxrss);
  reading.minor_faults = static_cast<uint64_t>(usage.ru_minflt);
  reading.major_faults = static_cast<uint64_t>(usage.ru_majflt);
  reading.voluntary_switches = static_cast<uint64_t>(usage.ru_nvcsw);
  reading.involuntary_switches = static_cast<uint64_t>(usage.ru_nivcsw);
  return reading;
}

}  // namespace sluice::worker
