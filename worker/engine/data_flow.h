// Messages from those who speak to those who hear them, and what else an association tells.

#ifndef SLUICE_WORKER_ENGINE_DATA_FLOW_H_
#define SLUICE_WORKER_ENGINE_DATA_FLOW_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "sctp/association.h"
#include "worker/engine/webrtc_link.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Who of the consumers of a message is meant.
struct Audience {
  // Those who listen to one of these, and those who listen to everything; all if empty.
  std::vector<uint16_t> subchannels = {};
  // Only those who listen to this one.
  std::optional<uint16_t> required = std::nullopt;
  // None of those who listen to this one.
  std::optional<uint16_t> ignored = std::nullopt;
};

// "new", "connecting", "connected", "closed".
std::string_view SctpStateName(sctp::Association::State state);

// SCTP begins; the transport has data channels, and a way to its peer.
void BeginData(Workspace& workspace, Timestamp now, Handle<Transport> handle, dtls::Role role);

// SCTP begins when DTLS is up and ends with it; the transport has data channels.
void FollowDtls(Workspace& workspace, Timestamp now, Handle<Transport> handle, DtlsState dtls);

// What came out of DTLS, or over a pipe.
void ReceiveData(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView packet);

// Takes all events of the association of `handle`; the transport has one.
void HandleDataEvents(Workspace& workspace, Timestamp now, Handle<Transport> handle);

// The process-wide tick: whoever got something by it is awake afterwards.
void HandleSctpTimeout(Workspace& workspace, Timestamp now);

// Gives a message to all consumers of `producer` who are meant.
void ForwardData(Workspace& workspace, Timestamp now, Handle<DataProducer> producer,
                 const sctp::Message& message, const Audience& audience = {});

// Gives a message to one consumer. An error if it was not sent, which is counted.
absl::Status GiveData(Workspace& workspace, Timestamp now, DataConsumer& consumer, sctp::Ppid ppid,
                      ByteView payload);

// `producer` has got a consumer, or one that was paused listens. The first of all is given what was
// said before, lately, on a channel that the peer opened.
void ForwardEarly(Workspace& workspace, Timestamp now, Handle<DataProducer> producer);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DATA_FLOW_H_
