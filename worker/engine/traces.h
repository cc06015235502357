// Trace events: single packets and single decisions, told to an application that asked for them.
//
// Each call is one branch where nobody asked. A trace is a notification like others: an application
// that does not read loses it, counted.

#ifndef SLUICE_WORKER_ENGINE_TRACES_H_
#define SLUICE_WORKER_ENGINE_TRACES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/rtp_packet.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Of whom a trace tells, and which way it went.
struct TraceSubject {
  std::string_view id;
  TraceTypes traces;
  schema::TraceDirection direction;
};
void TellTraced(Workspace& workspace, Timestamp now, const TraceSubject& subject,
                const rtp::RtpPacket& packet);

// A packet that came in for `producer`.
inline void TraceReceived(Workspace& workspace, Timestamp now, const Producer& producer,
                          const rtp::RtpPacket& packet) {
  if (producer.traces.empty()) return;
  TellTraced(workspace, now, {producer.id, producer.traces, schema::TraceDirection::In}, packet);
}
// A packet that `consumer` is given.
inline void TraceForwarded(Workspace& workspace, Timestamp now, const Consumer& consumer,
                           const rtp::RtpPacket& packet) {
  if (consumer.traces.empty()) return;
  TellTraced(workspace, now, {consumer.id, consumer.traces, schema::TraceDirection::Out}, packet);
}

// One member of RTCP that was received or sent.
struct FeedbackSeen {
  schema::TraceType type = schema::TraceType::Nack;
  Ssrc ssrc;
  // That a NACK asks for.
  uint32_t packets = 0;
};
// A request that we made of whoever sends `producer`.
void TraceFeedback(Workspace& workspace, Timestamp now, const Producer& producer,
                   const FeedbackSeen& seen);
// A request that `consumer` made of us.
void TraceFeedback(Workspace& workspace, Timestamp now, const Consumer& consumer,
                   const FeedbackSeen& seen);
void TraceSenderReport(Workspace& workspace, Timestamp now, const SourceTime& report);

// What was decided about the consumer's layers; `available` is zero if no bound was known.
void TraceLayers(Workspace& workspace, Timestamp now, const Consumer& consumer,
                 std::optional<rtp::LayerId> layers, BitRate available);
// What the estimator of a transport decided.
void TraceEstimate(Workspace& workspace, Timestamp now, const Transport& transport,
                   const rtp::BandwidthEstimator::Decision& decision);

// What was sent to probe the path since the last call.
void TellProbes(Workspace& workspace, Timestamp now, Transport& transport);
inline void TraceProbes(Workspace& workspace, Timestamp now, Transport& transport) {
  if (transport.traces.Has(schema::TraceType::Probation)) TellProbes(workspace, now, transport);
}
// What the estimator of a transport was told since the last call, to where the shell keeps it.
void AppendEstimateTrace(Workspace& workspace, Transport& transport);
inline void KeepEstimateTrace(Workspace& workspace, Transport& transport) {
  if (workspace.options.estimate_traces != nullptr) AppendEstimateTrace(workspace, transport);
}

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRACES_H_
