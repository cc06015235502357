// Requests about producers and consumers.

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/closing.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/scores.h"
#include "worker/engine/statistics.h"

namespace sluice::worker {
namespace {

// Several sizes in one stream are SVC; several frame rates alone are not worth a name.
std::string_view TypeOf(const MediaPlan& plan) {
  if (plan.encodings.size() > 1) return "simulcast";
  return plan.encodings.front().spatial_layers > 1 ? "svc" : "simple";
}

// A consumer is one stream of our own making, so we must know its number, and it must carry a
// payload type that the producer's are mapped to.
absl::Status CheckConsumerPlan(const MediaPlan& plan, const Producer& producer) {
  if (plan.kind != producer.kind) {
    return absl::InvalidArgumentError("kind: differs from the producer's");
  }
  if (plan.encodings.size() != 1 || !plan.encodings.front().ssrc) {
    return absl::InvalidArgumentError(
        "rtpParameters.encodings: exactly one encoding with an ssrc is needed");
  }
  const bool shared = std::ranges::any_of(plan.codecs, [&](const CodecPlan& codec) {
    if (codec.kind == rtp::codec::Kind::kRtx) return false;
    return std::ranges::any_of(producer.plan.codecs, [&](const CodecPlan& source) {
      return source.kind == codec.kind && source.clock_rate == codec.clock_rate &&
             producer.payload_map[source.payload_type.value()] == codec.payload_type;
    });
  });
  if (!shared) {
    return absl::InvalidArgumentError(
        "rtpParameters.codecs: none of them is one of the producer's");
  }
  return absl::OkStatus();
}

Egress::StreamPlan PlanStream(const MediaPlan& plan, const Producer& producer, bool ignore_dtx) {
  return {.media = plan,
          .svc = producer.plan.encodings.front().svc,
          .ignore_dtx = ignore_dtx,
          .encodings = producer.plan.encodings.size(),
          .media_type = producer.media_type,
          .offered = *producer.offered};
}

}  // namespace

Dispatcher::Result Dispatcher::GetStats(Timestamp now, const schema::RequestT& request) {
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  if (const auto* transport = std::get_if<Handle<Transport>>(object)) {
    return control::ResponseBody(
        DescribeTransport(workspace_, *workspace_.transports.Find(*transport), now));
  }
  if (const auto* producer = std::get_if<Handle<Producer>>(object)) {
    return control::ResponseBody(DescribeProducer(workspace_, *producer, now));
  }
  if (const auto* consumer = std::get_if<Handle<Consumer>>(object)) {
    return control::ResponseBody(DescribeConsumer(workspace_, *consumer, now));
  }
  if (const auto* producer = std::get_if<Handle<DataProducer>>(object)) {
    return control::ResponseBody(
        DescribeDataProducer(*workspace_.data_producers.Find(*producer), now));
  }
  if (const auto* consumer = std::get_if<Handle<DataConsumer>>(object)) {
    return control::ResponseBody(
        DescribeDataConsumer(workspace_, *workspace_.data_consumers.Find(*consumer), now));
  }
  return NoSuchTarget(request);
}

Dispatcher::Result Dispatcher::Produce(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> transport_handle = Target<Transport>(request);
  if (!transport_handle.ok()) return transport_handle.status();
  const auto& options = *request.body.AsProduce();
  if (absl::Status status = CheckNewId(options.producer_id, "producerId"); !status.ok()) {
    return status;
  }
  Transport& transport = *workspace_.transports.Find(*transport_handle);
  if (transport.producers.size() >= kMaxProducersPerTransport) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the transport has ", kMaxProducersPerTransport, " producers"));
  }
  absl::StatusOr<MediaPlan> plan = ReadMediaPlan(*options.rtp_parameters, options.kind);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<PayloadMap> map = ReadPayloadMap(options.mapping, *plan);
  if (!map.ok()) return map.status();

  const Handle<Producer> handle = workspace_.producers.Emplace();
  const Duration quiet = std::chrono::milliseconds(options.key_frame_request_delay_ms);
  if (absl::Status status = transport.ingress.AddProducer(handle, *plan, *map, quiet);
      !status.ok()) {
    workspace_.producers.Erase(handle);
    return status;
  }
  Producer& producer = *workspace_.producers.Find(handle);
  producer.id = options.producer_id;
  producer.router = transport.router;
  producer.transport = *transport_handle;
  producer.kind = plan->kind;
  producer.plan = *std::move(plan);
  producer.payload_map = *map;
  producer.media_type = *(*map)[producer.plan.main_codec().payload_type.value()];
  producer.paused = options.paused;
  if (producer.kind == rtp::MediaKind::kVideo) {
    producer.layers.emplace(producer.plan.encodings.front().svc);
    for (size_t i = 0; i < producer.plan.encodings.size(); ++i) {
      producer.layers->Declare(static_cast<uint8_t>(i), producer.plan.encodings[i].declared);
    }
  }
  transport.producers.push_back(handle);
  workspace_.names.emplace(producer.id, handle);
  TellScoresIfDue(workspace_, now, *transport_handle);
  if (!JoinLoudest(workspace_, handle)) {
    CloseProducer(workspace_, now, handle);
    return absl::ResourceExhaustedError("the router has as many speakers as it can choose from");
  }

  schema::ProducedT produced;
  produced.type = TypeOf(producer.plan);
  return control::ResponseBody(std::move(produced));
}

Dispatcher::Result Dispatcher::Consume(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> transport_handle = Target<Transport>(request);
  if (!transport_handle.ok()) return transport_handle.status();
  const auto& options = *request.body.AsConsume();
  if (absl::Status status = CheckNewId(options.consumer_id, "consumerId"); !status.ok()) {
    return status;
  }
  Transport& transport = *workspace_.transports.Find(*transport_handle);
  if (transport.consumers.size() >= kMaxConsumersPerTransport) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the transport has ", kMaxConsumersPerTransport, " consumers"));
  }
  const ObjectRef* object = Find(options.producer_id);
  const auto* producer_handle = object == nullptr ? nullptr : std::get_if<Handle<Producer>>(object);
  if (producer_handle == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("producerId: there is no '", absl::CHexEscape(options.producer_id), "'"));
  }
  Producer& producer = *workspace_.producers.Find(*producer_handle);
  if (producer.router != transport.router) {
    return absl::FailedPreconditionError("producerId: belongs to another router");
  }
  absl::StatusOr<MediaPlan> plan = ReadMediaPlan(*options.rtp_parameters, options.kind);
  if (!plan.ok()) return plan.status();
  if (absl::Status status = CheckConsumerPlan(*plan, producer); !status.ok()) return status;
  if (options.priority == 0) return absl::InvalidArgumentError("priority: neither 1 nor up to 255");

  const Handle<Consumer> handle = workspace_.consumers.Emplace();
  absl::StatusOr<uint32_t> stream =
      transport.egress.AddStream(handle, PlanStream(*plan, producer, options.ignore_dtx));
  if (!stream.ok()) {
    workspace_.consumers.Erase(handle);
    return stream.status();
  }
  Consumer& consumer = *workspace_.consumers.Find(handle);
  consumer.id = options.consumer_id;
  consumer.transport = *transport_handle;
  consumer.producer = *producer_handle;
  consumer.kind = plan->kind;
  consumer.plan = *std::move(plan);
  consumer.stream = *stream;
  consumer.paused = options.paused;
  consumer.priority = options.priority;
  if (options.preferred_layers) {
    consumer.preferred = producer.plan.ReadLayers(*options.preferred_layers);
  }
  producer.AddConsumer(handle, *transport_handle);
  transport.AddConsumer(handle, *producer_handle);
  const std::string id = consumer.id;
  workspace_.names.emplace(id, handle);
  ApplyPause(workspace_, now, consumer);
  TellScoresIfDue(workspace_, now, *transport_handle);

  schema::ConsumedT consumed;
  consumed.type = TypeOf(producer.plan);
  consumed.producer_paused = producer.paused;
  return control::ResponseBody(std::move(consumed));
}

absl::Status Dispatcher::SetPaused(Timestamp now, const schema::RequestT& request, bool paused) {
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  if (const auto* handle = std::get_if<Handle<Consumer>>(object)) {
    Consumer& consumer = *workspace_.consumers.Find(*handle);
    if (consumer.paused == paused) return absl::OkStatus();
    consumer.paused = paused;
    ApplyPause(workspace_, now, consumer);
    return absl::OkStatus();
  }
  if (const auto* handle = std::get_if<Handle<Observer>>(object)) {
    workspace_.observers.Find(*handle)->paused = paused;
    return absl::OkStatus();
  }
  if (const auto* handle = std::get_if<Handle<DataConsumer>>(object)) {
    workspace_.data_consumers.Find(*handle)->paused = paused;
    return absl::OkStatus();
  }
  if (const auto* handle = std::get_if<Handle<DataProducer>>(object)) {
    SetDataPaused(*workspace_.data_producers.Find(*handle), paused);
    return absl::OkStatus();
  }
  const auto* handle = std::get_if<Handle<Producer>>(object);
  if (handle == nullptr) return NoSuchTarget(request);
  Producer& producer = *workspace_.producers.Find(*handle);
  if (producer.paused == paused) return absl::OkStatus();
  producer.paused = paused;
  for (Handle<Consumer> consumer_handle : producer.consumers) {
    Consumer* consumer = workspace_.consumers.Find(consumer_handle);
    if (consumer == nullptr) continue;
    ApplyPause(workspace_, now, *consumer);
    if (paused) {
      workspace_.outbox.Notify(consumer->id, schema::ProducerPausedT());
    } else {
      workspace_.outbox.Notify(consumer->id, schema::ProducerResumedT());
    }
  }
  CancelUnwantedKeyFrame(workspace_, *handle);
  return absl::OkStatus();
}

Dispatcher::Result Dispatcher::Pause(Timestamp now, const schema::RequestT& request) {
  if (absl::Status status = SetPaused(now, request, true); !status.ok()) return status;
  return Done();
}

Dispatcher::Result Dispatcher::Resume(Timestamp now, const schema::RequestT& request) {
  if (absl::Status status = SetPaused(now, request, false); !status.ok()) return status;
  return Done();
}

Dispatcher::Result Dispatcher::RequestKeyFrame(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Consumer>> handle = Target<Consumer>(request);
  if (!handle.ok()) return handle.status();
  const Consumer& consumer = *workspace_.consumers.Find(*handle);
  AskKeyFrameFor(workspace_, now, consumer);
  return Done();
}

}  // namespace sluice::worker
