// Gives the packets that one receiver sees numbers without gaps of our making.
//
// Dropping a packet on purpose must not look like loss, or the receiver asks for it for ever; a
// packet that the network lost must look like loss, or nobody asks for it at all. So the numbers
// that go out are the numbers that came in, less one for every packet we left out: a shift that
// grows. A run of numbers with one shift is a segment. A packet that arrives late belongs to the
// segment that was current when its number passed by, and gets the number it would have had.
//
// The newest segment is three integers, and a packet in order costs one comparison and one
// subtraction. Older segments are kept, up to a bound, in a ring that is allocated when the first
// packet is left out and searched only for packets that come late.
//
// What it is not: it neither knows why a packet is left out nor detects duplicates; mapping one
// number twice gives the same answer twice.

#ifndef SLUICE_RTP_FORWARD_SEQUENCE_MAPPER_H_
#define SLUICE_RTP_FORWARD_SEQUENCE_MAPPER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/seq_no.h"

namespace sluice::rtp {

class SequenceMapper {
 public:
  // A packet this far behind the newest is refused. Far enough for any retransmission that is still
  // of use, and so far below 2^15 that a late number can never be taken for a new one.
  static constexpr int64_t kWindow = 8192;
  // Two seconds in which every other packet of 250 a second is left out. Beyond it the oldest
  // segments are forgotten and their late packets refused.
  static constexpr size_t kMaxSegments = 256;

  // `first` is the number of the first packet that is mapped.
  explicit SequenceMapper(SeqNo first) : first_number_(first.value()) {}

  bool started() const { return started_; }
  // The newest number mapped or skipped; only of use once started.
  RtpSeq newest() const { return {newest_}; }

  // Forgets everything but the memory it took; `first` is the number of the next packet that is
  // mapped.
  void Reset(SeqNo first);

  // The next free number.
  SeqNo next() const { return started_ ? Number(newest_ + 1, shift_) : SeqNo(first_number_); }

  // Starts a run: `in` will get the next free number, whatever lies between it and the newest. The
  // numbers before it keep their meaning. `in` must be newer than the newest.
  //
  // At the very first start nobody has seen a number yet, so up to `lead` packets that come late
  // can still be given numbers before that of `in`. They never go below zero, which for SRTP would
  // be a roll-over counter below zero (RFC 3711 §3.3.1).
  void Start(RtpSeq in, int64_t lead = 0);

  // Starts a run of a source that counts by itself: `in` gets the next free number and all earlier
  // numbers of the source before lose their meaning.
  void Restart(RtpSeq in);

  // The number to send `in` with; nothing if it was left out, or lies before the first start or
  // beyond the window. Only once started.
  std::optional<SeqNo> Map(RtpSeq in) {
    if (in.value <= newest_) [[unlikely]]
      return MapLate(in.value);
    newest_ = in.value;
    return Number(in.value, shift_);
  }

  // Leaves `in` out, and closes the gap if nothing newer has passed; a hole of one number stays
  // otherwise, because the numbers on both sides of it are already out. Only once started.
  void Skip(RtpSeq in);

  // Bytes of heap in use, for tests that guard the bound.
  size_t memory() const { return ring_.capacity() * sizeof(Segment); }

 private:
  // Numbers [first, first + length) of the source went out less `shift` (modulo 2^16).
  struct Segment {
    int64_t first;
    uint32_t length;
    uint16_t shift;
  };

  static SeqNo Number(int64_t in, int64_t shift) {
    return SeqNo(static_cast<uint16_t>(static_cast<uint64_t>(in) - static_cast<uint64_t>(shift)));
  }

  std::optional<SeqNo> MapLate(int64_t in) const;
  // Moves [first_, last] to the ring.
  void Archive(int64_t last);
  void GrowOrForget();
  const Segment& At(size_t index) const { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  // The newest segment: [first_, newest_] and whatever follows.
  int64_t first_ = 0;
  int64_t newest_ = -1;
  int64_t shift_ = 0;

  // The size is zero or a power of two; `segments_` are in use, from `head_` on.
  std::vector<Segment> ring_;
  uint32_t head_ = 0;
  uint32_t segments_ = 0;
  uint16_t first_number_;
  bool started_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_SEQUENCE_MAPPER_H_
