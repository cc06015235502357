#include "rtp/send/pacer.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {
namespace {

// A full queue is emptied by this part of its bound at once, so that looking through it is paid by
// many packets.
constexpr size_t kRelief = 16;

BitRate Bounded(BitRate rate) { return std::clamp(rate, Pacer::kMinRate, Pacer::kMaxRate); }

}  // namespace

std::optional<DropReason> Pacer::Push(Timestamp now, Item item) {
  Prune(now);
  const size_t size = item.packet.size();
  const Importance importance = item.importance();
  if (IsBroken(item)) return DropReason::kQueueFull;
  if (!Fits(size)) MakeRoom(size, importance);
  if (!Fits(size)) {
    Break(item);
    return DropReason::kQueueFull;
  }
  ++items_;
  bytes_ += size;
  ++by_importance_[static_cast<size_t>(importance)];
  queues_[ClassOf(item)].Push({std::move(item), now});
  return std::nullopt;
}

std::optional<Pacer::Item> Pacer::Pop(Timestamp now) {
  Prune(now);
  for (size_t i = 0; i < kClassCount; ++i) {
    PacerQueue& queue = queues_[i];
    if (queue.empty()) continue;
    if (i != kAudio && !IsDue(now)) return std::nullopt;
    Item item = std::move(queue.front().item);
    queue.Pop();
    Discount(item);
    item.probe = probe();
    Spend(now, item.packet.size());
    return item;
  }
  if (probe_) probe_->retry = now + kProbeRetry;
  return std::nullopt;
}

std::optional<Pacer::Evicted> Pacer::PollEvicted() {
  if (evicted_.empty()) return std::nullopt;
  const Evicted evicted = evicted_.back();
  evicted_.pop_back();
  return evicted;
}

std::optional<Timestamp> Pacer::NextTimeout() const {
  const PacerQueue& audio = queues_[kAudio];
  if (!audio.empty()) return audio.front().since;
  if (probe_) {
    const Timestamp due = probe_->budget.Due(probe_->plan.rate);
    return std::min(empty() ? std::max(due, probe_->retry) : due, probe_->deadline);
  }
  std::optional<Timestamp> due;
  for (const PacerQueue& queue : queues_) {
    if (!queue.empty()) due = Earlier(due, queue.front().since);
  }
  if (rate_ && due) due = std::max(*due, budget_.Due(*rate_));
  return due;
}

void Pacer::set_rate(std::optional<BitRate> rate) {
  rate_ = rate;
  if (rate_) rate_ = Bounded(*rate_);
}

void Pacer::StartProbe(Timestamp now, const Probe& probe) {
  probe_ = RunningProbe();
  RunningProbe& running = *probe_;
  running.plan = probe;
  running.plan.rate = Bounded(probe.rate);
  running.budget = PacerBudget(now);
  running.packets_left = std::max(probe.min_packets, 1);
  running.bytes_left = (running.plan.rate * probe.span).bytes();
  const auto packets = static_cast<int64_t>(running.packets_left);
  const DataSize most = std::max(DataSize::Bytes(running.bytes_left),
                                 DataSize::Bytes(SaturatedProduct(packets, kMaxPadding)));
  running.deadline = now + std::min(2 * (most / running.plan.rate) + kProbePatience, kMaxProbe);
}

size_t Pacer::PaddingWanted(Timestamp now) {
  Prune(now);
  if (!probe_ || !empty() || !IsDue(now)) return 0;
  // So that the packets that are asked for do not take more bytes than are.
  const int64_t each = probe_->bytes_left / std::max(probe_->packets_left, 1);
  return static_cast<size_t>(std::clamp<int64_t>(each, kMinPadding, kMaxPadding));
}

void Pacer::RecordPadding(Timestamp now, size_t bytes) {
  if (probe_) probe_->retry = now;
  Spend(now, bytes);
}

Duration Pacer::queue_delay() const {
  if (!rate_) return Duration(0);
  return DataSize::Bytes(static_cast<int64_t>(bytes_)) / *rate_;
}

size_t Pacer::Forget(uint32_t owner) {
  size_t forgotten = 0;
  for (PacerQueue& queue : queues_) {
    forgotten += queue.RemoveIf([&](const Item& item) {
      if (item.owner != owner) return false;
      Discount(item);
      return true;
    });
  }
  return forgotten;
}

size_t Pacer::capacity() const {
  size_t sum = 0;
  for (const PacerQueue& queue : queues_) sum += queue.capacity();
  return sum;
}

Pacer::Class Pacer::ClassOf(const Item& item) {
  if (item.padding) return kPadding;
  if (item.retransmission) return kRetransmission;
  return item.kind == MediaKind::kAudio ? kAudio : kVideo;
}

size_t Pacer::ByteLimit() const {
  if (!rate_) return kMaxBytes;
  const auto in_time = static_cast<size_t>((*rate_ * kMaxDelay).bytes());
  return std::clamp(in_time, kMinBytes, kMaxBytes);
}

bool Pacer::Fits(size_t bytes) const { return items_ < kMaxItems && bytes_ + bytes <= ByteLimit(); }

void Pacer::MakeRoom(size_t bytes, Importance than) {
  for (size_t i = 0; i < static_cast<size_t>(than) && !Fits(bytes); ++i) {
    if (by_importance_[i] != 0) Evict(static_cast<Importance>(i), bytes);
  }
}

// The oldest go first: they have the least use left. What is left of their frames goes with them.
void Pacer::Evict(Importance importance, size_t bytes) {
  const size_t limit = ByteLimit();
  const size_t goal_bytes = limit - std::min(limit, std::max(bytes, limit / kRelief));
  const size_t goal_items = kMaxItems - kMaxItems / kRelief;
  for (PacerQueue& queue : queues_) {
    queue.RemoveIf([&](const Item& item) {
      const bool chosen =
          item.importance() == importance && (bytes_ > goal_bytes || items_ > goal_items);
      if (!chosen && !IsBroken(item)) return false;
      if (chosen) Break(item);
      Discount(item);
      Report(item.owner, DropReason::kQueueFull);
      return true;
    });
  }
}

void Pacer::Prune(Timestamp now) {
  if (probe_ && now >= probe_->deadline) probe_.reset();
  for (PacerQueue& queue : queues_) {
    while (!queue.empty() && now - queue.front().since > kMaxAge) {
      Item& item = queue.front().item;
      Break(item);
      Discount(item);
      Report(item.owner, DropReason::kQueueAge);
      queue.Pop();
    }
  }
  if (items_ == 0) broken_count_ = 0;
}

void Pacer::Break(const Item& item) {
  if (item.kind != MediaKind::kVideo || item.retransmission || item.padding) return;
  if (IsBroken(item)) return;
  broken_[next_broken_] = {item.owner, item.rewrite.timestamp, item.importance()};
  next_broken_ = (next_broken_ + 1) % kMaxBroken;
  broken_count_ = std::min(broken_count_ + 1, kMaxBroken);
}

bool Pacer::IsBroken(const Item& item) const {
  if (broken_count_ == 0 || item.kind != MediaKind::kVideo || item.retransmission || item.padding) {
    return false;
  }
  return std::any_of(broken_.begin(), broken_.begin() + static_cast<ptrdiff_t>(broken_count_),
                     [&](const BrokenFrame& frame) {
                       return frame.owner == item.owner &&
                              frame.timestamp == item.rewrite.timestamp &&
                              frame.importance >= item.importance();
                     });
}

void Pacer::Discount(const Item& item) {
  --items_;
  bytes_ -= item.packet.size();
  --by_importance_[static_cast<size_t>(item.importance())];
}

void Pacer::Report(uint32_t owner, DropReason reason) {
  // Whoever is evicted last is often the one who was before.
  const auto same = std::find_if(evicted_.rbegin(), evicted_.rend(), [&](const Evicted& entry) {
    return entry.owner == owner && entry.reason == reason;
  });
  if (same != evicted_.rend()) {
    ++same->packets;
    return;
  }
  if (evicted_.size() >= kMaxReports && owner != kNobody) return Report(kNobody, reason);
  evicted_.push_back({owner, reason, 1});
}

bool Pacer::IsDue(Timestamp now) {
  if (probe_) {
    probe_->budget.Pay(now, probe_->plan.rate, kBurst);
    return probe_->budget.is_due();
  }
  if (!rate_) return true;
  budget_.Pay(now, *rate_, kBurst);
  return budget_.is_due();
}

void Pacer::Spend(Timestamp now, size_t bytes) {
  if (probe_) {
    SpendProbe(now, bytes);
    return;
  }
  if (!rate_) return;
  budget_.Pay(now, *rate_, kBurst);
  budget_.Owe(bytes);
  budget_.Forgive(*rate_, kMaxDebt);
}

// What a probe sends is beyond the rate on purpose, and is not owed afterwards.
void Pacer::SpendProbe(Timestamp now, size_t bytes) {
  if (rate_) budget_.Pay(now, *rate_, Duration(0));
  probe_->budget.Pay(now, probe_->plan.rate, kBurst);
  probe_->budget.Owe(bytes);
  probe_->bytes_left -= static_cast<int64_t>(bytes);
  --probe_->packets_left;
  if (probe_->bytes_left <= 0 && probe_->packets_left <= 0) probe_.reset();
}

}  // namespace sluice::rtp
