// Both transforms alike, and the packets of RFC 7714, which are stated in session keys.

#include "dtls/srtp_transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/srtp_reference.h"
#include "tests/vectors/srtp_rfc3711.h"
#include "tests/vectors/srtp_rfc7714.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using test::SrtpReference;
using Bytes = std::vector<uint8_t>;
using Direction = SrtpTransform::Direction;

SrtpSessionKeys SessionKeys(SrtpProfile profile, const Bytes& cipher, const Bytes& salt) {
  SrtpSessionKeys keys(profile);
  std::ranges::copy(cipher, keys.cipher().begin());
  std::ranges::copy(salt, keys.salt().begin());
  return keys;
}

struct Rfc7714Case {
  SrtpProfile profile;
  std::string_view key, srtp, srtcp, clear_srtcp;
};

constexpr Rfc7714Case kRfc7714Cases[] = {
    {SrtpProfile::kAeadAes128Gcm, vectors::kRfc7714Key128, vectors::kRfc7714Srtp128,
     vectors::kRfc7714Srtcp128, vectors::kRfc7714ClearSrtcp128},
    {SrtpProfile::kAeadAes256Gcm, vectors::kRfc7714Key256, vectors::kRfc7714Srtp256,
     vectors::kRfc7714Srtcp256, vectors::kRfc7714ClearSrtcp256},
};

class Rfc7714Test : public testing::TestWithParam<Rfc7714Case> {
 protected:
  static std::unique_ptr<SrtpTransform> New(Direction direction) {
    return SrtpTransform::Create(
        SessionKeys(GetParam().profile, FromHex(GetParam().key), FromHex(vectors::kRfc7714Salt)),
        direction);
  }
  static PacketId RtpId() { return {Ssrc(0x5501a0b2), 0xf17b}; }
  static PacketId RtcpId() { return {Ssrc(0x4d617273), vectors::kRfc7714RtcpIndex}; }
};

TEST_P(Rfc7714Test, RtpIsSealedAndOpened) {
  const Bytes clear = FromHex(vectors::kRfc7714Rtp);
  Bytes out = clear;
  out.resize(clear.size() + 16);
  ASSERT_TRUE(New(Direction::kSeal)->SealRtp(RtpId(), {out, 12, clear.size(), {}}));
  EXPECT_EQ(out, FromHex(GetParam().srtp));
  ASSERT_TRUE(New(Direction::kOpen)->OpenRtp(RtpId(), out, 12));
  out.resize(clear.size());
  EXPECT_EQ(out, clear);
}

TEST_P(Rfc7714Test, RtcpIsSealedAndOpened) {
  const Bytes clear = FromHex(vectors::kRfc7714Rtcp);
  Bytes out = clear;
  out.resize(clear.size() + 20);
  ASSERT_TRUE(New(Direction::kSeal)->SealRtcp(RtcpId(), out));
  EXPECT_EQ(out, FromHex(GetParam().srtcp));
  ASSERT_TRUE(New(Direction::kOpen)->OpenRtcp(RtcpId(), out));
  out.resize(clear.size());
  EXPECT_EQ(out, clear);
}

// §17.3 and §17.4: authentic, but in the clear.
TEST_P(Rfc7714Test, RtcpWithoutTheEncryptedFlagIsOpened) {
  const Bytes clear = FromHex(vectors::kRfc7714Rtcp);
  Bytes packet = FromHex(GetParam().clear_srtcp);
  ASSERT_TRUE(New(Direction::kOpen)->OpenRtcp(RtcpId(), packet));
  packet.resize(clear.size());
  EXPECT_EQ(packet, clear);
  for (size_t at = 0; at < clear.size() + 20; ++at) {
    packet = FromHex(GetParam().clear_srtcp);
    packet[at] ^= 1;
    EXPECT_FALSE(New(Direction::kOpen)->OpenRtcp(RtcpId(), packet)) << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, Rfc7714Test, testing::ValuesIn(kRfc7714Cases));

// B.2 again, as the payload of a packet: SSRC and index are zero there.
TEST(SrtpCtrHmacTest, EncryptsWithTheKeystreamOfRfc3711) {
  const auto transform = SrtpTransform::Create(
      SessionKeys(SrtpProfile::kAesCm128HmacSha1_80, FromHex(vectors::kRfc3711CipherKey),
                  FromHex(vectors::kRfc3711CipherSalt)),
      Direction::kSeal);
  const Bytes zeros(48);
  Bytes out(12 + zeros.size() + 10);
  ASSERT_TRUE(transform->SealRtp({Ssrc(0), 0}, {out, 12, 12, zeros}));
  EXPECT_EQ(Bytes(out.begin() + 12, out.end() - 10), FromHex(vectors::kRfc3711KeystreamBegin));
}

class SrtpTransformTest : public testing::TestWithParam<SrtpProfile> {
 protected:
  static Bytes Master() { return Bytes(MasterKeySize(GetParam()) + MasterSaltSize(GetParam()), 9); }
  static std::unique_ptr<SrtpTransform> New(SrtpKind kind, Direction direction) {
    return SrtpTransform::Create(*DeriveSessionKeys(GetParam(), Master(), kind), direction);
  }
  static Bytes Packet(size_t payload) {
    Bytes packet(12 + payload, 0x11);
    ByteWriter out(packet);
    out.U64(0x8060'1234'0000'0001);
    out.U32(77);
    return packet;
  }
};

// Indices beyond what a session reaches in a test: every bit of the counter counts.
TEST_P(SrtpTransformTest, AgreesWithTheReferenceForAnyRollover) {
  const auto seal = New(SrtpKind::kRtp, Direction::kSeal);
  const auto open = New(SrtpKind::kRtp, Direction::kOpen);
  const SrtpReference::Keys keys = SrtpReference::Derive(GetParam(), Master(), 0);
  const Bytes clear = Packet(100);
  for (const uint32_t roc : {0u, 1u, 0x8000u, 0x12345u, 0x80000000u, 0xffffffffu}) {
    const PacketId id{Ssrc(77), uint64_t{roc} << 16 | 0x1234};
    Bytes out = clear;
    out.resize(clear.size() + TagSize(GetParam()));
    ASSERT_TRUE(seal->SealRtp(id, {out, 12, clear.size(), {}}));
    EXPECT_EQ(out, SrtpReference::SealRtp(GetParam(), keys, clear, roc)) << roc;
    EXPECT_TRUE(open->OpenRtp(id, out, 12));
    EXPECT_TRUE(std::ranges::equal(clear, ByteView(out).first(clear.size())));
  }
}

TEST_P(SrtpTransformTest, AgreesWithTheReferenceForAnyRtcpIndex) {
  const auto seal = New(SrtpKind::kRtcp, Direction::kSeal);
  const SrtpReference::Keys keys = SrtpReference::Derive(GetParam(), Master(), 3);
  Bytes clear(28, 0x22);
  ByteWriter(clear).U64(0x80c9'0006'0000'004d);
  for (const uint32_t index : {0u, 1u, 0xffffu, 0x10000u, 0x7fffffffu}) {
    Bytes out = clear;
    out.resize(clear.size() + 4 + RtcpTagSize(GetParam()));
    ASSERT_TRUE(seal->SealRtcp({Ssrc(77), index}, out));
    EXPECT_EQ(out, SrtpReference::SealRtcp(GetParam(), keys, clear, index)) << index;
  }
}

TEST_P(SrtpTransformTest, RestIsTakenFromWhereItIsAndLeftAsItWas) {
  const auto seal = New(SrtpKind::kRtp, Direction::kSeal);
  const Bytes clear = Packet(333);
  const SrtpReference::Keys keys = SrtpReference::Derive(GetParam(), Master(), 0);
  const Bytes expected = SrtpReference::SealRtp(GetParam(), keys, clear, 0);
  for (size_t written = 12; written <= clear.size(); ++written) {
    const Bytes rest(clear.begin() + static_cast<ptrdiff_t>(written), clear.end());
    Bytes out(expected.size(), 0xee);
    std::copy_n(clear.begin(), written, out.begin());
    ASSERT_TRUE(seal->SealRtp({Ssrc(77), 0x1234}, {out, 12, written, rest}));
    EXPECT_EQ(out, expected) << written;
    EXPECT_TRUE(std::ranges::equal(rest, ByteView(clear).subspan(written)));
  }
}

TEST_P(SrtpTransformTest, AnotherIndexOrSourceIsNotAuthentic) {
  const SrtpReference::Keys keys = SrtpReference::Derive(GetParam(), Master(), 0);
  const auto open = New(SrtpKind::kRtp, Direction::kOpen);
  const Bytes sealed = SrtpReference::SealRtp(GetParam(), keys, Packet(50), 1);
  for (const uint64_t index : {0x01234ull, 0x21234ull, 0x1'0001'1234ull, 0x8000'0001'1234ull}) {
    Bytes packet = sealed;
    EXPECT_FALSE(open->OpenRtp({Ssrc(77), index}, packet, 12)) << index;
  }
  Bytes packet = sealed;
  EXPECT_TRUE(open->OpenRtp({Ssrc(77), 0x11234}, packet, 12));
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpTransformTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32));

}  // namespace
}  // namespace sluice::dtls
