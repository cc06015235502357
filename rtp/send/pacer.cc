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
  if (IsBroken(item)) return DropReason::kQueueFull;
  if (!Fits(size)) MakeRoom(item);
  if (!Fits(size)) {
    Break(item);
    return DropReason::kQueueFull;
  }
  if (empty()) oldest_ = now;
  ++items_;
  bytes_ += size;
  ++by_importance_[static_cast<size_t>(item.importance())];
  if (IsPicture(item)) {
    pictures_.Push(slots_, std::move(item), now);
  } else {
    QueueOf(item).Push(slots_, std::move(item), now);
  }
  return std::nullopt;
}

std::optional<Pacer::Item> Pacer::Pop(Timestamp now) {
  Prune(now);
  if (empty()) {
    if (probe_) probe_->retry = now + kProbeRetry;
    return std::nullopt;
  }
  if (audio_.empty() && !IsDue(now)) return std::nullopt;
  Item item = TakeNext();
  Discount(item);
  Account(now, item);
  return item;
}

bool Pacer::Passes(Timestamp now, Item& item) {
  if (!empty() || broken_count_ != 0) return false;
  if (probe_) Prune(now);
  if (item.kind != MediaKind::kAudio && !IsDue(now)) return false;
  Account(now, item);
  return true;
}

void Pacer::Account(Timestamp now, Item& item) {
  const size_t size = item.packet.size();
  if (item.numbered) item.probe = probe();
  item.probe != 0 ? SpendProbe(now, size) : Spend(now, size);
}

Pacer::Item Pacer::TakeNext() {
  if (!audio_.empty()) return audio_.Pop(slots_);
  if (!retransmissions_.empty()) return retransmissions_.Pop(slots_);
  if (!pictures_.empty()) return pictures_.Pop(slots_);
  return padding_.Pop(slots_);
}

std::optional<Pacer::Evicted> Pacer::PollEvicted() {
  if (evicted_.empty()) return std::nullopt;
  const Evicted evicted = evicted_.back();
  evicted_.pop_back();
  return evicted;
}

std::optional<Timestamp> Pacer::NextTimeout() const {
  if (!audio_.empty()) return slots_[audio_.front()].since;
  if (probe_) {
    const Timestamp due = probe_->budget.Due(probe_->plan.rate);
    return std::min(empty() ? std::max(due, probe_->retry) : due, probe_->deadline);
  }
  if (empty()) return std::nullopt;
  return rate_ ? std::max(oldest_, budget_.Due(*rate_)) : oldest_;
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
  if (!probe_) return Spend(now, bytes);
  probe_->retry = now;
  SpendProbe(now, bytes);
}

Duration Pacer::queue_delay() const {
  if (!rate_) return Duration(0);
  return DataSize::Bytes(static_cast<int64_t>(bytes_)) / *rate_;
}

size_t Pacer::Forget(uint32_t owner) {
  size_t forgotten = 0;
  ForEachQueue([&](PacerQueue& queue) {
    forgotten += queue.RemoveIf(slots_, [&](const Item& item) {
      if (item.owner != owner) return false;
      Discount(item);
      return true;
    });
  });
  return forgotten;
}

bool Pacer::IsPicture(const Item& item) {
  return item.kind == MediaKind::kVideo && !item.retransmission && !item.padding;
}

// Of what is not a picture.
PacerQueue& Pacer::QueueOf(const Item& item) {
  if (item.padding) return padding_;
  return item.retransmission ? retransmissions_ : audio_;
}

template <typename Visit>
void Pacer::ForEachQueue(Visit visit) {
  for (PacerQueue* queue : {&audio_, &retransmissions_, &padding_}) visit(*queue);
  pictures_.ForEach([&](PacerQueue& queue, uint32_t) { visit(queue); });
}

size_t Pacer::ByteLimit() const {
  if (!rate_) return kMaxBytes;
  const auto in_time = static_cast<size_t>((*rate_ * kMaxDelay).bytes());
  return std::clamp(in_time, kMinBytes, kMaxBytes);
}

bool Pacer::Fits(size_t bytes) const { return items_ < kMaxItems && bytes_ + bytes <= ByteLimit(); }

// The least important first, and of the same importance what belongs to an owner who has more than
// a fair share of the queue. Such an owner also gives way to a picture of the same importance.
void Pacer::MakeRoom(const Item& item) {
  const auto importance = static_cast<size_t>(item.importance());
  const size_t size = item.packet.size();
  const size_t waiting = pictures_.bytes_of(item.owner);
  const size_t share = ByteLimit() / (pictures_.waiting() + (waiting == 0 ? 1 : 0));
  for (size_t i = 0; i < importance && !Fits(size); ++i) {
    if (by_importance_[i] == 0) continue;
    Evict(static_cast<Importance>(i), size, share);
    if (!Fits(size)) Evict(static_cast<Importance>(i), size, 0);
  }
  const bool is_modest = IsPicture(item) && waiting + size <= share;
  if (is_modest && !Fits(size)) Evict(item.importance(), size, share);
}

// The oldest go first: they have the least use left. What is left of their frames goes with them.
// Pictures only of those who have more than `share` bytes waiting.
void Pacer::Evict(Importance importance, size_t bytes, size_t share) {
  const size_t limit = ByteLimit();
  const size_t goal_bytes = limit - std::min(limit, std::max(bytes, limit / kRelief));
  const size_t goal_items = kMaxItems - kMaxItems / kRelief;
  ForEachQueue([&](PacerQueue& queue) {
    queue.RemoveIf(slots_, [&](const Item& item) {
      const bool chosen = item.importance() == importance &&
                          (bytes_ > goal_bytes || items_ > goal_items) &&
                          (!IsPicture(item) || queue.bytes() > share);
      if (!chosen && !IsBroken(item)) return false;
      if (chosen) Break(item);
      Discount(item);
      Report(item.owner, DropReason::kQueueFull);
      return true;
    });
  });
}

void Pacer::Prune(Timestamp now) {
  if (probe_ && now >= probe_->deadline) probe_.reset();
  if (!empty() && now - oldest_ > kMaxAge) {
    oldest_ = now;
    ForEachQueue([&](PacerQueue& queue) { PruneQueue(now, queue); });
  }
  if (empty()) broken_count_ = 0;
}

void Pacer::PruneQueue(Timestamp now, PacerQueue& queue) {
  while (!queue.empty() && now - slots_[queue.front()].since > kMaxAge) {
    const Item item = queue.Pop(slots_);
    Break(item);
    Discount(item);
    Report(item.owner, DropReason::kQueueAge);
  }
  if (!queue.empty()) oldest_ = std::min(oldest_, slots_[queue.front()].since);
}

void Pacer::Break(const Item& item) {
  if (!IsPicture(item) || IsBroken(item)) return;
  broken_[next_broken_] = {item.owner, item.rewrite.timestamp, item.importance()};
  next_broken_ = (next_broken_ + 1) % kMaxBroken;
  broken_count_ = std::min(broken_count_ + 1, kMaxBroken);
}

bool Pacer::IsBroken(const Item& item) const {
  if (broken_count_ == 0 || !IsPicture(item)) return false;
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
