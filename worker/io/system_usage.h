// What the kernel says of this process: getrusage(2), and /proc/self/statm.

#ifndef SLUICE_WORKER_IO_SYSTEM_USAGE_H_
#define SLUICE_WORKER_IO_SYSTEM_USAGE_H_

#include "worker/engine/process_usage.h"

namespace sluice::worker {

class SystemUsage : public ProcessUsage {
 public:
  Reading Read() override;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SYSTEM_USAGE_H_
