#include "dtls/srtp_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <numeric>
#include <vector>

namespace sluice::dtls {
namespace {

using testing::Each;
using testing::ElementsAreArray;

constexpr SrtpProfile kProfiles[] = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                     SrtpProfile::kAesCm128HmacSha1_80,
                                     SrtpProfile::kAesCm128HmacSha1_32};

TEST(SrtpKeysTest, ProfilesHaveTheirRegisteredNames) {
  EXPECT_EQ(SrtpProfileName(SrtpProfile::kAeadAes128Gcm), "AEAD_AES_128_GCM");
  EXPECT_EQ(SrtpProfileName(SrtpProfile::kAeadAes256Gcm), "AEAD_AES_256_GCM");
  EXPECT_EQ(SrtpProfileName(SrtpProfile::kAesCm128HmacSha1_80), "AES_CM_128_HMAC_SHA1_80");
  EXPECT_EQ(SrtpProfileName(SrtpProfile::kAesCm128HmacSha1_32), "AES_CM_128_HMAC_SHA1_32");
}

// RFC 5764 §4.2: client key, server key, client salt, server salt.
TEST(SrtpKeysTest, ExportIsSplitByRole) {
  std::vector<uint8_t> exported(56);
  std::iota(exported.begin(), exported.end(), uint8_t{0});
  const auto slice = [&](size_t key, size_t salt) {
    std::vector<uint8_t> half(exported.begin() + static_cast<ptrdiff_t>(key),
                              exported.begin() + static_cast<ptrdiff_t>(key + 16));
    half.insert(half.end(), exported.begin() + static_cast<ptrdiff_t>(salt),
                exported.begin() + static_cast<ptrdiff_t>(salt + 12));
    return half;
  };
  const SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  const auto client = SrtpKeys::FromExport(profile, Role::kClient, exported);
  const auto server = SrtpKeys::FromExport(profile, Role::kServer, exported);
  ASSERT_TRUE(client && server);
  EXPECT_THAT(client->local(), ElementsAreArray(slice(0, 32)));
  EXPECT_THAT(client->remote(), ElementsAreArray(slice(16, 44)));
  EXPECT_THAT(server->local(), ElementsAreArray(client->remote()));
  EXPECT_THAT(server->remote(), ElementsAreArray(client->local()));
}

TEST(SrtpKeysTest, LengthsMustFitTheProfile) {
  for (const SrtpProfile profile : kProfiles) {
    const size_t size = MasterKeySize(profile) + MasterSaltSize(profile);
    const std::vector<uint8_t> right(size);
    const std::vector<uint8_t> wrong(size + 1);
    EXPECT_TRUE(SrtpKeys::FromHalves(profile, right, right));
    EXPECT_FALSE(SrtpKeys::FromHalves(profile, wrong, right));
    EXPECT_FALSE(SrtpKeys::FromHalves(profile, right, wrong));
    EXPECT_FALSE(SrtpKeys::FromHalves(profile, {}, {}));
    EXPECT_TRUE(SrtpKeys::FromExport(profile, Role::kClient, std::vector<uint8_t>(2 * size)));
    EXPECT_FALSE(SrtpKeys::FromExport(profile, Role::kClient, std::vector<uint8_t>(2 * size - 1)));
  }
}

TEST(SrtpKeysTest, NothingIsLeftBehind) {
  alignas(SrtpKeys) uint8_t memory[sizeof(SrtpKeys)];
  const std::vector<uint8_t> secret(44, 0x5a);
  auto* const keys =
      new (memory) SrtpKeys(*SrtpKeys::FromHalves(SrtpProfile::kAeadAes256Gcm, secret, secret));
  ASSERT_THAT(keys->local(), Each(0x5a));
  keys->~SrtpKeys();
  // Read as a copy, because the object's life is over.
  std::vector<uint8_t> remains(sizeof(memory));
  std::memcpy(remains.data(), memory, sizeof(memory));
  EXPECT_THAT(remains, Each(testing::Ne(0x5a)));
}

}  // namespace
}  // namespace sluice::dtls
