#include "rtp/send/train_order.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace sluice::rtp {

std::span<const TrainOrder::Place> TrainOrder::Arrange(std::span<const Packet> packets) {
  SLUICE_CHECK(packets.size() <= kMaxPackets);
  place_count_ = 0;
  if (packets.size() == 1) {
    places_[place_count_++] = {0, true, true, 0};
    return std::span(places_).first(place_count_);
  }
  Sort(packets);
  constexpr uint16_t kAny = std::numeric_limits<uint16_t>::max();
  while (place_count_ < packets.size()) {
    const uint8_t first = Largest(packets, kAny);
    const uint16_t train = TrainSize(packets, streams_[first]);
    bool begins = true;
    // Whoever begins, and then whoever has more of that size.
    for (uint8_t stream = first; stream != kNone; stream = Largest(packets, train)) {
      const uint16_t size = packets[streams_[stream].head].size;
      const bool is_full = size + kMaxPadding >= train;
      Take(packets, streams_[stream], is_full ? train : 0, begins);
      begins = false;
      if (!is_full) break;
    }
  }
  return std::span(places_).first(place_count_);
}

void TrainOrder::Sort(std::span<const Packet> packets) {
  stream_count_ = 0;
  for (size_t i = 0; i < packets.size(); ++i) Append(packets, static_cast<uint8_t>(i));
}

void TrainOrder::Append(std::span<const Packet> packets, uint8_t index) {
  next_[index] = kNone;
  const uint32_t id = packets[index].stream;
  const auto known = std::span(streams_).first(stream_count_);
  const auto found = std::ranges::find(known, id, &Stream::id);
  if (found == known.end()) {
    streams_[stream_count_++] = {id, index, index};
  } else {
    next_[found->tail] = index;
    found->tail = index;
  }
}

uint8_t TrainOrder::Largest(std::span<const Packet> packets, uint16_t limit) const {
  uint8_t best = kNone;
  uint16_t largest = 0;
  for (size_t i = 0; i < stream_count_; ++i) {
    if (streams_[i].head == kNone) continue;
    const uint16_t size = packets[streams_[i].head].size;
    if (size > limit || (best != kNone && size <= largest)) continue;
    best = static_cast<uint8_t>(i);
    largest = size;
  }
  return best;
}

// The packets of a frame differ by a byte or two, and the first need not be the largest.
uint16_t TrainOrder::TrainSize(std::span<const Packet> packets, const Stream& stream) const {
  uint16_t least = packets[stream.head].size;
  uint16_t most = least;
  for (uint8_t index = next_[stream.head]; index != kNone; index = next_[index]) {
    const uint16_t size = packets[index].size;
    if (std::max(most, size) - std::min(least, size) > kMaxPadding) break;
    least = std::min(least, size);
    most = std::max(most, size);
  }
  return most;
}

void TrainOrder::Take(std::span<const Packet> packets, Stream& stream, uint16_t train,
                      bool begins) {
  const uint8_t index = stream.head;
  const uint16_t size = packets[index].size;
  const bool is_full = train != 0;
  places_[place_count_++] = {index, begins, is_full,
                             is_full ? static_cast<uint16_t>(train - size) : uint16_t{0}};
  stream.head = next_[index];
}

}  // namespace sluice::rtp
