// Packets on sockets of plain transports whose path belongs to nobody yet, and SCTP as it is, which
// only those carry.

#ifndef SLUICE_WORKER_ENGINE_PLAIN_FLOW_H_
#define SLUICE_WORKER_ENGINE_PLAIN_FLOW_H_

#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "worker/engine/demux.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// With comedia, a packet that is what its transport waits for makes the path the peer's: SRTP that
// authenticates, and in the clear RTP of a producer, a compound of RTCP without a fault, or the
// beginning of an SCTP association. Anything else is a stranger's, which is counted.
void ReceiveUnrouted(Workspace& workspace, Timestamp now, const Path& path, Wire wire,
                     PacketRef packet);

// Of the transport that its path belongs to. Counted as a drop if that one takes no such packets.
void ReceivePlainData(Workspace& workspace, Timestamp now, Handle<Transport> transport,
                      ByteView bytes);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PLAIN_FLOW_H_
