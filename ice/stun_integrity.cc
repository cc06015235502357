#include "ice/stun_integrity.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace sluice::ice {
namespace {

constexpr size_t kAttributeHeaderSize = 4;
constexpr size_t kDigestSize = kIntegritySize - kAttributeHeaderSize;
using Digest = std::array<uint8_t, kDigestSize>;

// RFC 8489 §14.7: so that a protocol which carries its own CRC-32 in the same place still differs.
constexpr uint32_t kFingerprintMask = 0x5354554e;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) ? value >> 1 ^ 0xEDB88320u : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

// The CRC-32 of ITU V.42, which RFC 8489 §14.7 names.
uint32_t Crc32(ByteView bytes) {
  uint32_t crc = 0xffffffffu;
  for (uint8_t byte : bytes) crc = kCrcTable[(crc ^ byte) & 0xff] ^ crc >> 8;
  return ~crc;
}

// HMAC-SHA1 over `covered` as if the message ended with MESSAGE-INTEGRITY: RFC 8489 §14.5 has both
// sides pretend so, because FINGERPRINT is added afterwards and changes the length in the header.
std::optional<Digest> ComputeIntegrity(ByteView covered, std::string_view password) {
  if (covered.size() < kStunHeaderSize || covered.size() > kMaxStunSize) return std::nullopt;
  std::array<uint8_t, kMaxStunSize> copy;
  ByteWriter out(copy);
  out.Bytes(covered);
  out.PatchU16(2, static_cast<uint16_t>(covered.size() + kIntegritySize - kStunHeaderSize));

  Digest digest{};
  unsigned int size = 0;
  const unsigned char* made = HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()),
                                   out.written().data(), out.size(), digest.data(), &size);
  // A library that was configured without SHA-1 makes nothing; then nothing is authentic.
  if (made == nullptr || size != digest.size()) return std::nullopt;
  return digest;
}

uint32_t ComputeFingerprint(ByteView covered) { return Crc32(covered) ^ kFingerprintMask; }

void PatchLength(ByteWriter& out, size_t message_size) {
  out.PatchU16(2, static_cast<uint16_t>(message_size - kStunHeaderSize));
}

}  // namespace

bool HasIntegrity(const StunMessage& message, std::string_view password) {
  // An empty key is what a caller who lost its credentials would pass; it proves nothing.
  if (!message.integrity_at || password.empty()) return false;
  const std::optional<Digest> expected =
      ComputeIntegrity(message.bytes.first(*message.integrity_at), password);
  if (!expected) return false;
  const ByteView given =
      message.bytes.subspan(*message.integrity_at + kAttributeHeaderSize, kDigestSize);
  return CRYPTO_memcmp(expected->data(), given.data(), kDigestSize) == 0;
}

bool HasFingerprint(const StunMessage& message) {
  if (!message.fingerprint_at) return false;
  ByteReader given(message.bytes.subspan(*message.fingerprint_at + kAttributeHeaderSize));
  return given.U32() == ComputeFingerprint(message.bytes.first(*message.fingerprint_at));
}

bool Seal(ByteWriter& out, std::string_view password) {
  const size_t sealed_size = out.size() + kIntegritySize + kFingerprintSize;
  if (!out.ok() || out.size() < kStunHeaderSize || password.empty()) return false;
  if (out.room() < kIntegritySize + kFingerprintSize || sealed_size > kMaxStunSize) return false;

  const std::optional<Digest> digest = ComputeIntegrity(out.written(), password);
  if (!digest) return false;
  out.U16(static_cast<uint16_t>(StunAttribute::kMessageIntegrity));
  out.U16(kDigestSize);
  out.Bytes(*digest);

  return AddFingerprint(out);
}

bool AddFingerprint(ByteWriter& out) {
  const size_t sealed_size = out.size() + kFingerprintSize;
  if (!out.ok() || out.size() < kStunHeaderSize) return false;
  if (out.room() < kFingerprintSize || sealed_size > kMaxStunSize) return false;
  // RFC 8489 §14.7: the checksum covers the final length.
  PatchLength(out, sealed_size);
  const uint32_t fingerprint = ComputeFingerprint(out.written());
  out.U16(static_cast<uint16_t>(StunAttribute::kFingerprint));
  out.U16(kFingerprintSize - kAttributeHeaderSize);
  out.U32(fingerprint);
  return out.ok();
}

}  // namespace sluice::ice
