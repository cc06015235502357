// How well streams arrive, told to the application when it changes: 0 (not at all) to 10.

#ifndef SLUICE_WORKER_ENGINE_SCORES_H_
#define SLUICE_WORKER_ENGINE_SCORES_H_

#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Once a second for a transport with producers or consumers.
void TellScoresIfDue(Workspace& workspace, Timestamp now, Handle<Transport> handle);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_SCORES_H_
