// STUN messages as the bytes a peer would send.

#ifndef SLUICE_TESTS_SUPPORT_STUN_BYTES_H_
#define SLUICE_TESTS_SUPPORT_STUN_BYTES_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "ice/stun_integrity.h"
#include "ice/stun_message.h"

namespace sluice::test {

// An attribute that StunMessage does not write.
struct RawAttribute {
  uint16_t type;
  std::vector<uint8_t> value;
};

// `message` with `extra` behind its own attributes, not sealed.
inline std::vector<uint8_t> StunBytes(const ice::StunMessage& message,
                                      const std::vector<RawAttribute>& extra = {}) {
  std::array<uint8_t, 2048> buffer{};
  ByteWriter out(buffer);
  message.WriteTo(out);
  for (const RawAttribute& attribute : extra) {
    out.U16(attribute.type);
    out.U16(static_cast<uint16_t>(attribute.value.size()));
    out.Bytes(attribute.value);
    out.Zeros((4 - attribute.value.size() % 4) % 4);
  }
  out.PatchU16(2, static_cast<uint16_t>(out.size() - ice::kStunHeaderSize));
  SLUICE_CHECK(out.ok());
  return {out.written().begin(), out.written().end()};
}

// `bytes` with MESSAGE-INTEGRITY and FINGERPRINT behind them.
inline std::vector<uint8_t> Sealed(std::vector<uint8_t> bytes, std::string_view password) {
  bytes.resize(bytes.size() + ice::kIntegritySize + ice::kFingerprintSize);
  const std::vector<uint8_t> unsealed(bytes.begin(),
                                      bytes.end() - (ice::kIntegritySize + ice::kFingerprintSize));
  ByteWriter out(bytes);
  out.Bytes(unsealed);
  SLUICE_CHECK(ice::Seal(out, password));
  return bytes;
}

// `bytes` with only FINGERPRINT behind them, computed bit by bit and so apart from the code under
// test.
inline std::vector<uint8_t> Fingerprinted(std::vector<uint8_t> bytes) {
  const size_t length = bytes.size() + ice::kFingerprintSize - ice::kStunHeaderSize;
  bytes[2] = static_cast<uint8_t>(length >> 8);
  bytes[3] = static_cast<uint8_t>(length);
  uint32_t crc = 0xffffffffu;
  for (uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  std::array<uint8_t, ice::kFingerprintSize> tail{};
  ByteWriter out(tail);
  out.U32(0x80280004);
  out.U32(~crc ^ 0x5354554e);
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_STUN_BYTES_H_
