#include "dtls/srtp_keys.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace sluice::dtls {

std::string_view SrtpProfileName(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAeadAes128Gcm:
      return "AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm:
      return "AEAD_AES_256_GCM";
    case SrtpProfile::kAesCm128HmacSha1_80:
      return "AES_CM_128_HMAC_SHA1_80";
    case SrtpProfile::kAesCm128HmacSha1_32:
      return "AES_CM_128_HMAC_SHA1_32";
  }
  return "";
}

std::optional<SrtpKeys> SrtpKeys::FromHalves(SrtpProfile profile, ByteView local, ByteView remote) {
  SrtpKeys keys(profile);
  if (local.size() != keys.size() || remote.size() != keys.size()) return std::nullopt;
  std::ranges::copy(local, keys.local_.begin());
  std::ranges::copy(remote, keys.remote_.begin());
  return keys;
}

std::optional<SrtpKeys> SrtpKeys::FromExport(SrtpProfile profile, Role role, ByteView exported) {
  const size_t key_size = MasterKeySize(profile);
  const size_t salt_size = MasterSaltSize(profile);
  if (exported.size() != 2 * (key_size + salt_size)) return std::nullopt;
  ByteReader in(exported);
  const ByteView client_key = in.Bytes(key_size);
  const ByteView server_key = in.Bytes(key_size);
  const ByteView client_salt = in.Bytes(salt_size);
  const ByteView server_salt = in.Bytes(salt_size);

  SrtpKeys keys(profile);
  auto& client = role == Role::kClient ? keys.local_ : keys.remote_;
  auto& server = role == Role::kClient ? keys.remote_ : keys.local_;
  std::ranges::copy(client_salt, std::ranges::copy(client_key, client.begin()).out);
  std::ranges::copy(server_salt, std::ranges::copy(server_key, server.begin()).out);
  return keys;
}

SrtpKeys::~SrtpKeys() {
  OPENSSL_cleanse(local_.data(), local_.size());
  OPENSSL_cleanse(remote_.data(), remote_.size());
}

}  // namespace sluice::dtls
