#include "dtls/srtp_kdf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/srtp_reference.h"
#include "tests/vectors/srtp_rfc3711.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using test::SrtpReference;
using testing::Each;
using testing::ElementsAreArray;
using testing::Ne;
using Bytes = std::vector<uint8_t>;

TEST(SrtpKdfTest, AgreesWithRfc3711) {
  Bytes master = FromHex(vectors::kRfc3711MasterKey);
  std::ranges::copy(FromHex(vectors::kRfc3711MasterSalt), std::back_inserter(master));
  const auto keys = DeriveSessionKeys(SrtpProfile::kAesCm128HmacSha1_80, master, SrtpKind::kRtp);
  ASSERT_TRUE(keys);
  EXPECT_THAT(keys->cipher(), ElementsAreArray(FromHex(vectors::kRfc3711SessionKey)));
  EXPECT_THAT(keys->salt(), ElementsAreArray(FromHex(vectors::kRfc3711SessionSalt)));
  EXPECT_THAT(keys->auth, ElementsAreArray(FromHex(vectors::kRfc3711SessionAuth)));
}

class SrtpKdfProfileTest : public testing::TestWithParam<SrtpProfile> {
 protected:
  static Bytes Master(size_t more = 0) {
    Bytes master(MasterKeySize(GetParam()) + MasterSaltSize(GetParam()) + more);
    for (size_t i = 0; i < master.size(); ++i) master[i] = static_cast<uint8_t>(5 * i + 3);
    return master;
  }
};

TEST_P(SrtpKdfProfileTest, AgreesWithTheReferenceForBothKinds) {
  for (const SrtpKind kind : {SrtpKind::kRtp, SrtpKind::kRtcp}) {
    const auto keys = DeriveSessionKeys(GetParam(), Master(), kind);
    const auto expected =
        SrtpReference::Derive(GetParam(), Master(), kind == SrtpKind::kRtp ? 0 : 3);
    ASSERT_TRUE(keys);
    EXPECT_THAT(keys->cipher(), ElementsAreArray(expected.cipher));
    EXPECT_THAT(keys->salt(), ElementsAreArray(expected.salt));
    if (IsCtrHmac(GetParam())) {
      EXPECT_THAT(keys->auth, ElementsAreArray(expected.auth));
    }
  }
}

TEST_P(SrtpKdfProfileTest, MasterOfAnotherLengthIsRefused) {
  EXPECT_FALSE(DeriveSessionKeys(GetParam(), Master(1), SrtpKind::kRtp));
  EXPECT_FALSE(DeriveSessionKeys(GetParam(), {}, SrtpKind::kRtp));
}

TEST_P(SrtpKdfProfileTest, NothingIsLeftBehind) {
  alignas(SrtpSessionKeys) uint8_t memory[sizeof(SrtpSessionKeys)];
  auto* const keys = new (memory) SrtpSessionKeys(GetParam());
  std::ranges::fill(keys->cipher_bytes, uint8_t{0x5a});
  std::ranges::fill(keys->salt_bytes, uint8_t{0x5a});
  std::ranges::fill(keys->auth, uint8_t{0x5a});
  keys->~SrtpSessionKeys();
  // Read as a copy, because the object's life is over.
  Bytes remains(sizeof(memory));
  std::memcpy(remains.data(), memory, sizeof(memory));
  EXPECT_THAT(remains, Each(Ne(0x5a)));
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpKdfProfileTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32));

}  // namespace
}  // namespace sluice::dtls
