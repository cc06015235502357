#include "worker/engine/data_flow.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "worker/engine/data_names.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

using sctp::Association;
using sctp::StreamId;

bool Listens(const DataConsumer& consumer, uint16_t subchannel) {
  return std::ranges::binary_search(consumer.subchannels, subchannel);
}

// A consumer that names no sub-channels hears everything but what is only for others.
bool IsMeant(const DataConsumer& consumer, const Audience& audience) {
  if (audience.required && !Listens(consumer, *audience.required)) return false;
  if (audience.ignored && Listens(consumer, *audience.ignored)) return false;
  if (audience.subchannels.empty() || consumer.subchannels.empty()) return true;
  return std::ranges::any_of(audience.subchannels,
                             [&](uint16_t subchannel) { return Listens(consumer, subchannel); });
}

void TellState(Workspace& workspace, Timestamp now, const Transport& transport,
               std::string_view reason = {}) {
  schema::SctpStateChangeT news;
  news.state = SctpStateName(transport.data->association().state());
  news.reason = reason;
  workspace.Debug(now, LogTag::Sctp, "transport ", transport.id, ": SCTP is ", news.state,
                  reason.empty() ? "" : ": ", reason);
  workspace.outbox.Notify(transport.id, std::move(news));
}

void TellClosed(Workspace& workspace, const Transport& transport,
                const std::vector<StreamId>& streams) {
  for (const StreamId stream : streams) {
    schema::DataChannelClosedT news;
    news.stream_id = stream.value();
    workspace.outbox.Notify(transport.id, std::move(news));
  }
}

class Visitor {
 public:
  Visitor(Workspace& workspace, Timestamp now, Transport& transport)
      : workspace_(workspace), now_(now), transport_(transport), data_(*transport.data) {}

  void operator()(const Association::Connected&) {
    data_.RecordConnected(now_);
    TellNegotiated();
    TellState(workspace_, now_, transport_);
  }

  void operator()(const Association::Restarted&) {
    data_.RecordRestarted(now_);
    TellNegotiated();
  }

  void operator()(sctp::Message& message) {
    if (message.ppid == sctp::Ppid::kDcep) {
      TellOpened(message.stream, data_.ReceiveDcep(now_, message));
      return;
    }
    data_.RecordMessage(message.stream);
    const Handle<DataProducer> handle = data_.ProducerOn(message.stream);
    const DataProducer* producer = workspace_.data_producers.Find(handle);
    if (producer != nullptr && (producer->heard || !data_.IsOpenedByPeer(message.stream))) {
      ForwardData(workspace_, now_, handle, message);
    } else {
      data_.KeepEarly(now_, std::move(message));
    }
  }

  void operator()(const Association::IncomingReset& reset) {
    TellClosed(workspace_, transport_, data_.RecordIncomingReset(now_, reset.streams));
  }

  void operator()(const Association::OutgoingReset& reset) {
    TellClosed(workspace_, transport_, data_.RecordOutgoingReset(reset.streams));
  }

  void operator()(const Association::BufferedAmountLow& low) {
    const DataConsumer* consumer = workspace_.data_consumers.Find(data_.ConsumerOn(low.stream));
    if (consumer == nullptr) return;
    schema::BufferedAmountLowT news;
    news.bytes = static_cast<uint32_t>(data_.association().buffered_amount(low.stream));
    workspace_.outbox.Notify(consumer->id, std::move(news));
  }

  void operator()(const Association::Closed& closed) {
    TellState(workspace_, now_, transport_, sctp::CloseReasonName(closed.reason));
  }

 private:
  void TellNegotiated() {
    schema::SctpNegotiatedT news;
    news.max_outbound_streams = data_.association().outgoing_streams();
    news.max_inbound_streams = data_.association().incoming_streams();
    workspace_.outbox.Notify(transport_.id, std::move(news));
  }

  void TellOpened(StreamId stream, const sctp::DataChannelOpen* properties) {
    if (properties == nullptr) return;
    schema::DataChannelOpenedT news;
    news.stream = DescribeStream(stream, properties->reliability);
    news.label = properties->label;
    news.protocol = properties->protocol;
    workspace_.outbox.Notify(transport_.id, std::move(news));
  }

  Workspace& workspace_;
  Timestamp now_;
  Transport& transport_;
  DataPath& data_;
};

}  // namespace

std::string_view SctpStateName(Association::State state) {
  switch (state) {
    case Association::State::kNew:
      return "new";
    case Association::State::kConnecting:
      return "connecting";
    case Association::State::kConnected:
      return "connected";
    case Association::State::kClosed:
      return "closed";
  }
  return "unknown";
}

void BeginData(Workspace& workspace, Timestamp now, Handle<Transport> handle, dtls::Role role) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.data->Connect(now, role);
  TellState(workspace, now, transport);
  HandleDataEvents(workspace, now, handle);
}

void FollowDtls(Workspace& workspace, Timestamp now, Handle<Transport> handle, DtlsState dtls) {
  Transport& transport = *workspace.transports.Find(handle);
  if (dtls == DtlsState::kConnected) {
    BeginData(workspace, now, handle, transport.As<WebRtcLink>()->dtls_role());
  } else if (dtls == DtlsState::kClosed || dtls == DtlsState::kFailed) {
    transport.data->association().Abort(now);
    HandleDataEvents(workspace, now, handle);
  }
}

void ReceiveData(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView packet) {
  Transport& transport = *workspace.transports.Find(handle);
  if (transport.data == nullptr) return;
  transport.data->association().Receive(now, packet);
  HandleDataEvents(workspace, now, handle);
}

void HandleDataEvents(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  if (transport.closed) return;
  Visitor visitor(workspace, now, transport);
  while (std::optional<Association::Event> event = transport.data->association().PollEvent()) {
    std::visit(visitor, *event);
  }
  workspace.Wake(handle);
}

void HandleSctpTimeout(Workspace& workspace, Timestamp now) {
  const std::optional<Timestamp> due = workspace.sctp.NextTimeout();
  if (!due || now < *due) return;
  workspace.sctp.HandleTimeout(now);
  while (const Association* association = workspace.sctp.PollWoken()) {
    const auto found = workspace.associations.find(association);
    if (found != workspace.associations.end()) HandleDataEvents(workspace, now, found->second);
  }
}

void ForwardData(Workspace& workspace, Timestamp now, Handle<DataProducer> handle,
                 const sctp::Message& message, const Audience& audience) {
  DataProducer& producer = *workspace.data_producers.Find(handle);
  ++producer.messages;
  producer.bytes += message.payload.size();
  workspace.Debug(now, LogTag::Message, "data producer ", producer.id, ": a message of ",
                  message.payload.size(), " bytes", producer.paused ? ", dropped" : "");
  if (producer.paused) {
    ++producer.dropped;
    return;
  }
  for (const Handle<DataConsumer> consumer_handle : producer.consumers) {
    DataConsumer* consumer = workspace.data_consumers.Find(consumer_handle);
    if (consumer == nullptr || consumer->paused || !IsMeant(*consumer, audience)) continue;
    (void)GiveData(workspace, now, *consumer, message.ppid, message.payload);
  }
}

void ForwardEarly(Workspace& workspace, Timestamp now, Handle<DataProducer> handle) {
  DataProducer& producer = *workspace.data_producers.Find(handle);
  const bool somebody = std::ranges::any_of(producer.consumers, [&](Handle<DataConsumer> consumer) {
    const DataConsumer* found = workspace.data_consumers.Find(consumer);
    return found != nullptr && !found->paused;
  });
  if (!producer.stream || !somebody || std::exchange(producer.heard, true)) return;
  DataPath& data = *workspace.transports.Find(producer.transport)->data;
  for (const sctp::Message& message : data.TakeEarly(now, *producer.stream)) {
    ForwardData(workspace, now, handle, message);
  }
}

absl::Status GiveData(Workspace& workspace, Timestamp now, DataConsumer& consumer, sctp::Ppid ppid,
                      ByteView payload) {
  if (!consumer.stream) {
    const size_t most = workspace.transports.Find(consumer.transport)->max_send_message_size;
    if (payload.size() > most) {
      ++consumer.dropped;
      return absl::InvalidArgumentError(
          absl::StrCat("a message of ", payload.size(), " bytes is longer than ", most));
    }
    schema::DataMessageT news;
    news.ppid = static_cast<uint32_t>(ppid);
    news.data.assign(payload.begin(), payload.end());
    workspace.outbox.Notify(consumer.id, std::move(news));
  } else {
    DataPath& data = *workspace.transports.Find(consumer.transport)->data;
    const absl::Status status =
        data.Send(now, *consumer.stream, ppid, payload, consumer.reliability);
    // Its packets leave with this turn; events that it caused are taken with them.
    workspace.Wake(consumer.transport);
    if (!status.ok()) {
      ++consumer.dropped;
      workspace.Warn(now, LogTag::Message, "data consumer ", consumer.id,
                     ": a message was not sent: ", std::string(status.message()));
      const bool full = status.code() == absl::StatusCode::kResourceExhausted;
      if (full && !std::exchange(consumer.told_full, true)) {
        workspace.outbox.Notify(consumer.id, schema::SendBufferFullT());
      }
      return status;
    }
    consumer.told_full = false;
  }
  ++consumer.messages;
  consumer.bytes += payload.size();
  return absl::OkStatus();
}

}  // namespace sluice::worker
