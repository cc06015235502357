#include "ice/credentials.h"

#include <array>
#include <cstdint>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::ice {
namespace {

using ::testing::Eq;
using ::testing::Field;
using ::testing::Optional;

// Yields 0, 1, 2, ... and so on around.
class CountingEntropy : public Entropy {
 public:
  void Fill(ByteSpan out) override {
    for (uint8_t& byte : out) byte = next_++;
  }

 private:
  uint8_t next_ = 0;
};

TEST(CredentialsTest, GeneratedOnesHaveTheirSizesAndTheIceAlphabet) {
  CountingEntropy entropy;
  const Credentials made = Credentials::Generate(entropy);
  EXPECT_EQ(made.ufrag.size(), kLocalUfragSize);
  EXPECT_EQ(made.password.size(), kLocalPasswordSize);
  EXPECT_TRUE(IsUfrag(made.ufrag));
  EXPECT_TRUE(IsUfrag(made.password));
}

// 256 byte values over 64 characters: each must come up as often as any other.
TEST(CredentialsTest, EveryCharacterIsAsLikely) {
  CountingEntropy entropy;
  std::array<int, 256> seen{};
  for (int i = 0; i < 16; ++i) {
    const Credentials made = Credentials::Generate(entropy);
    for (char c : made.ufrag + made.password) ++seen[static_cast<uint8_t>(c)];
  }
  std::set<int> counts(seen.begin(), seen.end());
  EXPECT_EQ(counts, (std::set<int>{0, 16 * 48 / 64}));
}

TEST(CredentialsTest, TwoOfOneSourceDiffer) {
  CountingEntropy entropy;
  EXPECT_NE(Credentials::Generate(entropy), Credentials::Generate(entropy));
}

TEST(CredentialsTest, UfragIsNonEmptyBoundedAndOfIceChars) {
  EXPECT_TRUE(IsUfrag("aZ09+/"));
  EXPECT_TRUE(IsUfrag(std::string(kMaxUfragSize, 'x')));
  EXPECT_FALSE(IsUfrag(""));
  EXPECT_FALSE(IsUfrag(std::string(kMaxUfragSize + 1, 'x')));
  for (const char* bad : {"a:b", "a b", "a-b", "a_b", "a=", "\xc3\xa4", "a\n"}) {
    EXPECT_FALSE(IsUfrag(bad)) << bad;
  }
  EXPECT_FALSE(IsUfrag(std::string_view("a\0b", 3)));
}

TEST(CredentialsTest, UsernameSplitsIntoLocalAndRemote) {
  EXPECT_THAT(SplitUsername("evtj:h6vY"), Optional(AllOf(Field(&Username::local, Eq("evtj")),
                                                         Field(&Username::remote, Eq("h6vY")))));
}

TEST(CredentialsTest, UsernameNeedsBothHalvesAndOneColon) {
  for (const char* bad :
       {"", ":", "evtj", "evtj:", ":h6vY", "evtj:h6vY:x", "evtj::h6vY", "e vtj:h6"}) {
    EXPECT_FALSE(SplitUsername(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace sluice::ice
