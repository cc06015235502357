#include "rtp/send/retransmission_cache.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {
namespace {

// Half a second of sound, a few frames of picture.
constexpr size_t kFirstSize = 32;

uint32_t AgeLimit(MediaKind kind) {
  const Duration age =
      kind == MediaKind::kVideo ? RetransmissionCache::kVideoAge : RetransmissionCache::kAudioAge;
  return static_cast<uint32_t>(age / std::chrono::milliseconds(1));
}

}  // namespace

RetransmissionCache::RetransmissionCache(MediaKind kind)
    : max_age_ms_(AgeLimit(kind)),
      max_entries_(kind == MediaKind::kVideo ? kMaxVideoEntries : kMaxAudioEntries) {}

void RetransmissionCache::Store(Timestamp now, const RtpPacket& packet, const Rewrite& rewrite) {
  const uint32_t now_ms = Milliseconds(now);
  const int64_t seq = unwrapper_.Unwrap(rewrite.seq.value()).value;
  Expire(now);
  if (seq >= head_) {
    if (stored_ == 0) tail_ = seq;
    MakeRoom(seq, now_ms);
    head_ = seq + 1;
  } else if (seq < tail_) {
    // Late: room can be made backwards only as far as the ring reaches.
    if (head_ - seq > static_cast<int64_t>(ring_.size())) return;
    tail_ = seq;
  }
  Entry& entry = Slot(seq);
  Release(entry);
  entry = Entry{packet, rewrite, now_ms, 0, 0};
  ++stored_;
}

std::variant<const RetransmissionCache::Entry*, DropReason> RetransmissionCache::Find(
    Timestamp now, SeqNo seq, Duration rtt) {
  const uint32_t now_ms = Milliseconds(now);
  if (Lookup(now_ms, seq) == nullptr) return DropReason::kRtxUnavailable;
  Entry& entry = Slot(unwrapper_.Peek(seq.value()).value);
  if (entry.repeats >= kMaxRepeats) return DropReason::kRtxRepeated;
  const Duration spacing = rtt > Duration(0) ? std::min(rtt, kMaxRtt) : kAssumedRtt;
  // At least one tick of the clock used here, so that one NACK that names a packet twice gets one.
  const auto spacing_ms = std::max<int64_t>(spacing / std::chrono::milliseconds(1), 1);
  const uint32_t age = now_ms - entry.stored_ms;
  if (entry.repeats > 0 && age - entry.repeated_ms < spacing_ms) return DropReason::kRtxRepeated;
  entry.repeated_ms = static_cast<uint16_t>(age);
  ++entry.repeats;
  return &entry;
}

std::optional<uint8_t> RetransmissionCache::RepeatsOf(Timestamp now, SeqNo seq) const {
  const Entry* entry = Lookup(Milliseconds(now), seq);
  if (entry == nullptr) return std::nullopt;
  return entry->repeats;
}

const RetransmissionCache::Entry* RetransmissionCache::Lookup(uint32_t now_ms, SeqNo seq) const {
  if (ring_.empty()) return nullptr;
  const int64_t number = unwrapper_.Peek(seq.value()).value;
  const Entry& entry = ring_[static_cast<size_t>(number) & (ring_.size() - 1)];
  const bool stored = entry.packet && entry.rewrite.seq == seq && !IsExpired(entry, now_ms);
  return stored ? &entry : nullptr;
}

const RetransmissionCache::Entry* RetransmissionCache::Peek(Timestamp now, int64_t number) const {
  if (number < tail_ || number >= head_) return nullptr;
  const Entry& entry = ring_[static_cast<size_t>(number) & (ring_.size() - 1)];
  return entry.packet && !IsExpired(entry, Milliseconds(now)) ? &entry : nullptr;
}

void RetransmissionCache::Expire(Timestamp now) {
  const uint32_t now_ms = Milliseconds(now);
  while (tail_ < head_) {
    Entry& entry = Slot(tail_);
    if (entry.packet && !IsExpired(entry, now_ms)) return;
    Release(entry);
    ++tail_;
  }
}

void RetransmissionCache::Clear() { ReleaseUpTo(head_); }

uint32_t RetransmissionCache::Milliseconds(Timestamp time) {
  return static_cast<uint32_t>(time.time_since_epoch().count() / 1000);
}

bool RetransmissionCache::IsExpired(const Entry& entry, uint32_t now_ms) const {
  return now_ms - entry.stored_ms > max_age_ms_;
}

void RetransmissionCache::Release(Entry& entry) {
  if (!entry.packet) return;
  entry.packet = RtpPacket();
  --stored_;
}

void RetransmissionCache::ReleaseUpTo(int64_t end) {
  for (; tail_ < std::min(end, head_); ++tail_) Release(Slot(tail_));
  tail_ = std::max(tail_, end);
}

void RetransmissionCache::MakeRoom(int64_t newest, uint32_t now_ms) {
  // A gap wider than any ring leaves nothing that could still be asked for.
  if (newest - tail_ >= static_cast<int64_t>(2 * max_entries_)) ReleaseUpTo(newest);
  const auto needed = static_cast<size_t>(newest - tail_ + 1);
  size_t size = std::max(ring_.size(), kFirstSize);
  while (size < needed && size < max_entries_) size *= 2;
  if (size > ring_.size()) Grow(size);
  const int64_t first = newest + 1 - static_cast<int64_t>(ring_.size());
  for (int64_t seq = tail_; seq < std::min(first, head_); ++seq) {
    const Entry& entry = Slot(seq);
    if (entry.packet && !IsExpired(entry, now_ms)) ++evicted_;
  }
  if (tail_ < first) ReleaseUpTo(first);
}

void RetransmissionCache::Grow(size_t size) {
  std::vector<Entry> larger(size);
  for (int64_t seq = tail_; seq < head_; ++seq) {
    larger[static_cast<size_t>(seq) & (size - 1)] = std::move(Slot(seq));
  }
  ring_ = std::move(larger);
}

}  // namespace sluice::rtp
