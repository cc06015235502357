#include "dtls/aes_counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/hex.h"
#include "tests/vectors/srtp_rfc3711.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using Bytes = std::vector<uint8_t>;

AesCounter::Block Rfc3711Counter() {
  AesCounter::Block counter{};
  std::ranges::copy(FromHex(vectors::kRfc3711CipherSalt), counter.begin());
  return counter;
}

Bytes Blocks(const Bytes& stream, size_t first) {
  return {stream.begin() + static_cast<ptrdiff_t>(first * 16),
          stream.begin() + static_cast<ptrdiff_t>((first + 3) * 16)};
}

TEST(AesCounterTest, AgreesWithTheKeystreamOfRfc3711) {
  std::optional<AesCounter> cipher = AesCounter::Create(FromHex(vectors::kRfc3711CipherKey));
  ASSERT_TRUE(cipher);
  Bytes stream(0xff02 * 16);
  ASSERT_TRUE(cipher->Start(Rfc3711Counter()));
  ASSERT_TRUE(cipher->Apply(stream, stream));
  EXPECT_EQ(Blocks(stream, 0), FromHex(vectors::kRfc3711KeystreamBegin));
  EXPECT_EQ(Blocks(stream, 0xfeff), FromHex(vectors::kRfc3711KeystreamFromFeff));
}

TEST(AesCounterTest, PiecesMakeTheSameKeystreamAndStartingAgainDoesToo) {
  std::optional<AesCounter> cipher = AesCounter::Create(Bytes(32, 1));
  ASSERT_TRUE(cipher);
  Bytes whole(100);
  ASSERT_TRUE(cipher->Start(Rfc3711Counter()));
  ASSERT_TRUE(cipher->Apply(whole, whole));
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    Bytes pieces(whole.size());
    const ByteSpan all(pieces);
    ASSERT_TRUE(cipher->Start(Rfc3711Counter()));
    ASSERT_TRUE(cipher->Apply(all.first(cut), all.first(cut)));
    ASSERT_TRUE(cipher->Apply(all.subspan(cut), all.subspan(cut)));
    EXPECT_EQ(pieces, whole) << cut;
  }
}

TEST(AesCounterTest, KeysOfOtherSizesAreRefused) {
  for (const size_t size : {0u, 15u, 17u, 24u, 31u, 33u}) {
    EXPECT_FALSE(AesCounter::Create(Bytes(size))) << size;
  }
}

}  // namespace
}  // namespace sluice::dtls
