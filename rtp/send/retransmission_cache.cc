#include "rtp/send/retransmission_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::rtp {
namespace {

// A stream whose rate varies needs a few more chunks now and then. An eighth more than it has
// needed so far, so that this ends soon.
constexpr size_t kReserve = 8;

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
  const int64_t number = unwrapper_.Unwrap(rewrite.seq.value()).value;
  Expire(now);
  if (stored_ == 0) BeginAt(number);
  if (number >= head_) {
    MakeRoom(number, now_ms);
    head_ = number + 1;
  } else if (number < tail_) {
    // Late: room can be made backwards only as far as the table reaches.
    const auto reach = static_cast<int64_t>(chunks_.size());
    const bool fits = head_ - number <= static_cast<int64_t>(max_entries_);
    if (!fits || ChunkOf(head_ - 1) - ChunkOf(number) >= reach) return;
    tail_ = number;
  }
  newest_ms_ = now_ms;
  Write(number, packet, rewrite);
}

void RetransmissionCache::Write(int64_t number, const RtpPacket& packet, const Rewrite& rewrite) {
  ChunkPtr& chunk = ChunkAt(ChunkOf(number));
  if (chunk == nullptr) chunk = TakeChunk();
  Slot& slot = chunk->slots[PlaceIn(number)];
  if (!slot.packet) ++stored_;
  ssrc_ = rewrite.ssrc;
  slot.packet = packet;
  slot.timestamp = rewrite.timestamp;
  slot.picture_id = rewrite.picture_id;
  slot.frame_number = rewrite.frame_number;
  slot.stored_ms = static_cast<uint16_t>(newest_ms_);
  slot.repeated_ms = 0;
  slot.repeats = 0;
  slot.payload_type = rewrite.payload_type;
  slot.base_index = rewrite.base_index;
  slot.key_index = rewrite.key_index;
  slot.patch = rewrite.patch;
  slot.marker = rewrite.marker;
  slot.padding_only = rewrite.padding_only;
  slot.renumbers_frame = rewrite.renumbers_frame;
  has_targets_ |= rewrite.target_count != 0;
  if (!has_targets_) return;
  if (!chunk->targets) chunk->targets = std::make_unique<std::array<Targets, kChunkSize>>();
  (*chunk->targets)[PlaceIn(number)] = {rewrite.active_targets, rewrite.target_count};
}

RetransmissionCache::Entry RetransmissionCache::EntryOf(int64_t number) const {
  const Chunk& chunk = *ChunkAt(ChunkOf(number));
  const Slot& slot = chunk.slots[PlaceIn(number)];
  Rewrite rewrite;
  rewrite.ssrc = ssrc_;
  rewrite.timestamp = slot.timestamp;
  rewrite.seq = SeqNo(static_cast<uint16_t>(number));
  rewrite.payload_type = slot.payload_type;
  rewrite.marker = slot.marker;
  rewrite.padding_only = slot.padding_only;
  rewrite.renumbers_frame = slot.renumbers_frame;
  rewrite.patch = slot.patch;
  rewrite.base_index = slot.base_index;
  rewrite.key_index = slot.key_index;
  rewrite.picture_id = slot.picture_id;
  rewrite.frame_number = slot.frame_number;
  if (chunk.targets) {
    const Targets& targets = (*chunk.targets)[PlaceIn(number)];
    rewrite.active_targets = targets.active;
    rewrite.target_count = targets.count;
  }
  return {slot.packet, rewrite, static_cast<uint8_t>(slot.repeats)};
}

std::variant<RetransmissionCache::Entry, DropReason> RetransmissionCache::Find(Timestamp now,
                                                                               SeqNo seq,
                                                                               Duration rtt) {
  const uint32_t now_ms = Milliseconds(now);
  const int64_t number = unwrapper_.Peek(seq.value()).value;
  if (!IsStored(now_ms, number)) return DropReason::kRtxUnavailable;
  Slot& slot = *SlotOf(number);
  if (slot.repeats >= kMaxRepeats) return DropReason::kRtxRepeated;
  const Duration spacing = rtt > Duration(0) ? std::min(rtt, kMaxRtt) : kAssumedRtt;
  // At least one tick of the clock used here, so that one NACK that names a packet twice gets one.
  const auto spacing_ms = std::max<int64_t>(spacing / std::chrono::milliseconds(1), 1);
  const uint32_t age = AgeOf(slot, now_ms);
  if (slot.repeats > 0 && age - slot.repeated_ms < spacing_ms) return DropReason::kRtxRepeated;
  slot.repeated_ms = age & 0x1fff;
  slot.repeats = (slot.repeats + 1) & 7;
  return EntryOf(number);
}

std::optional<uint8_t> RetransmissionCache::RepeatsOf(Timestamp now, SeqNo seq) const {
  const int64_t number = unwrapper_.Peek(seq.value()).value;
  if (!IsStored(Milliseconds(now), number)) return std::nullopt;
  return static_cast<uint8_t>(SlotOf(number)->repeats);
}

std::optional<RetransmissionCache::Entry> RetransmissionCache::Peek(Timestamp now,
                                                                    int64_t number) const {
  if (!IsStored(Milliseconds(now), number)) return std::nullopt;
  return EntryOf(number);
}

bool RetransmissionCache::IsStored(uint32_t now_ms, int64_t number) const {
  if (number < tail_ || number >= head_) return false;
  const Slot* slot = SlotOf(number);
  return slot != nullptr && slot->packet && !IsExpired(*slot, now_ms);
}

void RetransmissionCache::Expire(Timestamp now) {
  const uint32_t now_ms = Milliseconds(now);
  while (tail_ < head_) {
    const Slot* slot = SlotOf(tail_);
    if (slot != nullptr && slot->packet && !IsExpired(*slot, now_ms)) return;
    AdvanceTo(tail_ + 1);
  }
}

void RetransmissionCache::Clear() {
  AdvanceTo(head_);
  std::vector<ChunkPtr>().swap(chunks_);
  std::vector<ChunkPtr>().swap(spare_);
  chunk_count_ = 0;
}

uint32_t RetransmissionCache::Milliseconds(Timestamp time) {
  return static_cast<uint32_t>(time.time_since_epoch().count() / 1000);
}

// Nothing is stored later than the newest, or so much earlier that 16 bits would not tell: that
// would have expired then.
uint32_t RetransmissionCache::AgeOf(const Slot& slot, uint32_t now_ms) const {
  return (now_ms - newest_ms_) + static_cast<uint16_t>(newest_ms_ - slot.stored_ms);
}

bool RetransmissionCache::IsExpired(const Slot& slot, uint32_t now_ms) const {
  return AgeOf(slot, now_ms) > max_age_ms_;
}

void RetransmissionCache::Release(int64_t number) {
  Slot* slot = SlotOf(number);
  if (slot == nullptr || !slot->packet) return;
  slot->packet = RtpPacket();
  --stored_;
}

void RetransmissionCache::AdvanceTo(int64_t end) {
  while (tail_ < std::min(end, head_)) {
    Release(tail_++);
    if (PlaceIn(tail_) == 0) Recycle(ChunkOf(tail_) - 1);
  }
  if (tail_ >= end) return;
  // Nothing is stored any more, but the last chunk may still be there.
  if (ChunkOf(tail_) != ChunkOf(end)) Recycle(ChunkOf(tail_));
  tail_ = end;
}

void RetransmissionCache::BeginAt(int64_t number) {
  if (ChunkOf(tail_) != ChunkOf(number)) Recycle(ChunkOf(tail_));
  tail_ = head_ = number;
}

void RetransmissionCache::MakeRoom(int64_t newest, uint32_t now_ms) {
  const auto most = static_cast<int64_t>(max_entries_);
  // A gap wider than any store leaves nothing that could still be asked for.
  if (newest - tail_ >= 2 * most) AdvanceTo(newest);
  while (newest - tail_ >= most) {
    const Slot* slot = tail_ < head_ ? SlotOf(tail_) : nullptr;
    if (slot != nullptr && slot->packet && !IsExpired(*slot, now_ms)) ++evicted_;
    AdvanceTo(tail_ + 1);
  }
  if (ChunkOf(newest) - ChunkOf(tail_) >= static_cast<int64_t>(chunks_.size())) GrowTable(newest);
}

void RetransmissionCache::GrowTable(int64_t newest) {
  const auto needed = static_cast<size_t>(ChunkOf(newest) - ChunkOf(tail_) + 1);
  std::vector<ChunkPtr> larger(std::bit_ceil(needed));
  const auto reach = static_cast<int64_t>(chunks_.size());
  for (int64_t chunk = ChunkOf(tail_); chunk < ChunkOf(tail_) + reach; ++chunk) {
    larger[static_cast<size_t>(chunk) & (larger.size() - 1)] = std::move(ChunkAt(chunk));
  }
  chunks_ = std::move(larger);
}

RetransmissionCache::ChunkPtr RetransmissionCache::TakeChunk() {
  if (spare_.empty()) {
    const size_t fresh = std::max<size_t>(chunk_count_ / kReserve, 1);
    chunk_count_ += fresh;
    spare_.reserve(chunk_count_);
    for (size_t i = 0; i < fresh; ++i) {
      spare_.push_back(std::make_unique<Chunk>());
      if (!has_targets_) continue;
      spare_.back()->targets = std::make_unique<std::array<Targets, kChunkSize>>();
    }
  }
  ChunkPtr chunk = std::move(spare_.back());
  spare_.pop_back();
  return chunk;
}

void RetransmissionCache::Recycle(int64_t chunk) {
  if (chunks_.empty()) return;
  ChunkPtr& place = ChunkAt(chunk);
  if (place != nullptr) spare_.push_back(std::move(place));
}

}  // namespace sluice::rtp
