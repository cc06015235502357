#include "dtls/srtp_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/srtp_fixture.h"
#include "tests/support/srtp_reference.h"
#include "tests/vectors/srtp_rfc3711.h"
#include "tests/vectors/srtp_rfc7714.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using test::SeededEntropy;
using test::SrtpReference;

// The vectors hold the reference, the reference holds SrtpSession.
TEST(SrtpVectorTest, ReferenceAgreesWithTheKeystreamOfRfc3711) {
  std::vector<uint8_t> iv = FromHex(vectors::kRfc3711CipherSalt);
  iv.resize(16);
  const std::vector<uint8_t> stream = SrtpReference::CounterMode(
      FromHex(vectors::kRfc3711CipherKey), iv, std::vector<uint8_t>(0xff02 * 16));
  const auto blocks = [&](size_t first) {
    return std::vector<uint8_t>(stream.begin() + static_cast<ptrdiff_t>(first * 16),
                                stream.begin() + static_cast<ptrdiff_t>((first + 3) * 16));
  };
  EXPECT_EQ(blocks(0), FromHex(vectors::kRfc3711KeystreamBegin));
  EXPECT_EQ(blocks(0xfeff), FromHex(vectors::kRfc3711KeystreamFromFeff));
}

TEST(SrtpVectorTest, ReferenceAgreesWithThePacketsOfRfc7714) {
  const auto check = [](SrtpProfile profile, std::string_view key, std::string_view srtp,
                        std::string_view srtcp) {
    const SrtpReference::Keys keys{FromHex(key), FromHex(vectors::kRfc7714Salt), {}};
    EXPECT_EQ(SrtpReference::SealRtp(profile, keys, FromHex(vectors::kRfc7714Rtp), 0),
              FromHex(srtp));
    EXPECT_EQ(SrtpReference::SealRtcp(profile, keys, FromHex(vectors::kRfc7714Rtcp),
                                      vectors::kRfc7714RtcpIndex),
              FromHex(srtcp));
  };
  check(SrtpProfile::kAeadAes128Gcm, vectors::kRfc7714Key128, vectors::kRfc7714Srtp128,
        vectors::kRfc7714Srtcp128);
  check(SrtpProfile::kAeadAes256Gcm, vectors::kRfc7714Key256, vectors::kRfc7714Srtp256,
        vectors::kRfc7714Srtcp256);
}

// With the master key of RFC 3711 B.3, SrtpSession must seal as the session keys printed there do.
TEST(SrtpVectorTest, SessionDerivesTheKeysOfRfc3711) {
  std::vector<uint8_t> master = FromHex(vectors::kRfc3711MasterKey);
  const std::vector<uint8_t> salt = FromHex(vectors::kRfc3711MasterSalt);
  master.insert(master.end(), salt.begin(), salt.end());
  const SrtpReference::Keys printed{FromHex(vectors::kRfc3711SessionKey),
                                    FromHex(vectors::kRfc3711SessionSalt),
                                    FromHex(vectors::kRfc3711SessionAuth)};
  const SrtpProfile profile = SrtpProfile::kAesCm128HmacSha1_80;
  const SrtpReference::Keys derived = SrtpReference::Derive(profile, master, 0);
  EXPECT_EQ(derived.cipher, printed.cipher);
  EXPECT_EQ(derived.salt, printed.salt);
  EXPECT_EQ(derived.auth, printed.auth);

  const auto session = SrtpSession::Create(*SrtpKeys::FromHalves(profile, master, master));
  ASSERT_TRUE(session.ok());
  const std::vector<uint8_t> packet = FromHex(vectors::kRfc7714Rtp);
  const std::vector<uint8_t> sealed = SrtpReference::SealRtp(profile, printed, packet, 0);
  EXPECT_EQ(Protect(**session, packet), sealed);
  EXPECT_EQ(Unprotect(**session, sealed), packet);
}

using SrtpSessionTest = SrtpFixture;

TEST_P(SrtpSessionTest, SealsAndOpensAsTheReferenceDoes) {
  SeededEntropy entropy(3);
  for (uint16_t seq = 1; seq < 200; ++seq) {
    const Bytes packet = MakeRtp(7, seq, entropy.Below(1100), seq % 3 == 0);
    const Bytes sealed = SealByPeer(packet, 0);
    EXPECT_EQ(Unprotect(ours(), sealed), packet);
    EXPECT_EQ(Protect(ours(), packet), SealByUs(packet, 0));
  }
}

TEST_P(SrtpSessionTest, SealsAndOpensRtcpAsTheReferenceDoes) {
  for (uint32_t index = 1; index < 100; ++index) {
    const Bytes packet = MakeRtcp(7, 4 * (index % 60));
    EXPECT_EQ(ProtectRtcp(ours(), packet), SealRtcpByUs(packet, index));
    EXPECT_EQ(UnprotectRtcp(ours(), SealRtcpByPeer(packet, index)), packet);
  }
}

TEST_P(SrtpSessionTest, HeaderAndRestMakeOnePacket) {
  const Bytes packet = MakeRtp(7, 9, 800);
  const Bytes whole = SealByUs(packet, 0);
  for (const size_t written : {12u, 13u, 40u, 811u, 812u}) {
    Bytes out(packet.size() + TagSize(GetParam()));
    std::copy_n(packet.begin(), written, out.begin());
    const std::optional<size_t> size =
        ours().ProtectRtp(out, written, ByteView(packet).subspan(written));
    ASSERT_TRUE(size);
    EXPECT_EQ(*size, out.size());
    EXPECT_EQ(out, whole) << written;
  }
}

TEST_P(SrtpSessionTest, WhatDoesNotFitIsRefused) {
  const Bytes packet = MakeRtp(7, 9, 100);
  Bytes out(packet.size() + TagSize(GetParam()) - 1);
  std::ranges::copy(packet, out.begin());
  EXPECT_FALSE(ours().ProtectRtp(out, packet.size(), {}));
  EXPECT_FALSE(ours().ProtectRtp(out, 12, ByteView(packet).subspan(12)));
  EXPECT_FALSE(ours().ProtectRtp(out, 12, Bytes(4000)));
  EXPECT_FALSE(ours().ProtectRtp(out, out.size() + 1, {}));
  EXPECT_FALSE(ours().ProtectRtp(out, 11, {}));
  const Bytes rtcp = MakeRtcp(7, 40);
  Bytes room(rtcp.size() + RtcpTagSize(GetParam()) + 3);
  std::ranges::copy(rtcp, room.begin());
  EXPECT_FALSE(ours().ProtectRtcp(room, rtcp.size()));
  EXPECT_FALSE(ours().ProtectRtcp(room, 7));
}

TEST_P(SrtpSessionTest, RepeatedTransmissionIsTheSamePacketAgain) {
  const Bytes packet = MakeRtp(7, 9, 100);
  const Bytes first = Protect(ours(), packet);
  Protect(ours(), MakeRtp(7, 10, 100));
  EXPECT_EQ(Protect(ours(), packet), first);
  EXPECT_FALSE(first.empty());
}

TEST_P(SrtpSessionTest, ReplayIsRefused) {
  const Bytes sealed = SealByPeer(MakeRtp(7, 9, 100), 0);
  EXPECT_FALSE(Unprotect(ours(), sealed).empty());
  EXPECT_EQ(WhyRefused(ours(), sealed), DropReason::kSrtpReplay);
  EXPECT_EQ(WhyRefused(ours(), sealed), DropReason::kSrtpReplay);
}

TEST_P(SrtpSessionTest, ReplayWindowHoldsExactly1024) {
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 5000, 10), 0)).empty());
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 5000 - 1023, 10), 0)).empty());
  EXPECT_EQ(WhyRefused(ours(), SealByPeer(MakeRtp(7, 5000 - 1024, 10), 0)),
            DropReason::kSrtpReplay);
}

TEST_P(SrtpSessionTest, ReplayWindowsOfStreamsAreSeparate) {
  for (const uint32_t ssrc : {1u, 2u, 3u}) {
    const Bytes sealed = SealByPeer(MakeRtp(ssrc, 9, 100), 0);
    EXPECT_FALSE(Unprotect(ours(), sealed).empty());
    EXPECT_EQ(WhyRefused(ours(), sealed), DropReason::kSrtpReplay);
  }
}

TEST_P(SrtpSessionTest, RtcpReplayIsRefusedForEachSourceAlone) {
  const Bytes first = SealRtcpByPeer(MakeRtcp(1, 20), 5);
  EXPECT_FALSE(UnprotectRtcp(ours(), first).empty());
  EXPECT_EQ(WhyRtcpRefused(ours(), first), DropReason::kSrtpReplay);
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(2, 20), 5)).empty());
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(1, 20), 4)).empty());
}

TEST_P(SrtpSessionTest, EveryFlippedBitIsRefusedAndHarmsNothing) {
  const Bytes packet = MakeRtp(7, 9, 30);
  const Bytes sealed = SealByPeer(packet, 0);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes forged = sealed;
    forged[bit / 8] = static_cast<uint8_t>(forged[bit / 8] ^ (1u << (bit % 8)));
    const std::optional<DropReason> reason = WhyRefused(ours(), forged);
    EXPECT_TRUE(reason == DropReason::kSrtpAuthentication || reason == DropReason::kSrtpMalformed)
        << bit;
  }
  EXPECT_EQ(ours().incoming_count(), 0u);
  EXPECT_EQ(Unprotect(ours(), sealed), packet);
}

TEST_P(SrtpSessionTest, EveryFlippedBitOfRtcpIsRefusedAndHarmsNothing) {
  const Bytes packet = MakeRtcp(7, 20);
  const Bytes sealed = SealRtcpByPeer(packet, 1);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes forged = sealed;
    forged[bit / 8] = static_cast<uint8_t>(forged[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_TRUE(WhyRtcpRefused(ours(), forged)) << bit;
  }
  EXPECT_EQ(ours().incoming_count(), 0u);
  EXPECT_EQ(UnprotectRtcp(ours(), sealed), packet);
}

TEST_P(SrtpSessionTest, EveryTruncationIsRefused) {
  const Bytes sealed = SealByPeer(MakeRtp(7, 9, 30, true), 0);
  const Bytes rtcp = SealRtcpByPeer(MakeRtcp(7, 20), 1);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_TRUE(
        WhyRefused(ours(), {sealed.begin(), sealed.begin() + static_cast<ptrdiff_t>(size)}));
  }
  for (size_t size = 0; size < rtcp.size(); ++size) {
    EXPECT_TRUE(
        WhyRtcpRefused(ours(), {rtcp.begin(), rtcp.begin() + static_cast<ptrdiff_t>(size)}));
  }
  EXPECT_EQ(ours().incoming_count(), 0u);
}

TEST_P(SrtpSessionTest, ClearPacketIsNoSealedPacket) {
  EXPECT_TRUE(WhyRefused(ours(), MakeRtp(7, 9, 200)));
  EXPECT_TRUE(WhyRtcpRefused(ours(), MakeRtcp(7, 200)));
}

TEST_P(SrtpSessionTest, OurOwnPacketsSentBackAreRefused) {
  EXPECT_EQ(WhyRefused(ours(), Protect(ours(), MakeRtp(7, 9, 100))),
            DropReason::kSrtpAuthentication);
}

TEST_P(SrtpSessionTest, ForgedSourcesLeaveNoState) {
  SeededEntropy entropy(5);
  for (uint32_t i = 0; i < 5000; ++i) {
    Bytes forged = MakeRtp(entropy.U32(), static_cast<uint16_t>(entropy.U32()), 60);
    EXPECT_TRUE(WhyRefused(ours(), forged));
    forged = MakeRtcp(entropy.U32(), 60);
    EXPECT_TRUE(WhyRtcpRefused(ours(), forged));
  }
  EXPECT_EQ(ours().incoming_count(), 0u);
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 9, 100), 0)).empty());
}

TEST_P(SrtpSessionTest, SourcesOfAnAuthenticPeerAreBounded) {
  for (uint32_t ssrc = 0; ssrc < SrtpSession::kMaxIncoming; ++ssrc) {
    ASSERT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(ssrc, 1, 10), 0)).empty());
  }
  EXPECT_EQ(WhyRefused(ours(), SealByPeer(MakeRtp(9999, 1, 10), 0)), DropReason::kTooManyStreams);
  EXPECT_EQ(WhyRtcpRefused(ours(), SealRtcpByPeer(MakeRtcp(9999, 20), 1)),
            DropReason::kTooManyStreams);
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(5, 2, 10), 0)).empty());
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(5, 20), 1)).empty());

  ours().RemoveIncoming(Ssrc(5));
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(9999, 1, 10), 0)).empty());
  EXPECT_EQ(ours().incoming_count(), SrtpSession::kMaxIncoming);
}

TEST_P(SrtpSessionTest, RemovedStreamsBeginAnew) {
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 65535, 10), 0)).empty());
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 5, 10), 1)).empty());
  ours().RemoveIncoming(Ssrc(7));
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 6, 10), 0)).empty());

  Protect(ours(), MakeRtp(8, 65535, 10));
  const Bytes packet = MakeRtp(8, 5, 10);
  EXPECT_EQ(Protect(ours(), packet), SealByUs(packet, 1));
  ours().RemoveOutgoing(Ssrc(8));
  EXPECT_EQ(Protect(ours(), packet), SealByUs(packet, 0));
}

TEST_P(SrtpSessionTest, RemovingWhatIsNotThereChangesNothing) {
  ours().RemoveIncoming(Ssrc(1));
  ours().RemoveOutgoing(Ssrc(1));
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(1, 9, 10), 0)).empty());
}

TEST_P(SrtpSessionTest, RtcpReplayWindowHoldsExactly1024) {
  const Bytes packet = MakeRtcp(7, 20);
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(packet, 5000)).empty());
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(packet, 5000 - 1023)).empty());
  EXPECT_EQ(WhyRtcpRefused(ours(), SealRtcpByPeer(packet, 5000 - 1024)), DropReason::kSrtpReplay);
  EXPECT_EQ(WhyRtcpRefused(ours(), SealRtcpByPeer(packet, 5000)), DropReason::kSrtpReplay);
}

TEST_P(SrtpSessionTest, LastRtcpIndexIsTaken) {
  const Bytes packet = MakeRtcp(7, 20);
  EXPECT_EQ(UnprotectRtcp(ours(), SealRtcpByPeer(packet, 0x7fffffff)), packet);
}

// What is called a header must be there: nothing of it is read out of `rest`, nor behind the end.
TEST_P(SrtpSessionTest, HeaderBeyondWhatIsWrittenIsRefused) {
  const Bytes packet = MakeRtp(7, 9, 30, true);
  for (size_t written = 12; written < 24; ++written) {
    Bytes out(packet.size() + TagSize(GetParam()));
    std::copy_n(packet.begin(), written, out.begin());
    EXPECT_FALSE(ours().ProtectRtp(out, written, ByteView(packet).subspan(written))) << written;
  }
  for (const uint8_t first : {uint8_t{0x8f}, uint8_t{0x9f}}) {  // fifteen CSRCs; and an extension
    Bytes sealed = SealByPeer(MakeRtp(7, 9, 4), 0);
    sealed[0] = first;
    EXPECT_EQ(WhyRefused(ours(), sealed), DropReason::kSrtpMalformed);
  }
}

// With no room for the stream, not even its tag is worth the work.
TEST_P(SrtpSessionTest, ForgedSourcesBeyondTheBoundAreNotLookedAt) {
  for (uint32_t ssrc = 0; ssrc < SrtpSession::kMaxIncoming; ++ssrc) {
    ASSERT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(ssrc, 1, 10), 0)).empty());
  }
  EXPECT_EQ(WhyRefused(ours(), MakeRtp(9999, 1, 60)), DropReason::kTooManyStreams);
  EXPECT_EQ(WhyRtcpRefused(ours(), MakeRtcp(9999, 60)), DropReason::kTooManyStreams);
}

TEST_P(SrtpSessionTest, OutgoingSourcesAreBounded) {
  for (uint32_t ssrc = 0; ssrc < SrtpSession::kMaxOutgoing; ++ssrc) {
    ASSERT_FALSE(Protect(ours(), MakeRtp(ssrc, 1, 1)).empty());
  }
  EXPECT_TRUE(Protect(ours(), MakeRtp(99'999, 1, 1)).empty());
  EXPECT_TRUE(ProtectRtcp(ours(), MakeRtcp(99'999, 20)).empty());
  EXPECT_FALSE(ProtectRtcp(ours(), MakeRtcp(5, 20)).empty());
  ours().RemoveOutgoing(Ssrc(5));
  EXPECT_FALSE(Protect(ours(), MakeRtp(99'999, 1, 1)).empty());
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpSessionTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32));

// RFC 3711 §3.4: where everything is encrypted, RTCP that says it is not is refused.
TEST(SrtpRtcpTest, UnencryptedRtcpIsRefusedUnderCounterMode) {
  const SrtpProfile profile = SrtpProfile::kAesCm128HmacSha1_80;
  const std::vector<uint8_t> master(30, 1);
  const auto session = SrtpSession::Create(*SrtpKeys::FromHalves(profile, master, master));
  ASSERT_TRUE(session.ok());
  std::vector<uint8_t> packet = FromHex(vectors::kRfc7714Rtcp);
  packet = SrtpReference::SealRtcp(profile, SrtpReference::Derive(profile, master, 3), packet, 1);
  packet[packet.size() - 14] &= 0x7f;
  EXPECT_TRUE(WhyRtcpRefused(**session, packet));
}

}  // namespace
}  // namespace sluice::dtls
