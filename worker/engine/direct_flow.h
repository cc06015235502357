// Packets that come from the application and go to it, by the control channel.

#ifndef SLUICE_WORKER_ENGINE_DIRECT_FLOW_H_
#define SLUICE_WORKER_ENGINE_DIRECT_FLOW_H_

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// RTP or RTCP of the application for the direct transport `handle`.
void ReceiveDirect(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView bytes);

// Makes notifications of all that the direct transport would send. What finds too many messages
// waiting is dropped and counted (kQueueFull): an application that does not read loses media.
void PollDirect(Workspace& workspace, Timestamp now, Transport& transport);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DIRECT_FLOW_H_
