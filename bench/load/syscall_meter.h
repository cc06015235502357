// How many system calls processes make, counted by the kernel's own trace point.
//
// Counting slows every system call of the machine down, so it is done beside the measured interval
// and not in it.

#ifndef SLUICE_BENCH_LOAD_SYSCALL_METER_H_
#define SLUICE_BENCH_LOAD_SYSCALL_METER_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/io/descriptor.h"

namespace sluice::load {

class SyscallMeter {
 public:
  // Begins to count. An error says what this needs that is not there.
  static absl::StatusOr<SyscallMeter> Start(const std::vector<pid_t>& pids);

  // Of all threads of the processes that there were at the start, since then.
  uint64_t Read() const;

 private:
  std::vector<worker::Descriptor> counters_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SYSCALL_METER_H_
