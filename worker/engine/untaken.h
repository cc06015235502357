// Which packets of a producer a consumer has no use for, without looking at the consumer.
//
// Of a picture that is sent in several encodings everybody takes one, and of a paused consumer
// there are none. What comes is therefore marked with the encoding it belongs to, and whoever does
// not take that is left alone: such packets are counted once for all, and what a consumer has
// missed is worked out when somebody wants to know.

#ifndef SLUICE_WORKER_ENGINE_UNTAKEN_H_
#define SLUICE_WORKER_ENGINE_UNTAKEN_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/drop_reason.h"
#include "rtp/forward/layer.h"

namespace sluice::worker {

// Bit i: media of encoding i.
using EncodingBits = uint8_t;

// Packets that each consumer has to judge, because they are no media or of an unusual kind.
inline constexpr EncodingBits kForEverybody = 0x80;
inline constexpr EncodingBits kAllPackets = 0xff;
static_assert((1u << rtp::kMaxEncodings) <= kForEverybody);

// The place of the only bit of `mark`.
constexpr size_t IndexOf(EncodingBits mark) { return static_cast<size_t>(std::countr_zero(mark)); }

// How many packets of each encoding have been there for all consumers of a producer, apart from
// those that are for everybody.
using OfferedPackets = std::array<uint64_t, rtp::kMaxEncodings>;

class Untaken {
 public:
  // `offered` is the producer's and must outlive this. At first everything is taken.
  explicit Untaken(const OfferedPackets& offered) : offered_(&offered) {}

  EncodingBits taken() const { return taken_; }

  // From now on `taken` are, and what else comes is dropped for `reason`. Adds what has been
  // dropped until now to `drops`.
  void Take(EncodingBits taken, DropReason reason, DropCounters& drops) {
    AddTo(drops);
    since_ = *offered_;
    taken_ = taken;
    reason_ = reason;
  }

  // Adds what has been dropped since the last Take.
  void AddTo(DropCounters& drops) const {
    for (size_t i = 0; i < since_.size(); ++i) {
      if ((taken_ >> i & 1) == 0) drops.Count(reason_, (*offered_)[i] - since_[i]);
    }
  }

 private:
  const OfferedPackets* offered_;
  OfferedPackets since_{};
  EncodingBits taken_ = kAllPackets;
  DropReason reason_ = DropReason::kOtherLayer;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_UNTAKEN_H_
