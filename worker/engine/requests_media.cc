// Requests about producers and consumers.

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/closing.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/pipe_demand.h"
#include "worker/engine/pipe_link.h"
#include "worker/engine/scores.h"
#include "worker/engine/statistics.h"

namespace sluice::worker {
namespace {

// Several sizes in one stream are SVC; several frame rates alone are not worth a name.
std::string_view TypeOf(const MediaPlan& plan) {
  if (plan.encodings.size() > 1) return "simulcast";
  return plan.encodings.front().spatial_layers > 1 ? "svc" : "simple";
}

// Streams are of our own making, so we must know their numbers.
absl::Status CheckEncodings(const MediaPlan& plan, const Producer& producer, bool pipe) {
  const size_t wanted = pipe ? producer.plan.encodings.size() : 1;
  const bool named = std::ranges::all_of(
      plan.encodings, [](const EncodingPlan& encoding) { return encoding.ssrc.has_value(); });
  if (plan.encodings.size() == wanted && named) return absl::OkStatus();
  return absl::InvalidArgumentError(
      pipe ? "rtpParameters.encodings: one for each of the producer's is needed, with an ssrc"
           : "rtpParameters.encodings: exactly one encoding with an ssrc is needed");
}

// A consumer must carry a payload type that the producer's are mapped to.
absl::Status CheckConsumerPlan(const MediaPlan& plan, const PayloadMap& map,
                               const Producer& producer) {
  if (plan.kind != producer.kind) {
    return absl::InvalidArgumentError("kind: differs from the producer's");
  }
  const bool shared = std::ranges::any_of(plan.codecs, [&](const CodecPlan& codec) {
    if (codec.kind == rtp::codec::Kind::kRtx) return false;
    return std::ranges::any_of(producer.plan.codecs, [&](const CodecPlan& source) {
      return source.kind == codec.kind && source.clock_rate == codec.clock_rate &&
             producer.payload_map[source.payload_type.value()] == map[codec.payload_type.value()];
    });
  });
  if (!shared) {
    return absl::InvalidArgumentError(
        "rtpParameters.codecs: none of them is one of the producer's");
  }
  return absl::OkStatus();
}

Egress::StreamPlan PlanStream(const MediaPlan& plan, const PayloadMap& map,
                              const Producer& producer, bool ignore_dtx) {
  return {.media = plan,
          .payload_map = map,
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

  TellDemand(workspace_, now, handle);

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
  absl::StatusOr<PayloadMap> map = ReadConsumerPayloadMap(options.mapping, *plan);
  if (!map.ok()) return map.status();
  const bool over_pipe = transport.link.kind() == LinkKind::kPipe;
  const bool pipe = over_pipe || options.pipe;
  if (absl::Status status = CheckConsumerPlan(*plan, *map, producer); !status.ok()) return status;
  if (absl::Status status = CheckEncodings(*plan, producer, pipe); !status.ok()) return status;
  if (options.priority == 0) return absl::InvalidArgumentError("priority: neither 1 nor up to 255");
  if (over_pipe && producer.transport == *transport_handle) {
    return absl::FailedPreconditionError("producerId: comes over this pipe");
  }

  const NewConsumer what{options, *transport_handle, *producer_handle, *plan, *map};
  absl::StatusOr<Handle<Consumer>> handle = pipe ? AddPipeConsumer(now, what) : AddConsumer(what);
  if (!handle.ok()) return handle.status();
  workspace_.names.emplace(options.consumer_id, *handle);
  ForEachPart(*handle, [&](Consumer& consumer) { ApplyPause(workspace_, now, consumer); });
  TellScoresIfDue(workspace_, now, *transport_handle);

  schema::ConsumedT consumed;
  consumed.type = pipe ? "pipe" : TypeOf(producer.plan);
  consumed.producer_paused = producer.paused;
  return control::ResponseBody(std::move(consumed));
}

absl::StatusOr<Handle<Consumer>> Dispatcher::AddConsumer(const NewConsumer& what) {
  const schema::ConsumeT& options = what.options;
  Transport& transport = *workspace_.transports.Find(what.transport);
  Producer& producer = *workspace_.producers.Find(what.producer);
  const Handle<Consumer> handle = workspace_.consumers.Emplace();
  absl::StatusOr<uint32_t> stream = transport.egress.AddStream(
      handle, PlanStream(what.plan, what.payload_map, producer, options.ignore_dtx));
  if (!stream.ok()) {
    workspace_.consumers.Erase(handle);
    return stream.status();
  }
  Consumer& consumer = *workspace_.consumers.Find(handle);
  consumer.id = options.consumer_id;
  consumer.transport = what.transport;
  consumer.producer = what.producer;
  consumer.kind = what.plan.kind;
  consumer.plan = what.plan;
  consumer.stream = *stream;
  consumer.paused = options.paused;
  consumer.priority = options.priority;
  if (options.preferred_layers) {
    consumer.preferred = producer.plan.ReadLayers(*options.preferred_layers);
  }
  producer.AddConsumer(handle, what.transport);
  transport.AddConsumer(handle, what.producer);
  return handle;
}

absl::StatusOr<Handle<Consumer>> Dispatcher::AddPipeConsumer(Timestamp now,
                                                             const NewConsumer& what) {
  Transport& transport = *workspace_.transports.Find(what.transport);
  const auto* const link = transport.As<PipeLink>();
  const bool on_demand = link != nullptr && link->on_demand();
  Handle<Consumer> whole;
  for (size_t i = 0; i < what.plan.encodings.size(); ++i) {
    MediaPlan part = what.plan;
    part.encodings = {what.plan.encodings[i]};
    absl::StatusOr<Handle<Consumer>> handle =
        AddConsumer({what.options, what.transport, what.producer, part, what.payload_map});
    if (!handle.ok()) {
      // The parts go with it.
      CloseConsumer(workspace_, now, whole);
      return handle.status();
    }
    Consumer& consumer = *workspace_.consumers.Find(*handle);
    const auto encoding = static_cast<uint8_t>(i);
    consumer.pinned = encoding;
    consumer.is_part = i > 0;
    // Until the other end has spoken.
    consumer.unwanted = on_demand;
    if (consumer.kind == rtp::MediaKind::kVideo) {
      transport.egress.SetTarget(consumer.stream,
                                 rtp::LayerTarget{encoding, rtp::LayerSelector::kEverything});
    }
    if (i == 0) {
      whole = *handle;
    } else {
      workspace_.consumers.Find(whole)->parts.push_back(*handle);
    }
  }
  return whole;
}

absl::Status Dispatcher::SetPaused(Timestamp now, const schema::RequestT& request, bool paused) {
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  if (const auto* handle = std::get_if<Handle<Consumer>>(object)) {
    if (workspace_.consumers.Find(*handle)->paused == paused) return absl::OkStatus();
    ForEachPart(*handle, [&](Consumer& consumer) {
      consumer.paused = paused;
      ApplyPause(workspace_, now, consumer);
    });
    return absl::OkStatus();
  }
  if (const auto* handle = std::get_if<Handle<Observer>>(object)) {
    workspace_.observers.Find(*handle)->paused = paused;
    return absl::OkStatus();
  }
  if (const auto* handle = std::get_if<Handle<DataConsumer>>(object)) {
    DataConsumer& consumer = *workspace_.data_consumers.Find(*handle);
    consumer.paused = paused;
    ForwardEarly(workspace_, now, consumer.producer);
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
    if (consumer->is_part) continue;
    if (paused) {
      workspace_.outbox.Notify(consumer->id, schema::ProducerPausedT());
    } else {
      workspace_.outbox.Notify(consumer->id, schema::ProducerResumedT());
    }
  }
  CancelUnwantedKeyFrame(workspace_, *handle);
  TellDemand(workspace_, now, *handle);
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
  ForEachPart(*handle,
              [&](const Consumer& consumer) { AskKeyFrameFor(workspace_, now, consumer); });
  return Done();
}

}  // namespace sluice::worker
