// Runs the cases of limit --sink and tells what they cost: a table, and JSON if asked.

#ifndef SLUICE_BENCH_LIMIT_SINK_REPORT_H_
#define SLUICE_BENCH_LIMIT_SINK_REPORT_H_

#include "absl/status/status.h"
#include "bench/limit/options.h"

namespace sluice::bench {

absl::Status ReportSink(const LimitOptions& options);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_SINK_REPORT_H_
