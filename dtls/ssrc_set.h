// A bounded set of SSRCs that allocates nothing.

#ifndef SLUICE_DTLS_SSRC_SET_H_
#define SLUICE_DTLS_SSRC_SET_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/ids.h"

namespace sluice::dtls {

// Sorted, so that looking one up among hundreds is a handful of comparisons. Changes are rare:
// a stream begins or ends.
template <size_t kCapacity>
class SsrcSet {
 public:
  bool Contains(Ssrc ssrc) const { return std::binary_search(begin(), end(), ssrc); }

  // False if the set is full.
  bool Insert(Ssrc ssrc) {
    Ssrc* const place = std::lower_bound(begin(), end(), ssrc);
    if (place != end() && *place == ssrc) return true;
    if (full()) return false;
    std::move_backward(place, end(), end() + 1);
    *place = ssrc;
    ++size_;
    return true;
  }

  // False if it was not there.
  bool Erase(Ssrc ssrc) {
    Ssrc* const place = std::lower_bound(begin(), end(), ssrc);
    if (place == end() || *place != ssrc) return false;
    std::move(place + 1, end(), place);
    --size_;
    return true;
  }

  size_t size() const { return size_; }
  bool full() const { return size_ == kCapacity; }

 private:
  const Ssrc* begin() const { return values_.data(); }
  const Ssrc* end() const { return values_.data() + size_; }
  Ssrc* begin() { return values_.data(); }
  Ssrc* end() { return values_.data() + size_; }

  std::array<Ssrc, kCapacity> values_{};
  size_t size_ = 0;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SSRC_SET_H_
