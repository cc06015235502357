// Names of things: numbers without arithmetic, and handles that know when they are stale.

#ifndef SLUICE_BASE_IDS_H_
#define SLUICE_BASE_IDS_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sluice {

// A number that names something. Two tags never mix, and nothing can be added to a name.
template <typename Tag, typename T>
class StrongId {
 public:
  using Value = T;

  constexpr StrongId() = default;
  constexpr explicit StrongId(T value) : value_(value) {}

  constexpr T value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const StrongId& id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  T value_{};
};

using Ssrc = StrongId<struct SsrcTag, uint32_t>;            // RFC 3550 §5.1
using PayloadType = StrongId<struct PayloadTypeTag, uint8_t>;  // 0..127
using SocketId = StrongId<struct SocketTag, uint32_t>;      // a listening socket of the worker

// How engine objects name one another: a slot and the generation it had then. A handle to an
// object that has gone finds nothing, even if the slot has a new tenant.
template <typename T>
struct Handle {
  uint32_t slot = 0;
  uint32_t generation = 0;  // Zero names nothing.

  constexpr explicit operator bool() const { return generation != 0; }
  constexpr auto operator<=>(const Handle&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const Handle& handle) {
    return H::combine(std::move(state), handle.slot, handle.generation);
  }
};

// Owns objects of one kind and gives out handles to them. A pointer is valid until its object is
// erased; a handle is valid for ever.
template <typename T>
class SlotMap {
 public:
  template <typename... Args>
  Handle<T> Emplace(Args&&... args) {
    uint32_t slot;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    slots_[slot].value = std::make_unique<T>(std::forward<Args>(args)...);
    ++size_;
    return {slot, slots_[slot].generation};
  }

  T* Find(Handle<T> handle) {
    if (handle.slot >= slots_.size()) return nullptr;
    Slot& slot = slots_[handle.slot];
    if (slot.generation != handle.generation || !slot.value) return nullptr;
    return slot.value.get();
  }

  const T* Find(Handle<T> handle) const { return const_cast<SlotMap*>(this)->Find(handle); }

  bool Erase(Handle<T> handle) {
    if (Find(handle) == nullptr) return false;
    Slot& slot = slots_[handle.slot];
    slot.value.reset();
    // Generation zero is kept for the null handle.
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(handle.slot);
    --size_;
    return true;
  }

  size_t size() const { return size_; }

  // The handle of whatever lives in `slot` now; null if nothing does.
  Handle<T> At(uint32_t slot) const {
    if (slot >= slots_.size() || !slots_[slot].value) return {};
    return {slot, slots_[slot].generation};
  }

  // Calls `visit(Handle<T>, T&)` for every object. `visit` may not add or erase any.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].value) visit(Handle<T>{i, slots_[i].generation}, *slots_[i].value);
    }
  }

 private:
  struct Slot {
    uint32_t generation = 1;
    std::unique_ptr<T> value;
  };

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_BASE_IDS_H_
