#include "base/packet_pool.h"

#include <algorithm>

namespace sluice {

PacketPool::~PacketPool() {
  // A reference that outlives the pool would write into freed memory when it goes.
  SLUICE_CHECK(in_use_ == 0);
}

PacketRef PacketPool::Allocate() {
  if (free_ == nullptr && !Grow()) {
    ++exhausted_;
    return PacketRef();
  }
  PacketSlot* slot = free_;
  free_ = slot->next_free;
  slot->references = 1;
  slot->size = 0;
  slot->arrival = Timestamp();
  ++in_use_;
  return PacketRef(slot);
}

PacketRef PacketPool::Copy(ByteView bytes, Timestamp arrival) {
  if (bytes.size() > PacketSlot::kCapacity) return PacketRef();
  PacketRef packet = Allocate();
  if (!packet) return packet;
  // Not std::ranges::copy: GCC 12's goes byte by byte where the source is constant.
  std::copy(bytes.begin(), bytes.end(), packet.buffer().begin());
  packet.set_size(bytes.size());
  packet.set_arrival(arrival);
  return packet;
}

void PacketPool::Release(PacketSlot* slot) {
  slot->next_free = free_;
  free_ = slot;
  --in_use_;
}

bool PacketPool::Grow() {
  const size_t fresh = std::min(kSlotsPerChunk, max_slots_ - allocated_);
  if (fresh == 0) return false;
  chunks_.push_back(std::make_unique_for_overwrite<PacketSlot[]>(fresh));
  allocated_ += fresh;
  for (size_t i = fresh; i-- > 0;) {
    PacketSlot& slot = chunks_.back()[i];
    slot.pool = this;
    slot.next_free = free_;
    free_ = &slot;
  }
  return true;
}

}  // namespace sluice
