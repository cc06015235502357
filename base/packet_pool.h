// Fixed slots of 2 KiB in which datagrams live from the socket to the last receiver.
//
// A slot holds the bytes and a small note: plain data that the layer which parsed the bytes keeps
// beside them, so that everybody who holds the packet shares the result of one parse. References
// are counted without atomics: a worker has one thread. Once a packet is shared it is immutable.
//
// The pool grows in chunks up to a limit and never shrinks, so that steady state allocates nothing.

#ifndef SLUICE_BASE_PACKET_POOL_H_
#define SLUICE_BASE_PACKET_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time.h"

namespace sluice {

class PacketPool;

// What a slot looks like. Only PacketPool and PacketRef touch it.
struct alignas(64) PacketSlot {
  static constexpr size_t kSlotSize = 2048;
  static constexpr size_t kNoteSize = 160;
  // Leaves room for a full Ethernet frame and then some; a longer datagram is truncated by the
  // kernel and dropped as kTruncated.
  static constexpr size_t kCapacity = kSlotSize - kNoteSize - 32;

  PacketPool* pool;
  PacketSlot* next_free;
  uint32_t references;
  uint32_t size;
  Timestamp arrival;
  alignas(16) uint8_t note[kNoteSize];
  uint8_t data[kCapacity];
};
static_assert(sizeof(PacketSlot) == PacketSlot::kSlotSize);

// A counted reference to a packet. Empty by default.
class PacketRef {
 public:
  PacketRef() = default;
  PacketRef(const PacketRef& other) : slot_(other.slot_) {
    if (slot_ != nullptr) ++slot_->references;
  }
  PacketRef(PacketRef&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  PacketRef& operator=(PacketRef other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~PacketRef();

  explicit operator bool() const { return slot_ != nullptr; }
  bool operator==(const PacketRef&) const = default;

  ByteView bytes() const { return {slot_->data, slot_->size}; }
  size_t size() const { return slot_->size; }
  uint32_t references() const { return slot_ == nullptr ? 0 : slot_->references; }
  // When the kernel received it.
  Timestamp arrival() const { return slot_->arrival; }

  // For the owner of a packet that nobody shares yet.
  ByteSpan buffer() { return {slot_->data, PacketSlot::kCapacity}; }
  ByteSpan mutable_bytes() { return {slot_->data, slot_->size}; }
  void set_size(size_t size) {
    SLUICE_DCHECK(size <= PacketSlot::kCapacity);
    slot_->size = static_cast<uint32_t>(size);
  }
  void set_arrival(Timestamp arrival) { slot_->arrival = arrival; }

  // The note, created in place by MakeNote and read by Note. The slot does not remember the type:
  // a reader and the maker must agree on it, which they do by being the same class.
  template <typename T, typename... Args>
  T& MakeNote(Args&&... args) {
    static_assert(sizeof(T) <= PacketSlot::kNoteSize && alignof(T) <= 16);
    static_assert(std::is_trivially_destructible_v<T>);
    return *new (slot_->note) T{std::forward<Args>(args)...};
  }
  template <typename T>
  T& Note() const {
    return *std::launder(reinterpret_cast<T*>(slot_->note));
  }

 private:
  friend class PacketPool;
  explicit PacketRef(PacketSlot* slot) : slot_(slot) {}

  PacketSlot* slot_ = nullptr;
};

// Must outlive every reference it gave out.
class PacketPool {
 public:
  // 64 MiB: two seconds of store for about 15,000 packets per second of distinct input.
  static constexpr size_t kDefaultMaxSlots = 32'768;

  explicit PacketPool(size_t max_slots = kDefaultMaxSlots) : max_slots_(max_slots) {}
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // An empty packet with one reference, or an empty reference when the limit is reached.
  PacketRef Allocate();
  // The same, holding a copy of `bytes`; empty if they do not fit.
  PacketRef Copy(ByteView bytes, Timestamp arrival);

  size_t in_use() const { return in_use_; }
  size_t allocated() const { return allocated_; }
  // How often Allocate had nothing to give.
  uint64_t exhausted() const { return exhausted_; }

 private:
  friend class PacketRef;
  static constexpr size_t kSlotsPerChunk = 64;

  void Release(PacketSlot* slot);
  bool Grow();

  const size_t max_slots_;
  std::vector<std::unique_ptr<PacketSlot[]>> chunks_;
  PacketSlot* free_ = nullptr;
  size_t allocated_ = 0;
  size_t in_use_ = 0;
  uint64_t exhausted_ = 0;
};

inline PacketRef::~PacketRef() {
  if (slot_ != nullptr && --slot_->references == 0) slot_->pool->Release(slot_);
}

}  // namespace sluice

#endif  // SLUICE_BASE_PACKET_POOL_H_
