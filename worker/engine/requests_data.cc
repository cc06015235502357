// Requests about data channels: who speaks, who listens, to what.

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/data_names.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

std::vector<uint16_t> SortedOnce(std::vector<uint16_t> values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// What DCEP would say of the channel.
absl::StatusOr<sctp::DataChannelOpen> Properties(const schema::SctpStreamParametersT& stream,
                                                 const std::string& label,
                                                 const std::string& protocol) {
  absl::StatusOr<sctp::Reliability> reliability = ReadReliability(stream);
  if (!reliability.ok()) return reliability.status();
  return sctp::DataChannelOpen{.reliability = *reliability, .label = label, .protocol = protocol};
}

absl::Status ClaimIncoming(Transport& transport, Handle<DataProducer> producer,
                           const schema::ProduceDataT& options) {
  if (transport.data == nullptr) {
    return absl::FailedPreconditionError("sctpStreamParameters: the transport has no SCTP");
  }
  auto properties = Properties(*options.stream, options.label, options.protocol);
  if (!properties.ok()) return properties.status();
  return transport.data->ClaimIncoming(sctp::StreamId(options.stream->stream_id), producer,
                                       *std::move(properties));
}

absl::Status ClaimOutgoing(Timestamp now, Transport& transport, Handle<DataConsumer> consumer,
                           const schema::ConsumeDataT& options, const DataProducer& producer) {
  if (transport.data == nullptr) {
    return absl::FailedPreconditionError("sctpStreamParameters: the transport has no SCTP");
  }
  const sctp::StreamId stream(options.stream->stream_id);
  auto properties = Properties(*options.stream, producer.label, producer.protocol);
  if (!properties.ok()) return properties.status();
  if (options.negotiated || transport.data->HasChannel(stream)) {
    return transport.data->ClaimOutgoing(stream, consumer, *std::move(properties));
  }
  const auto* const link = transport.As<WebRtcLink>();
  if (link == nullptr) {
    return absl::FailedPreconditionError(
        "negotiated: both ends agree on streams where there is no client of WebRTC");
  }
  if (!link->connecting()) {
    return absl::FailedPreconditionError(
        "negotiated: channels can be opened once the transport has been connected");
  }
  return transport.data->OpenOutgoing(now, stream, consumer, *std::move(properties));
}

}  // namespace

Dispatcher::Result Dispatcher::ProduceData(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> transport_handle = Target<Transport>(request);
  if (!transport_handle.ok()) return transport_handle.status();
  const auto& options = *request.body.AsProduceData();
  if (absl::Status status = CheckNewId(options.data_producer_id, "dataProducerId"); !status.ok()) {
    return status;
  }
  Transport& transport = *workspace_.transports.Find(*transport_handle);
  if (transport.data_producers.size() >= kMaxDataProducersPerTransport) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the transport has ", kMaxDataProducersPerTransport, " data producers"));
  }
  const Handle<DataProducer> handle = workspace_.data_producers.Emplace();
  DataProducer& producer = *workspace_.data_producers.Find(handle);
  if (options.stream != nullptr) {
    if (absl::Status status = ClaimIncoming(transport, handle, options); !status.ok()) {
      workspace_.data_producers.Erase(handle);
      return status;
    }
    producer.stream = sctp::StreamId(options.stream->stream_id);
  }
  producer.id = options.data_producer_id;
  producer.router = transport.router;
  producer.transport = *transport_handle;
  producer.label = options.label;
  producer.protocol = options.protocol;
  producer.paused = options.paused;
  transport.data_producers.push_back(handle);
  workspace_.names.emplace(producer.id, handle);
  return control::ResponseBody(schema::DataProducedT());
}

absl::StatusOr<Handle<DataProducer>> Dispatcher::FindDataProducer(
    const std::string& id, const Transport& transport) const {
  const ObjectRef* object = Find(id);
  const auto* handle = object == nullptr ? nullptr : std::get_if<Handle<DataProducer>>(object);
  if (handle == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("dataProducerId: there is no '", absl::CHexEscape(id), "'"));
  }
  if (workspace_.data_producers.Find(*handle)->router != transport.router) {
    return absl::FailedPreconditionError("dataProducerId: belongs to another router");
  }
  return *handle;
}

Dispatcher::Result Dispatcher::ConsumeData(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> transport_handle = Target<Transport>(request);
  if (!transport_handle.ok()) return transport_handle.status();
  const auto& options = *request.body.AsConsumeData();
  if (absl::Status status = CheckNewId(options.data_consumer_id, "dataConsumerId"); !status.ok()) {
    return status;
  }
  Transport& transport = *workspace_.transports.Find(*transport_handle);
  if (transport.data_consumers.size() >= kMaxDataConsumersPerTransport) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the transport has ", kMaxDataConsumersPerTransport, " data consumers"));
  }
  absl::StatusOr<Handle<DataProducer>> source =
      FindDataProducer(options.data_producer_id, transport);
  if (!source.ok()) return source.status();
  DataProducer& producer = *workspace_.data_producers.Find(*source);

  const Handle<DataConsumer> handle = workspace_.data_consumers.Emplace();
  DataConsumer& consumer = *workspace_.data_consumers.Find(handle);
  if (options.stream != nullptr) {
    if (absl::Status status = ClaimOutgoing(now, transport, handle, options, producer);
        !status.ok()) {
      workspace_.data_consumers.Erase(handle);
      return status;
    }
    consumer.stream = sctp::StreamId(options.stream->stream_id);
    consumer.reliability = *ReadReliability(*options.stream);
    workspace_.Wake(*transport_handle);
  }
  consumer.id = options.data_consumer_id;
  consumer.transport = *transport_handle;
  consumer.producer = *source;
  consumer.paused = options.paused;
  consumer.subchannels = SortedOnce(options.subchannels);
  producer.consumers.push_back(handle);
  transport.data_consumers.push_back(handle);
  workspace_.names.emplace(consumer.id, handle);

  schema::DataConsumedT consumed;
  consumed.producer_paused = producer.paused;
  consumed.label = producer.label;
  consumed.protocol = producer.protocol;
  ForwardEarly(workspace_, now, *source);
  return control::ResponseBody(std::move(consumed));
}

void Dispatcher::SetDataPaused(DataProducer& producer, bool paused) {
  if (producer.paused == paused) return;
  producer.paused = paused;
  for (const Handle<DataConsumer> handle : producer.consumers) {
    const DataConsumer* consumer = workspace_.data_consumers.Find(handle);
    if (consumer == nullptr) continue;
    if (paused) {
      workspace_.outbox.Notify(consumer->id, schema::ProducerPausedT());
    } else {
      workspace_.outbox.Notify(consumer->id, schema::ProducerResumedT());
    }
  }
}

Dispatcher::Result Dispatcher::SendData(Timestamp now, const schema::RequestT& request) {
  const auto& options = *request.body.AsSendData();
  if (options.data.size() > kMaxSctpMessage) {
    return absl::InvalidArgumentError(
        absl::StrCat("message: longer than ", kMaxSctpMessage, " bytes"));
  }
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  const auto ppid = static_cast<sctp::Ppid>(options.ppid);
  if (ppid == sctp::Ppid::kDcep) {
    return absl::InvalidArgumentError("ppid: 50 is for opening channels");
  }
  if (const auto* handle = std::get_if<Handle<DataProducer>>(object)) {
    const DataProducer& producer = *workspace_.data_producers.Find(*handle);
    if (producer.stream) return absl::FailedPreconditionError("target: its peer speaks for it");
    const Transport& transport = *workspace_.transports.Find(producer.transport);
    if (options.data.size() > transport.max_receive_message_size) {
      return absl::InvalidArgumentError(absl::StrCat("message: longer than the ",
                                                     transport.max_receive_message_size,
                                                     " bytes of maxReceiveMessageSize"));
    }
    ForwardData(workspace_, now, *handle, {.ppid = ppid, .payload = options.data},
                {options.subchannels, options.required_subchannel, options.ignored_subchannel});
    return Done();
  }
  absl::StatusOr<DataConsumer*> consumer = OutgoingTarget(request);
  if (!consumer.ok()) return consumer.status();
  if (absl::Status status = GiveData(workspace_, now, **consumer, ppid, options.data);
      !status.ok()) {
    return status;
  }
  return GetBufferedAmount(now, request);
}

absl::StatusOr<DataConsumer*> Dispatcher::OutgoingTarget(const schema::RequestT& request) {
  absl::StatusOr<Handle<DataConsumer>> handle = Target<DataConsumer>(request);
  if (!handle.ok()) return handle.status();
  DataConsumer* const consumer = workspace_.data_consumers.Find(*handle);
  if (!consumer->stream) return absl::FailedPreconditionError("target: it has no stream");
  return consumer;
}

Dispatcher::Result Dispatcher::GetBufferedAmount(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<DataConsumer*> consumer = OutgoingTarget(request);
  if (!consumer.ok()) return consumer.status();
  const Transport& transport = *workspace_.transports.Find((*consumer)->transport);
  schema::BufferedAmountT amount;
  amount.bytes =
      static_cast<uint32_t>(transport.data->association().buffered_amount(*(*consumer)->stream));
  return control::ResponseBody(std::move(amount));
}

Dispatcher::Result Dispatcher::SetBufferedAmountLowThreshold(Timestamp,
                                                             const schema::RequestT& request) {
  absl::StatusOr<DataConsumer*> consumer = OutgoingTarget(request);
  if (!consumer.ok()) return consumer.status();
  workspace_.transports.Find((*consumer)->transport)
      ->data->association()
      .SetLowThreshold(*(*consumer)->stream,
                       request.body.AsSetBufferedAmountLowThreshold()->threshold);
  return Done();
}

Dispatcher::Result Dispatcher::ChangeSubchannels(const schema::RequestT& request,
                                                 std::vector<uint16_t> subchannels) {
  absl::StatusOr<Handle<DataConsumer>> handle = Target<DataConsumer>(request);
  if (!handle.ok()) return handle.status();
  DataConsumer& consumer = *workspace_.data_consumers.Find(*handle);
  subchannels = SortedOnce(std::move(subchannels));
  if (subchannels.size() > kMaxSubchannels) {
    return absl::ResourceExhaustedError(absl::StrCat("subchannels: more than ", kMaxSubchannels));
  }
  consumer.subchannels = std::move(subchannels);
  schema::SubchannelsT changed;
  changed.subchannels = consumer.subchannels;
  return control::ResponseBody(std::move(changed));
}

std::vector<uint16_t> Dispatcher::SubchannelsOf(const schema::RequestT& request) const {
  absl::StatusOr<Handle<DataConsumer>> handle = Target<DataConsumer>(request);
  if (!handle.ok()) return {};
  return workspace_.data_consumers.Find(*handle)->subchannels;
}

Dispatcher::Result Dispatcher::SetSubchannels(Timestamp, const schema::RequestT& request) {
  return ChangeSubchannels(request, request.body.AsSetSubchannels()->subchannels);
}

Dispatcher::Result Dispatcher::AddSubchannel(Timestamp, const schema::RequestT& request) {
  std::vector<uint16_t> subchannels = SubchannelsOf(request);
  subchannels.push_back(request.body.AsAddSubchannel()->subchannel);
  return ChangeSubchannels(request, std::move(subchannels));
}

Dispatcher::Result Dispatcher::RemoveSubchannel(Timestamp, const schema::RequestT& request) {
  std::vector<uint16_t> subchannels = SubchannelsOf(request);
  std::erase(subchannels, request.body.AsRemoveSubchannel()->subchannel);
  return ChangeSubchannels(request, std::move(subchannels));
}

}  // namespace sluice::worker
