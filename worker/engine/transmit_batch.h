// Datagrams on their way out, packed one behind the other in one buffer.
//
// The engine appends all that one peer is owed before it turns to the next, so that neighbours
// have one destination and the shell may send them as one segment train without moving a byte.

#ifndef SLUICE_WORKER_ENGINE_TRANSMIT_BATCH_H_
#define SLUICE_WORKER_ENGINE_TRANSMIT_BATCH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"

namespace sluice::worker {

class TransmitBatch {
 public:
  struct Entry {
    Path path;
    uint32_t offset = 0;
    uint32_t size = 0;
  };

  // Room every datagram can count on. More than any path MTU carries; what does not fit is dropped
  // as kTooLarge by whoever writes it.
  static constexpr size_t kMaxDatagram = 2048;
  // Enough to cover a key frame to a few dozen receivers between two flushes, small enough to stay
  // in the second-level cache together with the packets it is made from.
  static constexpr size_t kMaxEntries = 256;
  static constexpr size_t kCapacity = 256 * 1024;

  TransmitBatch();

  // Where the next datagram may be written: kMaxDatagram bytes or more, or nothing when full.
  ByteSpan Room() {
    if (entries_.size() == kMaxEntries || kCapacity - used_ < kMaxDatagram) return {};
    return ByteSpan(buffer_.get() + used_, kCapacity - used_);
  }

  // How many datagrams of any size there is still room for.
  size_t room() const {
    return std::min(kMaxEntries - entries_.size(), (kCapacity - used_) / kMaxDatagram);
  }

  // Whether neighbours of one size leave together, so that it is worth making them so.
  bool forms_trains() const { return forms_trains_; }
  void set_forms_trains(bool forms) { forms_trains_ = forms; }

  // Adds the first `size` bytes of Room() as one datagram.
  void Commit(const Path& path, size_t size);

  // The datagram is not sent after all; its size becomes zero.
  void TakeBack(size_t index) { entries_[index].size = 0; }

  std::span<const Entry> entries() const { return entries_; }
  ByteView bytes(const Entry& entry) const { return {buffer_.get() + entry.offset, entry.size}; }
  size_t bytes() const { return used_; }
  bool empty() const { return entries_.empty(); }
  void Clear();

 private:
  std::unique_ptr<uint8_t[]> buffer_;
  size_t used_ = 0;
  bool forms_trains_ = true;
  std::vector<Entry> entries_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRANSMIT_BATCH_H_
