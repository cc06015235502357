// Which packets of a stream have been taken already (RFC 3711 §3.3.2).
//
// It remembers the last kSize indices below the highest one; what is older counts as seen.

#ifndef SLUICE_DTLS_REPLAY_WINDOW_H_
#define SLUICE_DTLS_REPLAY_WINDOW_H_

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace sluice::dtls {

class ReplayWindow {
 public:
  // RFC 3711 §3.3.2 asks for at least 64. A retransmission on its original SSRC can be a second
  // late, which is about 1,000 packets of a fast stream.
  static constexpr size_t kSize = 1024;

  // False for a packet that was taken before, or is too old to tell.
  bool Accepts(uint64_t index) const {
    if (index > highest_) return true;
    return highest_ - index < kSize && !seen_[index % kSize];
  }

  // Only for packets that have been authenticated: a forged index must not move the window.
  void Add(uint64_t index) {
    if (index > highest_) {
      Advance(index);
    } else if (highest_ - index >= kSize) {
      return;
    }
    seen_[index % kSize] = true;
  }

 private:
  // Indices that are passed over have not been seen; their places hold what is a window older.
  void Advance(uint64_t index) {
    if (index - highest_ >= kSize) {
      seen_.reset();
    } else {
      for (uint64_t skipped = highest_ + 1; skipped <= index; ++skipped) {
        seen_[skipped % kSize] = false;
      }
    }
    highest_ = index;
  }

  std::bitset<kSize> seen_;
  uint64_t highest_ = 0;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_REPLAY_WINDOW_H_
