// A worker that writes down what it receives: the product's engine, sockets and control channel, in
// a loop that looks at each packet once more after the engine has decrypted it.

#ifndef SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_WORKER_H_
#define SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_WORKER_H_

#include <string>

#include "absl/status/status.h"

namespace sluice::bench {

// Serves the control channel on descriptors 3 and 4, as sluice-worker does, until it ends.
absl::Status RunRecordingWorker(const std::string& recording_path);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_RECORD_RECORDING_WORKER_H_
