#include "worker/engine/transmit_batch.h"

#include "base/check.h"

namespace sluice::worker {

TransmitBatch::TransmitBatch() : buffer_(std::make_unique_for_overwrite<uint8_t[]>(kCapacity)) {
  entries_.reserve(kMaxEntries);
}

void TransmitBatch::Commit(const Path& path, size_t size) {
  SLUICE_CHECK(entries_.size() < kMaxEntries && used_ + size <= kCapacity);
  entries_.push_back({path, static_cast<uint32_t>(used_), static_cast<uint32_t>(size)});
  used_ += size;
}

void TransmitBatch::Clear() {
  entries_.clear();
  used_ = 0;
}

}  // namespace sluice::worker
