// From master keys to session keys (RFC 3711 §4.3), with a key derivation rate of zero: once.

#ifndef SLUICE_DTLS_SRTP_KDF_H_
#define SLUICE_DTLS_SRTP_KDF_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "dtls/srtp_keys.h"

namespace sluice::dtls {

// RTP and RTCP of one direction share a master key, and nothing below it.
enum class SrtpKind : uint8_t { kRtp, kRtcp };

// What packets of one kind and direction are sealed with. Wiped when it goes.
struct SrtpSessionKeys {
  static constexpr size_t kAuthSize = 20;  // RFC 3711 §5.2

  explicit SrtpSessionKeys(SrtpProfile of) : profile(of) {}
  SrtpSessionKeys(const SrtpSessionKeys&) = default;
  SrtpSessionKeys& operator=(const SrtpSessionKeys&) = default;
  ~SrtpSessionKeys();

  ByteSpan cipher() { return ByteSpan(cipher_bytes).first(MasterKeySize(profile)); }
  ByteView cipher() const { return ByteView(cipher_bytes).first(MasterKeySize(profile)); }
  ByteSpan salt() { return ByteSpan(salt_bytes).first(MasterSaltSize(profile)); }
  ByteView salt() const { return ByteView(salt_bytes).first(MasterSaltSize(profile)); }

  SrtpProfile profile;
  std::array<uint8_t, 32> cipher_bytes{};
  std::array<uint8_t, 14> salt_bytes{};
  std::array<uint8_t, kAuthSize> auth{};  // Zeros for an AEAD, which authenticates by itself.
};

// `master` is key || salt. Nothing if it is not as long as the profile says.
std::optional<SrtpSessionKeys> DeriveSessionKeys(SrtpProfile profile, ByteView master,
                                                 SrtpKind kind);

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_KDF_H_
