// What an application asks of the association of a transport, and the data path that comes of it.

#ifndef SLUICE_WORKER_ENGINE_SCTP_PARAMETERS_H_
#define SLUICE_WORKER_ENGINE_SCTP_PARAMETERS_H_

#include <memory>

#include "absl/status/status.h"
#include "base/ids.h"
#include "control-api/schema/message_generated.h"
#include "sctp/association.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// InvalidArgument with the field that is out of its range (limits.h).
absl::Status CheckSctp(const schema::SctpParametersT& options);

// Gives the transport data channels; `options` have been checked.
void AddDataPath(Workspace& workspace, Handle<Transport> handle,
                 const schema::SctpParametersT& options);

std::unique_ptr<schema::SctpParametersT> DescribeSctp(const sctp::Association& association);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_SCTP_PARAMETERS_H_
