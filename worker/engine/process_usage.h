// What the process has used so far, as getrusage(2) tells it. Read by the shell; the engine only
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
    uint64_t minor_faults = 0;
    uint64_t major_faults = 0;
    uint64_t voluntary_switches = 0;
    uint64_t involuntary_switches = 0;
    // Linux leaves at zero: the three sizes, swaps, messages and signals.
    uint64_t shared_memory_size = 0;
    uint64_t unshared_data_size = 0;
    uint64_t unshared_stack_size = 0;
    uint64_t swaps = 0;
    uint64_t block_inputs = 0;
    uint64_t block_outputs = 0;
    uint64_t messages_sent = 0;
    uint64_t messages_received = 0;
    uint64_t signals = 0;
  };

  virtual ~ProcessUsage() = default;
  virtual Reading Read() = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PROCESS_USAGE_H_
