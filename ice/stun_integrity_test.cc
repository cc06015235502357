#include "ice/stun_integrity.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/hex.h"
#include "tests/support/stun_bytes.h"
#include "tests/vectors/stun_rfc5769.h"

namespace sluice::ice {
namespace {

using test::FromHex;

constexpr std::string_view kPassword = test::kRfc5769Password;

class Rfc5769Test : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Rfc5769Test, IntegrityAndFingerprintVerify) {
  const std::vector<uint8_t> bytes = FromHex(GetParam());
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(HasIntegrity(*message, kPassword));
  EXPECT_TRUE(HasFingerprint(*message));
}

TEST_P(Rfc5769Test, SealMakesTheSameBytes) {
  const std::vector<uint8_t> expected = FromHex(GetParam());
  std::vector<uint8_t> bytes(expected.size());
  ByteWriter out(bytes);
  out.Bytes(ByteView(expected).first(expected.size() - kIntegritySize - kFingerprintSize));
  // The length of the unsealed message is Seal's to correct, whatever it was.
  out.PatchU16(2, 0);
  EXPECT_TRUE(Seal(out, kPassword));
  EXPECT_EQ(bytes, expected);
}

TEST_P(Rfc5769Test, OtherPasswordsDoNotVerify) {
  const std::vector<uint8_t> bytes = FromHex(GetParam());
  const auto message = StunMessage::Parse(bytes);
  for (std::string_view other : {"VOkJxbRl1RmTxUk/WvJxB", "VOkJxbRl1RmTxUk/WvJxBT", "", "x"}) {
    EXPECT_FALSE(HasIntegrity(*message, other)) << other;
  }
}

// Whatever bit is changed on the way, the message no longer parses or no longer verifies: bits
// before MESSAGE-INTEGRITY fail both seals, bits of FINGERPRINT its own.
TEST_P(Rfc5769Test, EveryChangedBitIsNoticed) {
  const std::vector<uint8_t> original = FromHex(GetParam());
  for (size_t bit = 0; bit < original.size() * 8; ++bit) {
    std::vector<uint8_t> bytes = original;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto message = StunMessage::Parse(bytes);
    if (!message) continue;
    EXPECT_FALSE(HasFingerprint(*message)) << "bit " << bit;
    if (bit / 8 < original.size() - kFingerprintSize) {
      EXPECT_FALSE(HasIntegrity(*message, kPassword)) << "bit " << bit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, Rfc5769Test,
                         ::testing::Values(test::kRfc5769Request, test::kRfc5769ResponseV4,
                                           test::kRfc5769ResponseV6));

TEST(StunIntegrityTest, MissingSealsDoNotVerify) {
  const std::vector<uint8_t> bytes = test::StunBytes(StunMessage{});
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(HasIntegrity(*message, kPassword));
  EXPECT_FALSE(HasFingerprint(*message));
}

TEST(StunIntegrityTest, EmptyPasswordSealsNothing) {
  std::array<uint8_t, 128> buffer{};
  ByteWriter out(buffer);
  StunMessage{}.WriteTo(out);
  EXPECT_FALSE(Seal(out, ""));
}

TEST(StunIntegrityTest, SealNeedsExactlyItsRoom) {
  constexpr size_t kSealed = kStunHeaderSize + kIntegritySize + kFingerprintSize;
  std::array<uint8_t, kSealed> buffer{};
  ByteWriter enough(buffer);
  StunMessage{}.WriteTo(enough);
  EXPECT_TRUE(Seal(enough, kPassword));

  ByteWriter short_of_one(ByteSpan(buffer).first(kSealed - 1));
  StunMessage{}.WriteTo(short_of_one);
  EXPECT_FALSE(Seal(short_of_one, kPassword));
  EXPECT_EQ(short_of_one.size(), kStunHeaderSize);
}

TEST(StunIntegrityTest, SealRefusesWhatIsNoMessageOrTooLong) {
  std::array<uint8_t, 2 * kMaxStunSize> buffer{};
  ByteWriter nothing(buffer);
  EXPECT_FALSE(Seal(nothing, kPassword));

  constexpr size_t kRoom = kMaxStunSize - kIntegritySize - kFingerprintSize;
  ByteWriter longest(buffer);
  longest.Zeros(kRoom);
  EXPECT_TRUE(Seal(longest, kPassword));
  ByteWriter too_long(buffer);
  too_long.Zeros(kRoom + 4);
  EXPECT_FALSE(Seal(too_long, kPassword));
}

}  // namespace
}  // namespace sluice::ice
