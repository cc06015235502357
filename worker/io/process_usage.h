// What this process has used so far, out of getrusage(2).

#ifndef SLUICE_WORKER_IO_PROCESS_USAGE_H_
#define SLUICE_WORKER_IO_PROCESS_USAGE_H_

#include "worker/engine/process_usage.h"

namespace sluice::worker {

class SystemProcessUsage : public ProcessUsage {
 public:
  Reading Read() override;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_PROCESS_USAGE_H_
