// What all transports of a router or of the worker did together, and how long things took.

#ifndef SLUICE_WORKER_ENGINE_TRAFFIC_STATISTICS_H_
#define SLUICE_WORKER_ENGINE_TRAFFIC_STATISTICS_H_

#include <memory>

#include "base/time.h"
#include "control-api/response.h"
#include "worker/engine/duration_histogram.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Of the worker, with what belonged to no transport.
std::unique_ptr<schema::TrafficT> DescribeTraffic(const Workspace& workspace, Timestamp now);
schema::RouterStatsT DescribeRouter(const Workspace& workspace, const Router& router,
                                    Timestamp now);
// Begins anew the time of which the longest is told.
std::unique_ptr<schema::DurationHistogramT> Describe(DurationHistogram& histogram);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRAFFIC_STATISTICS_H_
