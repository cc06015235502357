// The two SRTP master keys of a DTLS association, split by direction (RFC 5764 §4.2).

#ifndef SLUICE_DTLS_SRTP_KEYS_H_
#define SLUICE_DTLS_SRTP_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sluice::dtls {

enum class Role : uint8_t { kClient, kServer };

// In the order in which we prefer them. GCM is the cheapest to compute, and 128 bits are enough.
// The last is never offered by DTLS (RFC 8827 §6.5 asks for better); it is for media tools that
// know nothing else.
enum class SrtpProfile : uint8_t {
  kAeadAes128Gcm,
  kAeadAes256Gcm,
  kAesCm128HmacSha1_80,
  kAesCm128HmacSha1_32
};

// Counter mode with a keyed hash, rather than an AEAD.
constexpr bool IsCtrHmac(SrtpProfile profile) {
  return profile == SrtpProfile::kAesCm128HmacSha1_80 ||
         profile == SrtpProfile::kAesCm128HmacSha1_32;
}

// As registered with IANA, e.g. "AEAD_AES_128_GCM".
std::string_view SrtpProfileName(SrtpProfile profile);

constexpr size_t MasterKeySize(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes256Gcm ? 32 : 16;
}

// RFC 7714 §12 and RFC 3711 §5.3.
constexpr size_t MasterSaltSize(SrtpProfile profile) { return IsCtrHmac(profile) ? 14 : 12; }

// What protecting an RTP packet adds to it.
constexpr size_t TagSize(SrtpProfile profile) {
  if (profile == SrtpProfile::kAesCm128HmacSha1_32) return 4;
  return IsCtrHmac(profile) ? 10 : 16;
}
// The same of RTCP, beside the index: RFC 4568 §6.2.2 shortens the tag of RTP alone.
constexpr size_t RtcpTagSize(SrtpProfile profile) { return IsCtrHmac(profile) ? 10 : 16; }

// Each direction is key || salt. Wiped when it goes.
class SrtpKeys {
 public:
  // Nothing if a half is not as long as the profile says.
  static std::optional<SrtpKeys> FromHalves(SrtpProfile profile, ByteView local, ByteView remote);

  // Splits what the exporter of RFC 5764 §4.2 yields: client key, server key, client salt, server
  // salt. Nothing if it is not as long as the profile says.
  static std::optional<SrtpKeys> FromExport(SrtpProfile profile, Role role, ByteView exported);

  SrtpKeys(const SrtpKeys&) = default;
  SrtpKeys& operator=(const SrtpKeys&) = default;
  ~SrtpKeys();

  SrtpProfile profile() const { return profile_; }
  ByteView local() const { return ByteView(local_).first(size()); }    // We send with it.
  ByteView remote() const { return ByteView(remote_).first(size()); }  // The peer sends with it.

 private:
  explicit SrtpKeys(SrtpProfile profile) : profile_(profile) {}

  size_t size() const { return MasterKeySize(profile_) + MasterSaltSize(profile_); }

  static constexpr size_t kMaxSize = 44;  // AEAD_AES_256_GCM: 32 + 12

  SrtpProfile profile_;
  std::array<uint8_t, kMaxSize> local_{};
  std::array<uint8_t, kMaxSize> remote_{};
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_KEYS_H_
