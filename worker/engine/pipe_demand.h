// Pipes carry what somebody behind them wants: the far end tells which encodings that are, the near
// end stops the others, and on the way to the publisher every router does the same.

#ifndef SLUICE_WORKER_ENGINE_PIPE_DEMAND_H_
#define SLUICE_WORKER_ENGINE_PIPE_DEMAND_H_

#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/egress.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Tells the other end of the pipe that brings `producer` what of it is wanted here, if that has
// changed. To be called whenever it may have; nothing happens where it does not come over a pipe.
void TellDemand(Workspace& workspace, Timestamp now, Handle<Producer> producer);

// The other end of a pipe has said what it wants.
void FollowDemand(Workspace& workspace, Timestamp now, Transport& transport,
                  const Egress::FeedbackResult& feedback);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PIPE_DEMAND_H_
