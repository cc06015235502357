// Writes fields that do not end at bytes into bytes it does not own, the highest bit first.
//
// A write past the end writes nothing and turns ok() false for good. What is left of the last byte
// is zero.

#ifndef SLUICE_RTP_PACKET_BIT_WRITER_H_
#define SLUICE_RTP_PACKET_BIT_WRITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "rtp/packet/bit_reader.h"

namespace sluice::rtp {

class BitWriter {
 public:
  explicit BitWriter(ByteSpan out) : out_(out) {}

  // The lower `count` (0..32) bits of `value`.
  void Bits(uint32_t value, size_t count) {
    if (!ok_ || out_.size() * 8 - position_ < count) {
      ok_ = false;
      return;
    }
    while (count > 0) {
      const size_t left_in_byte = 8 - position_ % 8;
      const size_t put = std::min(count, left_in_byte);
      uint8_t& byte = out_[position_ / 8];
      if (left_in_byte == 8) byte = 0;
      const uint32_t part = value >> (count - put) & ((1u << put) - 1);
      byte = static_cast<uint8_t>(byte | part << (left_in_byte - put));
      position_ += put;
      count -= put;
    }
  }

  void Flag(bool value) { Bits(value ? 1 : 0, 1); }

  // Fails with `in` if that has less than `count` bits.
  void Copy(BitReader& in, size_t count) {
    for (; count > 0 && ok_; count -= std::min<size_t>(count, 32)) {
      const size_t step = std::min<size_t>(count, 32);
      Bits(in.Bits(step), step);
      ok_ = ok_ && in.ok();
    }
  }

  // In bits, and in bytes begun.
  size_t position() const { return position_; }
  size_t size() const { return (position_ + 7) / 8; }
  bool ok() const { return ok_; }

 private:
  ByteSpan out_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_BIT_WRITER_H_
