// One SRTP master key with its salt, as applications exchange them: key || salt in base64
// (RFC 4568 §6.1). Wiped when it goes.

#ifndef SLUICE_DTLS_SRTP_MASTER_H_
#define SLUICE_DTLS_SRTP_MASTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/entropy.h"
#include "dtls/srtp_keys.h"

namespace sluice::dtls {

class SrtpMaster {
 public:
  static SrtpMaster Generate(SrtpProfile profile, Entropy& entropy);
  // Nothing if it is no base64, or not as long as the profile says.
  static std::optional<SrtpMaster> FromBase64(SrtpProfile profile, std::string_view text);

  SrtpMaster(const SrtpMaster&) = default;
  SrtpMaster& operator=(const SrtpMaster&) = default;
  ~SrtpMaster();

  SrtpProfile profile() const { return profile_; }
  ByteView bytes() const { return ByteView(bytes_).first(SizeOf(profile_)); }
  std::string ToBase64() const;

  // In bytes: 28 and 44 for AES-GCM, 30 for AES-CM.
  static constexpr size_t SizeOf(SrtpProfile profile) {
    return MasterKeySize(profile) + MasterSaltSize(profile);
  }

 private:
  explicit SrtpMaster(SrtpProfile profile) : profile_(profile) {}

  static constexpr size_t kMaxSize = 44;  // AEAD_AES_256_GCM: 32 + 12

  SrtpProfile profile_;
  std::array<uint8_t, kMaxSize> bytes_{};
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_MASTER_H_
