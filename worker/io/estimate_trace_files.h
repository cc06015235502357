// Traces of bandwidth estimators as files, one for each transport.
//
// For looking into single calls: it writes from the event loop, and a slow disk slows the worker.

#ifndef SLUICE_WORKER_IO_ESTIMATE_TRACE_FILES_H_
#define SLUICE_WORKER_IO_ESTIMATE_TRACE_FILES_H_

#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "worker/engine/estimate_traces.h"

namespace sluice::worker {

class EstimateTraceFiles final : public EstimateTraces {
 public:
  // Transports beyond these are not traced.
  static constexpr size_t kMaxFiles = 256;
  // Half an hour of a large call; what comes later is not written.
  static constexpr size_t kMaxBytes = 64 * 1024 * 1024;

  // InvalidArgument if `directory` is none that can be written into.
  static absl::StatusOr<std::unique_ptr<EstimateTraceFiles>> Open(std::string directory);

  // The file is DIRECTORY/NUMBER-ID.bwe, with '_' for whatever is neither letter nor digit.
  void Append(std::string_view transport, std::string_view lines) override;

 private:
  struct File {
    std::ofstream out;
    size_t bytes = 0;
    bool ended = false;  // Something did not fit any more.
  };

  explicit EstimateTraceFiles(std::string directory) : directory_(std::move(directory)) {}
  File* Find(std::string_view transport);

  const std::string directory_;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_ESTIMATE_TRACE_FILES_H_
