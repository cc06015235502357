// Reads fields that do not end at bytes, as codecs write them; ByteReader is for all others.
//
// The first bit is the highest of the first byte. A read past the end yields zero and turns ok()
// false for good, so that a grammar is stated straight through and judged once.

#ifndef SLUICE_RTP_PACKET_BIT_READER_H_
#define SLUICE_RTP_PACKET_BIT_READER_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::rtp {

class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  // `count` is 0..32.
  uint32_t Bits(size_t count) {
    if (remaining() < count) {
      ok_ = false;
      position_ = size();
      return 0;
    }
    uint64_t value = 0;
    while (count > 0) {
      const size_t left_in_byte = 8 - position_ % 8;
      const size_t taken = std::min(count, left_in_byte);
      const uint32_t byte = bytes_[position_ / 8];
      value = value << taken | (byte >> (left_in_byte - taken) & ((1u << taken) - 1));
      position_ += taken;
      count -= taken;
    }
    return static_cast<uint32_t>(value);
  }

  bool Flag() { return Bits(1) != 0; }

  void Skip(size_t count) {
    if (remaining() < count) {
      ok_ = false;
      count = remaining();
    }
    position_ += count;
  }

  // ns(n): one of 0..values-1, the lower ones a bit shorter unless `values` (1..2^31) is a power
  // of two (AV1 bitstream specification §4.10.7).
  uint32_t NonSymmetric(uint32_t values) {
    const size_t width = std::bit_width(values);
    const uint32_t shorter = (1u << width) - values;
    const uint32_t value = Bits(width - 1);
    return value < shorter ? value : (value << 1) - shorter + Bits(1);
  }

  // In bits.
  size_t size() const { return bytes_.size() * 8; }
  size_t position() const { return position_; }
  size_t remaining() const { return size() - position_; }
  bool ok() const { return ok_; }

 private:
  ByteView bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_BIT_READER_H_
