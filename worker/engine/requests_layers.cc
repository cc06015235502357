// Requests about layers, the bandwidth they share, and who traces what is decided.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"

namespace sluice::worker {
namespace {

using schema::TraceType;

constexpr TraceTypes kOfProducers{TraceType::Rtp, TraceType::KeyFrame, TraceType::Nack,
                                  TraceType::Pli, TraceType::Fir,      TraceType::SenderReport};
constexpr TraceTypes kOfConsumers{TraceType::Rtp, TraceType::KeyFrame, TraceType::Nack,
                                  TraceType::Pli, TraceType::Fir,      TraceType::Layers};
constexpr TraceTypes kOfTransports{TraceType::Bwe, TraceType::Probation};

absl::StatusOr<TraceTypes> ReadTypes(const schema::EnableTraceEventsT& options,
                                     TraceTypes allowed) {
  TraceTypes types;
  for (TraceType type : options.types) {
    if (!allowed.Has(type)) {
      return absl::InvalidArgumentError(
          absl::StrCat("types: the target has no ", schema::EnumNameTraceType(type), " to trace"));
    }
    types.Add(type);
  }
  return types;
}

// Whether one of our own requests to the peer would be traced.
bool TracesRequests(const Workspace& workspace, const Transport& transport) {
  for (Handle<Producer> handle : transport.producers) {
    const TraceTypes& traces = workspace.producers.Find(handle)->traces;
    if (traces.Has(TraceType::Nack) || traces.Has(TraceType::Pli) || traces.Has(TraceType::Fir)) {
      return true;
    }
  }
  return false;
}

absl::Status CheckBound(uint32_t bitrate) {
  if (bitrate != 0 && bitrate < kMinEstimate) {
    return absl::InvalidArgumentError("bitrate: neither 0 nor at least 30000");
  }
  return absl::OkStatus();
}

}  // namespace

Dispatcher::Result Dispatcher::SetPreferredLayers(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Consumer>> handle = Target<Consumer>(request);
  if (!handle.ok()) return handle.status();
  Consumer& consumer = *workspace_.consumers.Find(*handle);
  if (consumer.kind != rtp::MediaKind::kVideo) {
    return absl::FailedPreconditionError("target: is a consumer of audio, which has no layers");
  }
  if (consumer.pinned) {
    return absl::FailedPreconditionError("target: carries all encodings; its receiver chooses");
  }
  const Producer& producer = *workspace_.producers.Find(consumer.producer);
  consumer.preferred = producer.plan.ReadLayers(*request.body.AsSetPreferredLayers()->layers);
  TellWanted(workspace_, now, consumer.producer);
  ShareBandwidth(workspace_, now, consumer.transport);
  schema::PreferredLayersSetT set;
  set.layers = std::make_unique<schema::ConsumerLayersT>();
  set.layers->spatial_layer = consumer.preferred.spatial;
  set.layers->temporal_layer = consumer.preferred.temporal;
  return control::ResponseBody(std::move(set));
}

Dispatcher::Result Dispatcher::SetPriority(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Consumer>> handle = Target<Consumer>(request);
  if (!handle.ok()) return handle.status();
  const uint8_t priority = request.body.AsSetPriority()->priority;
  if (priority == 0) return absl::InvalidArgumentError("priority: neither 1 nor up to 255");
  Consumer& consumer = *workspace_.consumers.Find(*handle);
  consumer.priority = priority;
  ShareBandwidth(workspace_, now, consumer.transport);
  return Done();
}

Dispatcher::Result Dispatcher::SetMaxOutgoingBitrate(Timestamp now,
                                                     const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  const uint32_t bitrate = request.body.AsSetMaxOutgoingBitrate()->bitrate;
  if (absl::Status status = CheckBound(bitrate); !status.ok()) return status;
  Transport& transport = *workspace_.transports.Find(*handle);
  const Egress::Bounds bounds{transport.egress.bounds().min, BitRate::Bps(bitrate)};
  if (bitrate != 0 && bounds.max < bounds.min) {
    return absl::InvalidArgumentError("bitrate: below the least that was set");
  }
  transport.egress.SetBounds(now, bounds);
  ShareBandwidth(workspace_, now, *handle);
  return Done();
}

Dispatcher::Result Dispatcher::SetMinOutgoingBitrate(Timestamp now,
                                                     const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  const uint32_t bitrate = request.body.AsSetMinOutgoingBitrate()->bitrate;
  if (absl::Status status = CheckBound(bitrate); !status.ok()) return status;
  Transport& transport = *workspace_.transports.Find(*handle);
  const Egress::Bounds bounds{BitRate::Bps(bitrate), transport.egress.bounds().max};
  if (bounds.max.bps() != 0 && bounds.max < bounds.min) {
    return absl::InvalidArgumentError("bitrate: above the most that was set");
  }
  transport.egress.SetBounds(now, bounds);
  ShareBandwidth(workspace_, now, *handle);
  return Done();
}

Dispatcher::Result Dispatcher::EnableTraceEvents(Timestamp, const schema::RequestT& request) {
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  const auto& options = *request.body.AsEnableTraceEvents();
  if (const auto* handle = std::get_if<Handle<Transport>>(object)) {
    absl::StatusOr<TraceTypes> types = ReadTypes(options, kOfTransports);
    if (!types.ok()) return types.status();
    Transport& transport = *workspace_.transports.Find(*handle);
    transport.traces = *types;
    transport.egress.NoteProbePackets(types->Has(TraceType::Probation));
    return Done();
  }
  if (const auto* handle = std::get_if<Handle<Consumer>>(object)) {
    absl::StatusOr<TraceTypes> types = ReadTypes(options, kOfConsumers);
    if (!types.ok()) return types.status();
    ForEachPart(*handle, [&](Consumer& consumer) { consumer.traces = *types; });
    return Done();
  }
  const auto* handle = std::get_if<Handle<Producer>>(object);
  if (handle == nullptr) return NoSuchTarget(request);
  absl::StatusOr<TraceTypes> types = ReadTypes(options, kOfProducers);
  if (!types.ok()) return types.status();
  Producer& producer = *workspace_.producers.Find(*handle);
  producer.traces = *types;
  Transport& transport = *workspace_.transports.Find(producer.transport);
  transport.ingress.set_keeps_requests(TracesRequests(workspace_, transport));
  return Done();
}

}  // namespace sluice::worker
