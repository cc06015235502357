#include "worker/engine/pipe_demand.h"

#include <algorithm>

#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/pipe_link.h"

namespace sluice::worker {
namespace {

// Somebody hears it, or needs to know how loud it is.
bool IsHeard(const Workspace& workspace, const Producer& producer) {
  if (!producer.observers.empty()) return true;
  const Router* router = workspace.routers.Find(producer.router);
  if (producer.kind == rtp::MediaKind::kAudio && router != nullptr && router->loudest) return true;
  return std::ranges::any_of(producer.consumers, [&](Handle<Consumer> handle) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    return consumer != nullptr && !consumer->stopped();
  });
}

}  // namespace

void TellDemand(Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr) return;
  Transport& transport = *workspace.transports.Find(producer->transport);
  const auto* const pipe = transport.As<PipeLink>();
  if (pipe == nullptr || !pipe->on_demand()) return;
  const bool heard = !producer->paused && IsHeard(workspace, *producer);
  // Which sizes are of use is known for pictures alone.
  const bool chosen = heard && producer->layers && producer->plan.encodings.size() > 1;
  std::array<bool, rtp::kMaxEncodings> wanted{};
  wanted.fill(heard);
  if (chosen) wanted = FindWanted(workspace, now, *producer).encodings;
  if (transport.ingress.Want(now, handle, wanted)) workspace.Wake(producer->transport);
}

void FollowDemand(Workspace& workspace, Timestamp now, Transport& transport,
                  const Egress::FeedbackResult& feedback) {
  const auto* const pipe = transport.As<PipeLink>();
  if (pipe == nullptr || !pipe->on_demand()) return;
  for (const Egress::FeedbackResult::Bound& bound : feedback.bounds) {
    Consumer* consumer = workspace.consumers.Find(bound.consumer);
    if (consumer == nullptr) continue;
    transport.egress.Acknowledge(bound);
    const bool unwanted = bound.rate.bps() == 0;
    if (consumer->unwanted == unwanted) continue;
    // What has come was for whoever wanted it then.
    ServeAll(workspace, now);
    consumer->unwanted = unwanted;
    ApplyPause(workspace, now, *consumer);
  }
}

}  // namespace sluice::worker
