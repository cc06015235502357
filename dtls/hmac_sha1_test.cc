#include "dtls/hmac_sha1.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <vector>

#include "tests/support/hex.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using Bytes = std::vector<uint8_t>;

Bytes Sign(const Bytes& key, ByteView first, ByteView second = {}) {
  const HmacSha1::Digest digest = HmacSha1(key).Sign(first, second);
  return {digest.begin(), digest.end()};
}

// RFC 2202 §3, test cases 1 to 5.
TEST(HmacSha1Test, AgreesWithRfc2202) {
  EXPECT_EQ(Sign(Bytes(20, 0x0b), AsBytes("Hi There")),
            FromHex("b617318655057264e28bc0b6fb378c8ef146be00"));
  EXPECT_EQ(Sign({'J', 'e', 'f', 'e'}, AsBytes("what do ya want for nothing?")),
            FromHex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  EXPECT_EQ(Sign(Bytes(20, 0xaa), Bytes(50, 0xdd)),
            FromHex("125d7342b9ac11cd91a39af48aa17b4f63f175d3"));
  EXPECT_EQ(Sign(FromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd)),
            FromHex("4c9007f4026250c6bc8414f9bf50c86c2d7235da"));
  EXPECT_EQ(Sign(Bytes(20, 0x0c), AsBytes("Test With Truncation")),
            FromHex("4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"));
}

TEST(HmacSha1Test, AgreesWithOpensslForEveryKeySizeAndCut) {
  for (size_t size = 1; size <= HmacSha1::kMaxKeySize; ++size) {
    const Bytes key(size, static_cast<uint8_t>(size));
    const Bytes message(3 * size, 0x5a);
    Bytes expected(20);
    HMAC(EVP_sha1(), key.data(), static_cast<int>(size), message.data(), message.size(),
         expected.data(), nullptr);
    EXPECT_EQ(Sign(key, ByteView(message).first(size), ByteView(message).subspan(size)), expected);
  }
}

TEST(HmacSha1Test, SigningLeavesTheKeyAsItWas) {
  const HmacSha1 hmac(Bytes(20, 1));
  const HmacSha1::Digest first = hmac.Sign(AsBytes("a"), AsBytes("b"));
  EXPECT_NE(hmac.Sign(AsBytes("c"), {}), first);
  EXPECT_EQ(hmac.Sign(AsBytes("ab"), {}), first);
}

}  // namespace
}  // namespace sluice::dtls
