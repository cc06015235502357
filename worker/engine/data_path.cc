#include "worker/engine/data_path.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::worker {

using sctp::DataChannelOpen;
using sctp::DataChannelTable;
using sctp::Message;
using sctp::Parity;
using sctp::StreamId;

DataPath::DataPath(sctp::Stack& stack, const sctp::Association::Options& options)
    : association_(stack, options),
      channels_(Parity::kOdd, std::min(options.outgoing_streams, options.incoming_streams)) {}

void DataPath::Connect(Timestamp now, dtls::Role role) {
  channels_.set_parity(role == dtls::Role::kClient ? Parity::kEven : Parity::kOdd);
  association_.Connect(now);
}

absl::Status DataPath::AddChannel(StreamId stream, DataChannelOpen properties) {
  if (HasChannel(stream)) return absl::OkStatus();
  return channels_.AddNegotiated(stream, std::move(properties));
}

absl::Status DataPath::ClaimIncoming(StreamId stream, Handle<DataProducer> producer,
                                     DataChannelOpen properties) {
  if (incoming_.contains(stream.value())) {
    return absl::AlreadyExistsError(
        absl::StrCat("stream ", stream.value(), " is that of another data producer"));
  }
  if (absl::Status status = AddChannel(stream, std::move(properties)); !status.ok()) return status;
  incoming_.emplace(stream.value(), producer);
  return absl::OkStatus();
}

absl::Status DataPath::ClaimOutgoing(StreamId stream, Handle<DataConsumer> consumer,
                                     DataChannelOpen properties) {
  if (outgoing_.contains(stream.value())) {
    return absl::AlreadyExistsError(
        absl::StrCat("stream ", stream.value(), " is that of another data consumer"));
  }
  if (absl::Status status = AddChannel(stream, std::move(properties)); !status.ok()) return status;
  outgoing_.emplace(stream.value(), consumer);
  return absl::OkStatus();
}

absl::Status DataPath::OpenOutgoing(Timestamp now, StreamId stream, Handle<DataConsumer> consumer,
                                    DataChannelOpen properties) {
  absl::StatusOr<StreamId> opened = channels_.Open(std::move(properties), stream);
  if (!opened.ok()) return opened.status();
  outgoing_.emplace(stream.value(), consumer);
  if (IsConnected()) {
    SendOpen(now, stream);
  } else {
    to_open_.push_back(stream);
  }
  return absl::OkStatus();
}

void DataPath::SendOpen(Timestamp now, StreamId stream) {
  const DataChannelTable::Channel* channel = channels_.Find(stream);
  if (channel == nullptr) return;
  const absl::Status status =
      association_.Send(now, stream, sctp::Ppid::kDcep, sctp::WriteDcep(channel->properties), {});
  // There is no such stream, or the buffer is full of what was sent before.
  if (!status.ok()) ++dcep_refused_;
}

void DataPath::RecordConnected(Timestamp now) {
  for (const StreamId stream : std::exchange(to_open_, {})) SendOpen(now, stream);
}

// What the peer has opened is gone. Who has claimed a stream keeps it, as one that both know of.
void DataPath::RecordRestarted(Timestamp now) {
  early_.clear();
  early_bytes_ = 0;
  channels_.Clear();
  for (const auto& [stream, producer] : incoming_) (void)AddChannel(StreamId(stream), {});
  for (const auto& [stream, consumer] : outgoing_) (void)AddChannel(StreamId(stream), {});
  RecordConnected(now);
}

absl::Status DataPath::Send(Timestamp now, StreamId stream, sctp::Ppid ppid, ByteView payload,
                            sctp::Reliability reliability) {
  const DataChannelTable::Channel* channel = channels_.Find(stream);
  if (channel != nullptr && channel->state == DataChannelTable::State::kOpening) {
    reliability.ordered = true;
  }
  return association_.Send(now, stream, ppid, payload, reliability);
}

const DataChannelOpen* DataPath::ReceiveDcep(Timestamp now, const Message& message) {
  const auto outcome = channels_.Receive(message.stream, message.payload);
  if (!outcome.ok()) {
    ++dcep_refused_;
    // RFC 8832 §7: what cannot be a channel is closed, unless it is one already.
    if (!HasChannel(message.stream)) (void)association_.ResetStream(now, message.stream);
    return nullptr;
  }
  const auto* opened = std::get_if<DataChannelTable::Opened>(&*outcome);
  if (opened == nullptr) return nullptr;
  (void)association_.Send(now, message.stream, sctp::Ppid::kDcep, opened->answer, {});
  return &channels_.Find(message.stream)->properties;
}

bool DataPath::IsOpenedByPeer(StreamId stream) const {
  const DataChannelTable::Channel* channel = channels_.Find(stream);
  return channel != nullptr && channel->origin == DataChannelTable::Origin::kRemote;
}

void DataPath::KeepEarly(Timestamp now, Message message) {
  ForgetOldEarly(now);
  const bool room =
      early_.size() < kMaxEarlyMessages && early_bytes_ + message.payload.size() <= kMaxEarlyBytes;
  if (!IsOpenedByPeer(message.stream) || !room) {
    ++unclaimed_;
    return;
  }
  early_bytes_ += message.payload.size();
  early_.push_back({now, std::move(message)});
}

void DataPath::ForgetOldEarly(Timestamp now) {
  while (!early_.empty() && now - early_.front().since > kMaxEarlyAge) {
    early_bytes_ -= early_.front().message.payload.size();
    early_.pop_front();
    ++unclaimed_;
  }
}

std::vector<Message> DataPath::TakeEarly(Timestamp now, StreamId stream) {
  ForgetOldEarly(now);
  return SplitEarly(stream);
}

std::vector<Message> DataPath::SplitEarly(StreamId stream) {
  std::vector<Message> taken;
  std::deque<Early> kept;
  for (Early& early : early_) {
    if (early.message.stream == stream) {
      early_bytes_ -= early.message.payload.size();
      taken.push_back(std::move(early.message));
    } else {
      kept.push_back(std::move(early));
    }
  }
  early_ = std::move(kept);
  return taken;
}

void DataPath::ReleaseIncoming(Timestamp now, StreamId stream) {
  incoming_.erase(stream.value());
  CloseIfUnclaimed(now, stream);
}

void DataPath::ReleaseOutgoing(Timestamp now, StreamId stream) {
  outgoing_.erase(stream.value());
  association_.ForgetThreshold(stream);
  CloseIfUnclaimed(now, stream);
}

void DataPath::CloseIfUnclaimed(Timestamp now, StreamId stream) {
  if (IsClaimed(stream)) return;
  if (!IsConnected()) {
    std::erase(to_open_, stream);
    channels_.Remove(stream);
  } else if (channels_.Close(stream)) {
    if (!association_.ResetStream(now, stream).ok()) channels_.Remove(stream);
  }
}

Handle<DataProducer> DataPath::ProducerOn(StreamId stream) const {
  const auto found = incoming_.find(stream.value());
  return found == incoming_.end() ? Handle<DataProducer>() : found->second;
}

Handle<DataConsumer> DataPath::ConsumerOn(StreamId stream) const {
  const auto found = outgoing_.find(stream.value());
  return found == outgoing_.end() ? Handle<DataConsumer>() : found->second;
}

std::vector<StreamId> DataPath::RecordIncomingReset(Timestamp now,
                                                    const std::vector<StreamId>& streams) {
  const DataChannelTable::IncomingReset reset = channels_.RecordIncomingReset(streams);
  for (const StreamId stream : reset.to_reset) (void)association_.ResetStream(now, stream);
  for (const StreamId stream : reset.gone) unclaimed_ += SplitEarly(stream).size();
  return reset.gone;
}

std::vector<StreamId> DataPath::RecordOutgoingReset(const std::vector<StreamId>& streams) {
  std::vector<StreamId> gone = channels_.RecordOutgoingReset(streams);
  for (const StreamId stream : gone) unclaimed_ += SplitEarly(stream).size();
  return gone;
}

}  // namespace sluice::worker
