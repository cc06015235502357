// Numbers that wrap on the wire, and the 64-bit numbers they stand for.
//
// A wire number has no `<`: which of two is newer depends on how far apart they are assumed to be
// at most. Unwrapped numbers have it. The two are different types so that nobody compares the
// wrong ones.

#ifndef SLUICE_BASE_SEQ_NO_H_
#define SLUICE_BASE_SEQ_NO_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace sluice {

// A 16-bit sequence number as it stands in a packet (RFC 3550 §5.1).
class SeqNo {
 public:
  using Wire = uint16_t;

  constexpr SeqNo() = default;
  constexpr explicit SeqNo(uint16_t value) : value_(value) {}

  constexpr uint16_t value() const { return value_; }
  constexpr bool operator==(const SeqNo&) const = default;
  constexpr SeqNo operator+(int step) const {
    return SeqNo(static_cast<uint16_t>(value_ + step));
  }

  // How far `this` is ahead of `other`, taking the shorter way round; -32768..32767.
  constexpr int DistanceFrom(SeqNo other) const {
    return static_cast<int16_t>(static_cast<uint16_t>(value_ - other.value_));
  }

 private:
  uint16_t value_ = 0;
};

// A number that no longer wraps. `Tag` says of what kind, so that a packet's sequence number is
// never compared with a transport-wide one.
template <typename Tag>
struct Unwrapped {
  int64_t value = 0;

  constexpr auto operator<=>(const Unwrapped&) const = default;
  constexpr Unwrapped operator+(int64_t step) const { return {value + step}; }
  constexpr int64_t operator-(const Unwrapped& other) const { return value - other.value; }
};

struct RtpSequence;
struct TransportSequence;
struct RtpClock;
using RtpSeq = Unwrapped<RtpSequence>;
using TransportSeq = Unwrapped<TransportSequence>;
using RtpTime = Unwrapped<RtpClock>;

// Turns wire numbers of width `Wire` into unwrapped ones by assuming that each is within half the
// number space of the newest one before it. The first starts in the second lap, so that packets
// reordered before it stay positive.
template <typename Kind, typename Wire>
class Unwrapper {
  static_assert(std::is_unsigned_v<Wire>);
  using Signed = std::make_signed_t<Wire>;

 public:
  // Unwraps `wire` and remembers it if it is the newest.
  Kind Unwrap(Wire wire) {
    const Kind result = Peek(wire);
    if (!newest_ || *newest_ < result) newest_ = result;
    return result;
  }

  // Unwraps `wire` without remembering anything: for numbers that are not yet authentic.
  Kind Peek(Wire wire) const {
    if (!newest_) return Kind{static_cast<int64_t>(wire) + kLap};
    const auto distance = static_cast<Signed>(
        static_cast<Wire>(wire - static_cast<Wire>(newest_->value)));
    return Kind{newest_->value + distance};
  }

  std::optional<Kind> newest() const { return newest_; }

 private:
  static constexpr int64_t kLap = int64_t{1} << (8 * sizeof(Wire));
  std::optional<Kind> newest_;
};

}  // namespace sluice

#endif  // SLUICE_BASE_SEQ_NO_H_
