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
  const std::vector<uint8_t> unsealed(
      bytes.begin(), bytes.end() - (ice::kIntegritySize + ice::kFingerprintSize));
  ByteWriter out(bytes);
  out.Bytes(unsealed);
  SLUICE_CHECK(ice::Seal(out, password));
  return bytes;
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_STUN_BYTES_H_
