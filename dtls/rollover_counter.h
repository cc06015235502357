// How often the sequence numbers of a stream have wrapped, which is on no wire (RFC 3711 §3.3.1).

#ifndef SLUICE_DTLS_ROLLOVER_COUNTER_H_
#define SLUICE_DTLS_ROLLOVER_COUNTER_H_

#include <cstdint>

namespace sluice::dtls {

// A packet's index is 2^16 * (wraps before it) + its sequence number. A stream is taken to begin
// without a wrap; its owner may know better and Advance() to where it does begin.
class RolloverCounter {
 public:
  // The counter itself has 32 bits. A stream that has used them up needs new keys.
  static constexpr uint64_t kLastIndex = (uint64_t{1} << 48) - 1;

  // RFC 3711 §3.3.1: of the indices that a sequence number may stand for, the one next to the
  // highest seen. May lie beyond kLastIndex.
  uint64_t Guess(uint16_t seq) const {
    constexpr int kHalf = 1 << 15;
    const uint64_t round = highest_ >> 16;
    const int last = static_cast<uint16_t>(highest_);
    if (last < kHalf) {
      // Before the first round there is none that the packet could be late from.
      return Index(seq - last > kHalf && round > 0 ? round - 1 : round, seq);
    }
    return Index(last - kHalf > seq ? round + 1 : round, seq);
  }

  // Only for packets that have been authenticated, or that we send.
  void Advance(uint64_t index) {
    if (index > highest_) highest_ = index;
  }

  uint64_t highest() const { return highest_; }

 private:
  static uint64_t Index(uint64_t round, uint16_t seq) { return round << 16 | seq; }

  uint64_t highest_ = 0;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_ROLLOVER_COUNTER_H_
