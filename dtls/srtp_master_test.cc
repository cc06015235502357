#include "dtls/srtp_master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/seeded_entropy.h"

namespace sluice::dtls {
namespace {

class SrtpMasterTest : public testing::TestWithParam<SrtpProfile> {
 protected:
  test::SeededEntropy entropy_{5};
};

TEST_P(SrtpMasterTest, SurvivesItsText) {
  const SrtpMaster made = SrtpMaster::Generate(GetParam(), entropy_);
  const auto read = SrtpMaster::FromBase64(GetParam(), made.ToBase64());
  ASSERT_TRUE(read);
  EXPECT_THAT(read->bytes(), testing::ElementsAreArray(made.bytes()));
}

TEST_P(SrtpMasterTest, NoTwoAreTheSame) {
  EXPECT_NE(SrtpMaster::Generate(GetParam(), entropy_).ToBase64(),
            SrtpMaster::Generate(GetParam(), entropy_).ToBase64());
}

TEST_P(SrtpMasterTest, RefusesAnyOtherLength) {
  const std::string text = SrtpMaster::Generate(GetParam(), entropy_).ToBase64();
  EXPECT_FALSE(SrtpMaster::FromBase64(GetParam(), text.substr(4)));
  EXPECT_FALSE(SrtpMaster::FromBase64(GetParam(), "AAAA" + text));
  EXPECT_FALSE(SrtpMaster::FromBase64(GetParam(), ""));
}

TEST_P(SrtpMasterTest, RefusesWhatIsNoBase64) {
  std::string text = SrtpMaster::Generate(GetParam(), entropy_).ToBase64();
  text[3] = '*';
  EXPECT_FALSE(SrtpMaster::FromBase64(GetParam(), text));
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpMasterTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32),
                         [](const auto& tested) {
                           return std::string(SrtpProfileName(tested.param));
                         });

}  // namespace
}  // namespace sluice::dtls
