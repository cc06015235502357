// Bytes that somebody else owns, and the only code in the project that shifts them into numbers.
//
// Everything on the wire of this project is big-endian. The control channel, which is
// little-endian, is framed in control-api/frame and read by flatbuffers.

#ifndef SLUICE_BASE_BYTES_H_
#define SLUICE_BASE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice {

using ByteView = std::span<const uint8_t>;
using ByteSpan = std::span<uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads big-endian fields off the front of bytes it does not own.
//
// A read past the end yields zero and turns ok() false for good. A parser can then state its
// grammar straight through and ask once, at the end, whether the bytes were all there.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  uint8_t U8() { return static_cast<uint8_t>(Take(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Take(2)); }
  uint32_t U24() { return static_cast<uint32_t>(Take(3)); }
  uint32_t U32() { return static_cast<uint32_t>(Take(4)); }
  uint64_t U64() { return Take(8); }

  // The next `count` bytes, or an empty view (and ok() false) if fewer are left.
  ByteView Bytes(size_t count) {
    if (rest_.size() < count) {
      Fail();
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  void Skip(size_t count) { Bytes(count); }

  ByteView rest() const { return rest_; }
  size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  uint64_t Take(size_t width) {
    if (rest_.size() < width) {
      Fail();
      return 0;
    }
    uint64_t value = 0;
    for (uint8_t byte : rest_.first(width)) value = value << 8 | byte;
    rest_ = rest_.subspan(width);
    return value;
  }

  void Fail() {
    ok_ = false;
    rest_ = {};
  }

  ByteView rest_;
  bool ok_ = true;
};

// Writes big-endian fields into bytes it does not own.
//
// A write past the end writes nothing and turns ok() false for good, so that a message is written
// straight through and judged once.
class ByteWriter {
 public:
  explicit ByteWriter(ByteSpan out) : out_(out) {}

  void U8(uint8_t value) { Put(value, 1); }
  void U16(uint16_t value) { Put(value, 2); }
  void U24(uint32_t value) { Put(value, 3); }
  void U32(uint32_t value) { Put(value, 4); }
  void U64(uint64_t value) { Put(value, 8); }

  void Bytes(ByteView bytes) {
    if (!Reserve(bytes.size()) || bytes.empty()) return;
    std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  void Zeros(size_t count) {
    if (!Reserve(count) || count == 0) return;
    std::memset(out_.data() + size_, 0, count);
    size_ += count;
  }

  // Overwrites a field written earlier, for lengths that are known only at the end.
  void PatchU16(size_t position, uint16_t value) {
    if (position + 2 > size_) {
      ok_ = false;
      return;
    }
    out_[position] = static_cast<uint8_t>(value >> 8);
    out_[position + 1] = static_cast<uint8_t>(value);
  }

  ByteSpan written() const { return out_.first(size_); }
  size_t size() const { return size_; }
  size_t room() const { return out_.size() - size_; }
  bool ok() const { return ok_; }

 private:
  bool Reserve(size_t count) {
    if (ok_ && out_.size() - size_ >= count) return true;
    ok_ = false;
    return false;
  }

  void Put(uint64_t value, size_t width) {
    if (!Reserve(width)) return;
    for (size_t i = 0; i < width; ++i) {
      out_[size_ + i] = static_cast<uint8_t>(value >> (8 * (width - 1 - i)));
    }
    size_ += width;
  }

  ByteSpan out_;
  size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace sluice

#endif  // SLUICE_BASE_BYTES_H_
