// Packets on their way through the engine: from the transport they come in on, to the producer they
// belong to, to every consumer of it, and feedback the opposite way.

#ifndef SLUICE_WORKER_ENGINE_MEDIA_FLOW_H_
#define SLUICE_WORKER_ENGINE_MEDIA_FLOW_H_

#include "base/ids.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// One protected RTP or RTCP datagram of a path that belongs to `transport`. True if it shows that
// who sent it is the peer: it is authentic, or what the peer would send.
bool ReceiveRtp(Workspace& workspace, Timestamp now, Transport& transport, PacketRef packet);
bool ReceiveRtcp(Workspace& workspace, Timestamp now, Handle<Transport> handle, PacketRef packet);

// Gives `transport` what waits for it, once a round. What may leave at once is in `out->due()`
// afterwards, as much as fits there; the rest, and without `out` all of it, leaves when the
// transport is polled.
void ServeMedia(Workspace& workspace, Timestamp now, Transport& transport, Departures* out);
// Everybody has been served: asks for the key frames that are missing, and lets go of the packets.
void EndServing(Workspace& workspace, Timestamp now);
// Serves everybody who has not been served. To be called before anything changes that what waits
// was not meant for: who receives it, or how it is to be read.
void ServeAll(Workspace& workspace, Timestamp now);

// To be called when what the consumer takes may have become other packets, while nothing waits:
// only those are offered to it from then on.
void FollowTarget(Workspace& workspace, Timestamp now, Transport& transport,
                  const Consumer& consumer);
// The transport cannot send: whatever comes has to be counted for that.
void TakeEverything(Workspace& workspace, Timestamp now, Transport& transport);

// Asks whoever sends the encoding for a key frame, unless it has just been asked or nobody would
// see it.
void AskKeyFrame(Workspace& workspace, Timestamp now, const Ingress::EncodingRef& encoding);
// Asks for a key frame of what the consumer sees or is to see.
void AskKeyFrameFor(Workspace& workspace, Timestamp now, const Consumer& consumer);
// Asks for the key frame without which the consumer cannot go on, if there is one.
void AskAwaited(Workspace& workspace, Timestamp now, const Consumer& consumer);

// Stops asking once nobody is left who waits for a key frame of `producer`.
void CancelUnwantedKeyFrame(Workspace& workspace, Handle<Producer> producer);

// Lets the consumer's stream flow or stop, as the consumer and its producer want it.
void ApplyPause(Workspace& workspace, Timestamp now, Consumer& consumer);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_MEDIA_FLOW_H_
