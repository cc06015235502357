// A bounded table of what is known about each SSRC.

#ifndef SLUICE_DTLS_SSRC_TABLE_H_
#define SLUICE_DTLS_SSRC_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/ids.h"

namespace sluice::dtls {

// Sorted, and the SSRCs apart from their states, so that looking one up among thousands touches few
// cache lines. It allocates when a stream begins and never to look one up. A pointer is valid until
// the next Insert() or Erase().
template <typename State, size_t kCapacity>
class SsrcTable {
 public:
  State* Find(Ssrc ssrc) {
    const size_t place = PlaceOf(ssrc);
    return IsAt(place, ssrc) ? &states_[place] : nullptr;
  }

  // A new state, or the one that is there; nothing if the table is full.
  State* Insert(Ssrc ssrc) {
    const size_t place = PlaceOf(ssrc);
    if (IsAt(place, ssrc)) return &states_[place];
    if (full()) return nullptr;
    ssrcs_.insert(ssrcs_.begin() + static_cast<ptrdiff_t>(place), ssrc);
    return &*states_.insert(states_.begin() + static_cast<ptrdiff_t>(place), State());
  }

  // False if it was not there.
  bool Erase(Ssrc ssrc) {
    const size_t place = PlaceOf(ssrc);
    if (!IsAt(place, ssrc)) return false;
    ssrcs_.erase(ssrcs_.begin() + static_cast<ptrdiff_t>(place));
    states_.erase(states_.begin() + static_cast<ptrdiff_t>(place));
    return true;
  }

  size_t size() const { return ssrcs_.size(); }
  bool full() const { return size() == kCapacity; }

 private:
  size_t PlaceOf(Ssrc ssrc) const {
    return static_cast<size_t>(std::ranges::lower_bound(ssrcs_, ssrc) - ssrcs_.begin());
  }
  bool IsAt(size_t place, Ssrc ssrc) const {
    return place < ssrcs_.size() && ssrcs_[place] == ssrc;
  }

  std::vector<Ssrc> ssrcs_;
  std::vector<State> states_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SSRC_TABLE_H_
