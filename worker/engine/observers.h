// Who is how loud, and who has the floor: passes the levels of audio packets to whoever listens.

#ifndef SLUICE_WORKER_ENGINE_OBSERVERS_H_
#define SLUICE_WORKER_ENGINE_OBSERVERS_H_

#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "rtp/packet/rtp_packet.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// A packet of an audio producer. False if it is not among the loudest, where only those are heard.
bool RecordAudioLevel(Workspace& workspace, Timestamp now, Handle<Producer> handle,
                      const rtp::RtpPacket& packet);

// Tells what observers whose time has come have found.
void HandleObservers(Workspace& workspace, Timestamp now);

// The producer takes part in its router's choice of the loudest. False if there are too many.
bool JoinLoudest(Workspace& workspace, Handle<Producer> handle);
// The producer is going: nobody listens to it any more.
void ForgetProducer(Workspace& workspace, Handle<Producer> handle);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OBSERVERS_H_
