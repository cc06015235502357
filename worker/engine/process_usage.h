// What the process has used so far, as getrusage(2) and proc(5) tell it. Read by the shell; the engine only
// passes it on to whoever asks through the control channel.

#ifndef SLUICE_WORKER_ENGINE_PROCESS_USAGE_H_
#define SLUICE_WORKER_ENGINE_PROCESS_USAGE_H_

#include <cstdint>

namespace sluice::worker {

class ProcessUsage {
 public:
  struct Reading {
    uint64_t user_time_us = 0;
    uint64_t system_time_us = 0;
    uint64_t max_rss_kib = 0;
    // Resident now; zero if the kernel does not tell.
    uint64_t rss_kib = 0;
    uint64_t minor_faults = 0;
    uint64_t major_faults = 0;
    uint64_t voluntary_switches = 0;
    uint64_t involuntary_switches = 0;
  };

  virtual ~ProcessUsage() = default;
  virtual Reading Read() = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PROCESS_USAGE_H_
