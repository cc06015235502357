// What a recorded packet is told about in its comment: why it died, whose it is, what it was made
// of.

#ifndef SLUICE_WORKER_ENGINE_PACKET_COMMENTS_H_
#define SLUICE_WORKER_ENGINE_PACKET_COMMENTS_H_

#include "base/drop_reason.h"
#include "rtp/send/pacer.h"
#include "worker/engine/ingress.h"
#include "worker/engine/packet_tap.h"

namespace sluice::worker {

struct Workspace;

// Each is about the packet that `tap` was given last.
void AnnotateDropped(PacketTap& tap, DropReason reason);
void AnnotateReceived(const Workspace& workspace, PacketTap& tap, const Ingress::Arrival& arrival);
void AnnotateSent(PacketTap& tap, const rtp::Pacer::Item& item);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PACKET_COMMENTS_H_
