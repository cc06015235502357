// Taps of transports as the application knows them: started and stopped by requests, told in
// chunks.

#ifndef SLUICE_WORKER_ENGINE_PACKET_TRACES_H_
#define SLUICE_WORKER_ENGINE_PACKET_TRACES_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/time.h"
#include "control-api/request.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// At one time. Each holds PacketTap::kBuffer, and looking into packets is for few transports.
inline constexpr size_t kMaxPacketTraces = 16;

// Ends the one that runs, and begins anew. ResourceExhausted or InvalidArgument with the field.
absl::Status StartPacketTrace(Workspace& workspace, Handle<Transport> handle,
                              const schema::StartPacketTraceT& options);
// Tells the rest. Fine if there is none.
void EndPacketTrace(Workspace& workspace, Handle<Transport> handle);

// Tells what has waited for long enough.
void TellPacketTraces(Workspace& workspace, Timestamp now);
std::optional<Timestamp> NextPacketTrace(const Workspace& workspace);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PACKET_TRACES_H_
