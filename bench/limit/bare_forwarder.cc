#include "bench/limit/bare_forwarder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "bench/limit/rtp_view.h"

namespace sluice::bench {
namespace {

// What a pass may fill: as many packets of an Ethernet frame each.
constexpr size_t kRoom = Sealer::kMaxJobs * 1600;

// First sequence numbers are of the lower half, so that nobody guesses the roll-over counter wrong
// (RFC 3711 §3.3.1).
constexpr uint64_t kFirstIndex = 1000;

constexpr uint8_t kPaddingFlag = 0x20;

void Put(uint8_t* out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out[i] = static_cast<uint8_t>(value >> (8 * (width - 1 - i)));
}

}  // namespace

std::unique_ptr<BareForwarder> BareForwarder::Create(const Options& options) {
  SLUICE_CHECK(options.train >= 1 && options.train <= TrainSender::kMaxSegments);
  std::unique_ptr<Sealer> sealer = Sealer::Create(options.profile, options.sealer);
  if (sealer == nullptr) return nullptr;
  return std::unique_ptr<BareForwarder>(new BareForwarder(options, std::move(sealer)));
}

BareForwarder::BareForwarder(const Options& options, std::unique_ptr<Sealer> sealer)
    : options_(options),
      tag_size_(dtls::TagSize(options.profile)),
      sealer_(std::move(sealer)),
      sender_(options.train, kRoom, options.train_mean) {}

size_t BareForwarder::AddSource() {
  sources_.emplace_back();
  return sources_.size() - 1;
}

std::optional<size_t> BareForwarder::AddReceiver(int fd, ByteView master) {
  const auto key = sealer_->AddKey(master);
  if (!key) return std::nullopt;
  Receiver receiver;
  receiver.fd = fd;
  receiver.key = *key;
  receivers_.push_back(std::move(receiver));
  sender_.aim().SetReceivers(receivers_.size());
  return receivers_.size() - 1;
}

void BareForwarder::Subscribe(size_t receiver, size_t source, uint32_t ssrc) {
  receivers_[receiver].subscriptions.push_back({static_cast<uint32_t>(source), ssrc, kFirstIndex});
  sources_[source].receivers.push_back(static_cast<uint32_t>(receiver));
}

void BareForwarder::RemoveReceiver(size_t receiver) {
  for (const Subscription& subscription : receivers_[receiver].subscriptions) {
    std::erase(sources_[subscription.source].receivers, receiver);
  }
  receivers_[receiver] = {};
}

bool BareForwarder::Push(size_t source, ByteSpan packet) {
  if (packet_count_ == kMaxPackets) return false;
  const auto view = RtpView::Read(packet, options_.number_id);
  if (!view) return false;
  Packet& kept = packets_[packet_count_];
  kept = {packet.data(),       view->timestamp,
          view->header_size,   static_cast<uint16_t>(packet.size() - view->header_size),
          view->number_offset, view->padded};
  Source& from = sources_[source];
  if (from.waiting.empty()) active_.push_back(static_cast<uint32_t>(source));
  from.waiting.push_back(static_cast<uint16_t>(packet_count_++));
  return true;
}

void BareForwarder::Flush() {
  for (const uint32_t source : active_) Equalise(sources_[source]);
  Mark();
  for (const uint32_t index : marked_) Serve(receivers_[index]);
  FinishPass();
  for (const uint32_t source : active_) sources_[source].waiting.clear();
  active_.clear();
  marked_.clear();
  packet_count_ = 0;
}

// Neighbours that differ little become equally long. What follows them and is much shorter may
// still be the end of their train.
void BareForwarder::Equalise(const Source& source) {
  if (options_.train == 1) return;
  const std::span<const uint16_t> waiting(source.waiting);
  for (size_t first = 0; first < waiting.size();) {
    size_t low = packets_[waiting[first]].size();
    size_t high = low;
    size_t end = first + 1;
    for (; end < waiting.size(); ++end) {
      const size_t size = packets_[waiting[end]].size();
      if (std::max(high, size) - std::min(low, size) > kMaxPadding) break;
      low = std::min(low, size);
      high = std::max(high, size);
    }
    for (const uint16_t index : waiting.subspan(first, end - first)) Pad(packets_[index], high);
    first = end;
  }
}

// RFC 3550 §5.1: the last byte counts the padding, itself included. What the sender has padded
// stays as it is.
void BareForwarder::Pad(Packet& packet, size_t size) {
  const size_t count = size - packet.size();
  if (count == 0 || packet.padded) return;
  uint8_t* const end = packet.bytes + packet.size();
  std::fill_n(end, count - 1, uint8_t{0});
  end[count - 1] = static_cast<uint8_t>(count);
  packet.payload_size = static_cast<uint16_t>(packet.payload_size + count);
  packet.padded = true;
}

void BareForwarder::Mark() {
  for (const uint32_t source : active_) {
    for (const uint32_t index : sources_[source].receivers) {
      if (!std::exchange(receivers_[index].marked, true)) marked_.push_back(index);
    }
  }
}

void BareForwarder::Serve(Receiver& receiver) {
  receiver.marked = false;
  queues_.clear();
  for (Subscription& subscription : receiver.subscriptions) {
    const std::span<const uint16_t> waiting(sources_[subscription.source].waiting);
    if (!waiting.empty()) queues_.push_back({&subscription, waiting});
  }
  // A train is of one size, and what is shorter ends it.
  size_t train = 0;
  while (Queue* queue = LargestUpTo(train == 0 ? SIZE_MAX : train)) {
    for (bool more = true; more;) {
      const Packet& packet = packets_[queue->packets.front()];
      queue->packets = queue->packets.subspan(1);
      Write(receiver, *queue->subscription, packet);
      more = !queue->packets.empty() && packets_[queue->packets.front()].size() == packet.size();
      train = train == 0 || packet.size() == train ? packet.size() : 0;
    }
    if (train != 0 && LargestUpTo(train) == nullptr) train = 0;
  }
  // Between receivers, so that no train is torn.
  if (job_count_ >= kPass) FinishPass();
}

// Of different sources the largest leaves first. Nothing if all are larger.
BareForwarder::Queue* BareForwarder::LargestUpTo(size_t limit) {
  Queue* best = nullptr;
  size_t largest = 0;
  for (Queue& queue : queues_) {
    if (queue.packets.empty()) continue;
    const size_t size = packets_[queue.packets.front()].size();
    if (size > limit || size <= largest) continue;
    best = &queue;
    largest = size;
  }
  return best;
}

void BareForwarder::Write(Receiver& receiver, Subscription& subscription, const Packet& packet) {
  const size_t size = packet.size() + tag_size_;
  uint8_t* out = job_count_ < jobs_.size() ? sender_.Reserve(receiver.fd, size) : nullptr;
  if (out == nullptr) {
    FinishPass();
    out = sender_.Reserve(receiver.fd, size);
    SLUICE_CHECK(out != nullptr);
  }
  const uint64_t index = subscription.index++;
  std::memcpy(out, packet.bytes, packet.header_size);
  if (packet.padded) out[0] |= kPaddingFlag;
  Put(out + 2, index, 2);
  Put(out + 4, packet.timestamp, 4);
  Put(out + 8, subscription.ssrc, 4);
  if (packet.number_offset != 0) Put(out + packet.number_offset, receiver.number++, 2);
  jobs_[job_count_++] = {
      receiver.key,       subscription.ssrc,  index, out, packet.bytes + packet.header_size,
      packet.header_size, packet.payload_size};
}

void BareForwarder::FinishPass() {
  if (job_count_ == 0) return;
  sealer_->Seal(std::span(jobs_).first(job_count_));
  sealed_ += job_count_;
  job_count_ = 0;
  sender_.Send();
}

}  // namespace sluice::bench
