// The state of things in numbers, for whoever asks through the control channel.

#ifndef SLUICE_WORKER_ENGINE_STATISTICS_H_
#define SLUICE_WORKER_ENGINE_STATISTICS_H_

#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "control-api/response.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Begins the times anew of which the longest is told.
schema::WorkerStatsT DescribeWorker(Workspace& workspace, Timestamp now);
schema::TransportStatsT DescribeTransport(const Workspace& workspace, const Transport& transport,
                                          Timestamp now);
// One entry for each encoding.
schema::StreamStatsListT DescribeProducer(const Workspace& workspace, Handle<Producer> producer,
                                          Timestamp now);
// What it sends: one entry, or one for each encoding on a pipe.
schema::StreamStatsListT DescribeConsumerStreams(const Workspace& workspace,
                                                 Handle<Consumer> consumer, Timestamp now);
// The consumer's own stream first, then what its producer receives.
schema::StreamStatsListT DescribeConsumer(const Workspace& workspace, Handle<Consumer> consumer,
                                          Timestamp now);

schema::DataProducerStatsT DescribeDataProducer(const DataProducer& producer, Timestamp now);
schema::DataConsumerStatsT DescribeDataConsumer(const Workspace& workspace,
                                                const DataConsumer& consumer, Timestamp now);

// JSON for people; what is in it may change.
std::string DumpWorker(const Workspace& workspace, Timestamp now);
std::string DumpObject(const Workspace& workspace, Timestamp now, const ObjectRef& object);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_STATISTICS_H_
