#include "dtls/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::dtls {
namespace {

std::string Value(size_t bytes, const char* pair = "AB") {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += i == 0 ? pair : ":" + std::string(pair);
  return text;
}

TEST(FingerprintTest, ParsesEachStrongHashAndPrintsItAsRfc8122Does) {
  for (const auto& [name, size] : {std::pair("sha-256", 32), {"sha-384", 48}, {"sha-512", 64}}) {
    const auto fingerprint = Fingerprint::Parse(name, Value(static_cast<size_t>(size)));
    ASSERT_TRUE(fingerprint) << name;
    EXPECT_EQ(fingerprint->algorithm_text(), name);
    EXPECT_EQ(fingerprint->bytes().size(), static_cast<size_t>(size));
    EXPECT_EQ(fingerprint->value_text(), Value(static_cast<size_t>(size)));
  }
}

TEST(FingerprintTest, LetterCaseDoesNotMatter) {
  const auto upper = Fingerprint::Parse("SHA-256", Value(32, "AF"));
  const auto lower = Fingerprint::Parse("sha-256", Value(32, "af"));
  ASSERT_TRUE(upper && lower);
  EXPECT_EQ(*upper, *lower);
  EXPECT_EQ(lower->value_text(), Value(32, "AF"));
}

TEST(FingerprintTest, WeakAndUnknownHashesAreRefused) {
  EXPECT_FALSE(Fingerprint::Parse("sha-1", Value(20)));
  EXPECT_FALSE(Fingerprint::Parse("md5", Value(16)));
  EXPECT_FALSE(Fingerprint::Parse("md2", Value(16)));
  EXPECT_FALSE(Fingerprint::Parse("sha-224", Value(28)));
  EXPECT_FALSE(Fingerprint::Parse("sha-1", Value(32)));
  EXPECT_FALSE(Fingerprint::Parse("", Value(32)));
  EXPECT_FALSE(Fingerprint::Parse("sha-256 ", Value(32)));
}

TEST(FingerprintTest, ValueMustHaveTheLengthOfItsHash) {
  EXPECT_FALSE(Fingerprint::Parse("sha-256", ""));
  EXPECT_FALSE(Fingerprint::Parse("sha-256", Value(31)));
  EXPECT_FALSE(Fingerprint::Parse("sha-256", Value(33)));
  EXPECT_FALSE(Fingerprint::Parse("sha-384", Value(32)));
  EXPECT_FALSE(Fingerprint::Parse("sha-256", Value(32) + ":"));
}

TEST(FingerprintTest, AnyOtherCharacterIsRefused) {
  for (size_t at = 0; at < Value(32).size(); ++at) {
    for (const char wrong : {'g', ' ', '-', '\0', '\xff'}) {
      std::string text = Value(32);
      text[at] = wrong;
      EXPECT_FALSE(Fingerprint::Parse("sha-256", text)) << at;
    }
  }
}

TEST(FingerprintTest, OneBitMakesAnotherFingerprint) {
  std::string text = Value(32);
  text.back() = 'A';
  EXPECT_NE(*Fingerprint::Parse("sha-256", text), *Fingerprint::Parse("sha-256", Value(32)));
}

}  // namespace
}  // namespace sluice::dtls
