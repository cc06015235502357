// Who gets which layers: what a path carries, shared among the consumers of its transport.
//
// The pieces know nothing of one another: the estimator of an egress says what the path carries,
// the catalogs of producers what there is to choose from, the allocator who gets what, and a
// forwarder follows when it can. Here they meet, several times a second and whenever something has
// changed.

#ifndef SLUICE_WORKER_ENGINE_BANDWIDTH_SHARING_H_
#define SLUICE_WORKER_ENGINE_BANDWIDTH_SHARING_H_

#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// What of `producer` anybody watches.
WantedLayers FindWanted(const Workspace& workspace, Timestamp now, Producer& producer);

// Shares what the path of a transport carries, now.
void ShareBandwidth(Workspace& workspace, Timestamp now, Handle<Transport> handle);

// The same if it is time to, or if the estimate has moved enough to matter. Tells the decisions of
// the estimator to whoever traces them.
void ShareBandwidthIfDue(Workspace& workspace, Timestamp now, Handle<Transport> handle);

// What the producer offers has changed in kind: its consumers should not wait for their turn.
void ShareAnew(Workspace& workspace, Timestamp now, const Producer& producer);

// Tells the application if something else flows to the consumer than it was last told.
void TellLayers(Workspace& workspace, Timestamp now, Consumer& consumer);

// Tells the application which layers of the producer are still of use, if that has changed.
void TellWanted(Workspace& workspace, Timestamp now, Handle<Producer> handle);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_BANDWIDTH_SHARING_H_
