#include "sctp/data_channel_table.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace sluice::sctp {
namespace {

size_t TextBytes(const DataChannelOpen& properties) {
  return properties.label.size() + properties.protocol.size();
}

}  // namespace

absl::Status DataChannelTable::Add(StreamId stream, Channel channel) {
  if (stream.value() >= streams_) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no stream ", stream.value(), " of ", streams_));
  }
  if (channels_.contains(stream)) {
    return absl::AlreadyExistsError(absl::StrCat("stream ", stream.value(), " is in use"));
  }
  const size_t text = TextBytes(channel.properties);
  if (text_bytes_ + text > kMaxTextBytes) {
    return absl::ResourceExhaustedError("labels and protocols of all channels are too long");
  }
  text_bytes_ += text;
  channels_.emplace(stream, std::move(channel));
  return absl::OkStatus();
}

void DataChannelTable::Remove(StreamId stream) {
  const auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  text_bytes_ -= TextBytes(found->second.properties);
  channels_.erase(found);
}

absl::Status DataChannelTable::AddNegotiated(StreamId stream, DataChannelOpen properties) {
  return Add(stream, {.origin = Origin::kNegotiated, .properties = std::move(properties)});
}

absl::StatusOr<StreamId> DataChannelTable::Open(DataChannelOpen properties,
                                                std::optional<StreamId> stream) {
  for (uint32_t id = static_cast<uint32_t>(ours_); !stream && id < streams_; id += 2) {
    const StreamId candidate(static_cast<uint16_t>(id));
    if (!channels_.contains(candidate)) stream = candidate;
  }
  if (!stream) return absl::ResourceExhaustedError("all streams of our parity are in use");
  if (IsPeers(*stream)) {
    return absl::InvalidArgumentError(
        absl::StrCat("stream ", stream->value(), " is for the peer to open (RFC 8832 §6)"));
  }
  if (absl::Status status = Add(*stream, {.origin = Origin::kLocal,
                                          .state = State::kOpening,
                                          .properties = std::move(properties)});
      !status.ok()) {
    return status;
  }
  return *stream;
}

absl::StatusOr<DataChannelTable::Outcome> DataChannelTable::Receive(StreamId stream,
                                                                    ByteView message) {
  absl::StatusOr<DcepMessage> parsed = ParseDcep(message);
  if (!parsed.ok()) return parsed.status();
  if (auto* open = std::get_if<DataChannelOpen>(&*parsed)) {
    return ReceiveOpen(stream, std::move(*open));
  }
  const auto found = channels_.find(stream);
  if (found == channels_.end() || found->second.origin != Origin::kLocal) {
    return absl::FailedPreconditionError(
        absl::StrCat("no channel was opened on stream ", stream.value()));
  }
  RecordMessage(stream);
  return Acknowledged{};
}

absl::StatusOr<DataChannelTable::Outcome> DataChannelTable::ReceiveOpen(StreamId stream,
                                                                        DataChannelOpen open) {
  // RFC 8832 §6 has both sides keep to their parity. Channels that our side opens there would
  // collide with this one.
  if (!IsPeers(stream)) {
    return absl::FailedPreconditionError(
        absl::StrCat("stream ", stream.value(), " is not for the peer to open"));
  }
  // The application was told of it faster than we.
  const auto found = channels_.find(stream);
  if (found != channels_.end() && found->second.origin == Origin::kNegotiated &&
      found->second.state == State::kOpen) {
    found->second.origin = Origin::kRemote;
    return Opened{WriteDcep(DataChannelAck{})};
  }
  if (absl::Status status = Add(stream, {.origin = Origin::kRemote, .properties = std::move(open)});
      !status.ok()) {
    return absl::FailedPreconditionError(status.message());
  }
  return Opened{WriteDcep(DataChannelAck{})};
}

void DataChannelTable::RecordMessage(StreamId stream) {
  const auto found = channels_.find(stream);
  if (found != channels_.end() && found->second.state == State::kOpening) {
    found->second.state = State::kOpen;
  }
}

bool DataChannelTable::Close(StreamId stream) {
  const auto found = channels_.find(stream);
  if (found == channels_.end() || found->second.state == State::kClosing) return false;
  found->second.state = State::kClosing;
  return true;
}

template <typename Visit>
void DataChannelTable::VisitChannels(const std::vector<StreamId>& streams, Visit visit) {
  if (streams.empty()) {
    for (auto& [stream, channel] : channels_) visit(stream, channel);
  }
  for (const StreamId stream : streams) {
    const auto found = channels_.find(stream);
    if (found != channels_.end()) visit(stream, found->second);
  }
}

DataChannelTable::IncomingReset DataChannelTable::RecordIncomingReset(
    const std::vector<StreamId>& streams) {
  IncomingReset outcome;
  VisitChannels(streams, [&](StreamId stream, Channel& channel) {
    if (std::exchange(channel.incoming_reset, true)) return;
    if (Close(stream)) outcome.to_reset.push_back(stream);
    if (channel.outgoing_reset) outcome.gone.push_back(stream);
  });
  for (const StreamId stream : outcome.gone) Remove(stream);
  return outcome;
}

std::vector<StreamId> DataChannelTable::RecordOutgoingReset(const std::vector<StreamId>& streams) {
  std::vector<StreamId> gone;
  VisitChannels(streams, [&](StreamId stream, Channel& channel) {
    if (channel.state != State::kClosing || std::exchange(channel.outgoing_reset, true)) return;
    if (channel.incoming_reset) gone.push_back(stream);
  });
  for (const StreamId stream : gone) Remove(stream);
  return gone;
}

void DataChannelTable::Clear() {
  channels_.clear();
  text_bytes_ = 0;
}

const DataChannelTable::Channel* DataChannelTable::Find(StreamId stream) const {
  const auto found = channels_.find(stream);
  return found == channels_.end() ? nullptr : &found->second;
}

}  // namespace sluice::sctp
