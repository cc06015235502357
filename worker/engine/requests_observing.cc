// Requests of those who watch: statistics by subscription, packet traces, decision logs.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/packet_traces.h"
#include "worker/engine/stats_feed.h"

namespace sluice::worker {

Dispatcher::Result Dispatcher::SubscribeStats(Timestamp now, const schema::RequestT& request) {
  const absl::Status status =
      worker::SubscribeStats(workspace_, now, request.target, *request.body.AsSubscribeStats());
  if (!status.ok()) return status;
  return Done();
}

Dispatcher::Result Dispatcher::UnsubscribeStats(Timestamp, const schema::RequestT& request) {
  worker::UnsubscribeStats(workspace_, request.target);
  return Done();
}

Dispatcher::Result Dispatcher::StartPacketTrace(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  const absl::Status status =
      worker::StartPacketTrace(workspace_, *handle, *request.body.AsStartPacketTrace());
  if (!status.ok()) return status;
  return Done();
}

Dispatcher::Result Dispatcher::StopPacketTrace(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  EndPacketTrace(workspace_, *handle);
  return Done();
}

Dispatcher::Result Dispatcher::EnableDecisionLog(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Consumer>> handle = Target<Consumer>(request);
  if (!handle.ok()) return handle.status();
  const size_t entries = request.body.AsEnableDecisionLog()->entries;
  if (entries > DecisionLog::kMaxEntries) {
    return absl::InvalidArgumentError(absl::StrCat("entries: above ", DecisionLog::kMaxEntries));
  }
  workspace_.consumers.Find(*handle)->decisions =
      entries == 0 ? nullptr : std::make_unique<DecisionLog>(entries);
  return Done();
}

Dispatcher::Result Dispatcher::GetDecisionLog(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Consumer>> handle = Target<Consumer>(request);
  if (!handle.ok()) return handle.status();
  const Consumer& consumer = *workspace_.consumers.Find(*handle);
  if (consumer.decisions == nullptr) {
    return absl::FailedPreconditionError("target: has no decision log");
  }
  return control::ResponseBody(consumer.decisions->Describe());
}

}  // namespace sluice::worker
