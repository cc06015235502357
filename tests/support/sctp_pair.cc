#include "tests/support/sctp_pair.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "tests/support/virtual_gettimeofday.h"

namespace sluice::test {

using sctp::Association;
using sctp::Message;

SctpPair::SctpPair(const LinkOptions& link, const Options& options, uint64_t seed)
    : now_(std::chrono::seconds(1)),
      sides_{std::make_unique<Side>(stack_, options[0]),
             std::make_unique<Side>(stack_, options[1])},
      links_{SimLink(link, 2 * seed), SimLink(link, 2 * seed + 1)} {
  SetWallClock(now_);
}

void SctpPair::Connect() {
  for (const auto& side : sides_) side->association.Connect(now_);
  RunUntil([this] { return a().connected && b().connected; }, std::chrono::seconds(30));
}

void SctpPair::set_link(const LinkOptions& link) {
  for (SimLink& direction : links_) direction.set_options(link);
}

void SctpPair::DrainSide(int index) {
  Side& side = *sides_[static_cast<size_t>(index)];
  std::array<uint8_t, 2048> buffer;
  while (const size_t size = side.association.PollTransmit(now_, buffer)) {
    std::vector<uint8_t> packet(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size));
    if (filter && !filter(index, packet)) continue;
    for (const Timestamp at : links_[static_cast<size_t>(index)].Send(now_, size)) {
      under_way_.emplace(at, Arrival{1 - index, packet});
    }
  }
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  while (std::optional<Association::Event> event = side.association.PollEvent()) {
    if (auto* message = std::get_if<Message>(&*event)) {
      if (side.on_message) {
        side.on_message(std::move(*message));
      } else {
        side.messages.push_back(std::move(*message));
      }
    } else if (const auto* connected = std::get_if<Association::Connected>(&*event)) {
      side.connected = *connected;
    } else if (const auto* closed = std::get_if<Association::Closed>(&*event)) {
      side.closed = closed->reason;
    } else if (const auto* incoming = std::get_if<Association::IncomingReset>(&*event)) {
      append(side.incoming_resets, incoming->streams);
    } else if (const auto* outgoing = std::get_if<Association::OutgoingReset>(&*event)) {
      append(side.outgoing_resets, outgoing->streams);
    } else if (const auto* low = std::get_if<Association::BufferedAmountLow>(&*event)) {
      side.low.push_back(low->stream);
    } else {
      ++side.restarts;
    }
  }
}

void SctpPair::Drain() {
  DrainSide(0);
  DrainSide(1);
}

Timestamp SctpPair::NextMoment(Timestamp limit) const {
  std::optional<Timestamp> next = limit;
  if (!under_way_.empty()) next = Earlier(next, under_way_.begin()->first);
  for (const auto& side : sides_) next = Earlier(next, side->association.NextTimeout());
  return std::max(*next, now_);
}

void SctpPair::Step(Timestamp to) {
  now_ = to;
  SetWallClock(now_);
  for (const auto& side : sides_) side->association.HandleTimeout(now_);
  Drain();
  while (!under_way_.empty() && under_way_.begin()->first <= now_) {
    const Arrival arrival = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    sides_[static_cast<size_t>(arrival.to)]->association.Receive(now_, arrival.packet);
    DrainSide(arrival.to);
  }
}

void SctpPair::RunFor(Duration span) {
  RunUntil([] { return false; }, span);
}

bool SctpPair::RunUntil(const std::function<bool()>& done, Duration limit) {
  const Timestamp end = now_ + limit;
  Drain();
  while (!done()) {
    if (now_ >= end) return false;
    Step(NextMoment(end));
  }
  return true;
}

std::vector<uint8_t> SctpPair::Bytes(size_t size, uint32_t number) {
  std::vector<uint8_t> bytes(size);
  uint32_t state = number * 2654435761u + 1;
  for (uint8_t& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 24);
  }
  ByteWriter(bytes).U32(number);
  return bytes;
}

uint32_t SctpPair::NumberOf(const Message& message) { return ByteReader(message.payload).U32(); }

}  // namespace sluice::test
