#include "tests/support/sim_data.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"

namespace sluice::test {

using sctp::Association;
using sctp::DataChannelTable;
using sctp::Message;
using sctp::StreamId;

void SimData::Receive(Timestamp now, ByteView packet) {
  if (taken_over_) return;
  association_.Receive(now, packet);
  TakeEvents(now);
}

void SimData::HandleTimeout(Timestamp now) {
  association_.HandleTimeout(now);
  TakeEvents(now);
}

size_t SimData::PollTransmit(Timestamp now, ByteSpan out) {
  if (!injected_.empty()) {
    const std::vector<uint8_t> packet = std::move(injected_.front());
    injected_.pop_front();
    std::copy(packet.begin(), packet.end(), out.begin());
    return packet.size();
  }
  const size_t size = association_.PollTransmit(now, out);
  if (taken_over_) return 0;
  if (size > 0) forger_.Learn(ByteView(out).first(size));
  return size;
}

StreamId SimData::Open(Timestamp now, const sctp::DataChannelOpen& properties) {
  const absl::StatusOr<StreamId> stream = channels_.Open(properties);
  SLUICE_CHECK(stream.ok());
  SLUICE_CHECK(
      association_.Send(now, *stream, sctp::Ppid::kDcep, sctp::WriteDcep(properties), {}).ok());
  return *stream;
}

void SimData::Close(Timestamp now, StreamId stream) {
  channels_.Close(stream);
  SLUICE_CHECK(association_.ResetStream(now, stream).ok());
}

void SimData::Send(Timestamp now, StreamId stream, const std::string& text,
                   const sctp::Reliability& reliability) {
  SLUICE_CHECK(
      association_.Send(now, stream, sctp::Ppid::kString, AsBytes(text), reliability).ok());
}

std::vector<std::string> SimData::TextsOn(StreamId stream) const {
  std::vector<std::string> texts;
  for (const Message& message : heard_) {
    if (message.stream == stream) texts.emplace_back(AsText(message.payload));
  }
  return texts;
}

void SimData::TakeEvents(Timestamp now) {
  while (std::optional<Association::Event> event = association_.PollEvent()) {
    if (auto* message = std::get_if<Message>(&*event)) {
      TakeMessage(now, std::move(*message));
    } else if (const auto* incoming = std::get_if<Association::IncomingReset>(&*event)) {
      for (const StreamId stream : channels_.RecordIncomingReset(incoming->streams).to_reset) {
        SLUICE_CHECK(association_.ResetStream(now, stream).ok());
      }
    } else if (const auto* outgoing = std::get_if<Association::OutgoingReset>(&*event)) {
      channels_.RecordOutgoingReset(outgoing->streams);
    }
  }
}

void SimData::TakeMessage(Timestamp now, Message message) {
  if (message.ppid != sctp::Ppid::kDcep) {
    channels_.RecordMessage(message.stream);
    heard_.push_back(std::move(message));
    return;
  }
  const auto outcome = channels_.Receive(message.stream, message.payload);
  SLUICE_CHECK(outcome.ok());
  if (const auto* opened = std::get_if<DataChannelTable::Opened>(&*outcome)) {
    opened_.push_back(channels_.Find(message.stream)->properties.label);
    SLUICE_CHECK(
        association_.Send(now, message.stream, sctp::Ppid::kDcep, opened->answer, {}).ok());
  }
}

}  // namespace sluice::test
