// SrtpSession against libsrtp2, byte for byte and refusal for refusal, in both directions.

#include "tests/support/srtp_libsrtp2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "dtls/srtp_session.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/srtp_backends.h"
#include "tests/support/srtp_fixture.h"
#include "tests/support/srtp_reference.h"

namespace sluice::dtls {
namespace {

using test::Libsrtp2;
using test::SeededEntropy;
using test::SrtpReference;
using Bytes = std::vector<uint8_t>;

class SrtpLibsrtp2Test : public testing::TestWithParam<test::SrtpSuite> {
 protected:
  static SrtpProfile profile() { return GetParam().profile; }

  void SetUp() override {
    cipher_ = GetParam().backend.NewCipher();
    Bytes ours(MasterKeySize(profile()) + MasterSaltSize(profile()));
    theirs_ = ours;
    for (size_t i = 0; i < ours.size(); ++i) {
      ours[i] = static_cast<uint8_t>(11 * i + 5);
      theirs_[i] = static_cast<uint8_t>(13 * i + 6);
    }
    auto session =
        SrtpSession::Create(*SrtpKeys::FromHalves(profile(), ours, theirs_), cipher_.get());
    SLUICE_CHECK(session.ok());
    ours_ = std::move(*session);
    twin_ = std::make_unique<Libsrtp2>(profile(), ours, theirs_);
    peer_ = std::make_unique<Libsrtp2>(profile(), theirs_, ours);
  }

  // What we seal is what libsrtp2 would have sealed with our keys, and the peer opens it.
  void ExpectSealed(const Bytes& packet) {
    const Bytes sealed = Protect(*ours_, packet);
    ASSERT_FALSE(sealed.empty());
    ASSERT_EQ(sealed, twin_->SealRtp(packet));
    ASSERT_EQ(peer_->OpenRtp(sealed), packet);
  }

  void ExpectOpened(const Bytes& packet) {
    const Bytes sealed = peer_->SealRtp(packet);
    ASSERT_FALSE(sealed.empty());
    ASSERT_EQ(Unprotect(*ours_, sealed), packet);
  }

  // What RTCP becomes, which both must agree on.
  Bytes OpenedRtcp(const Bytes& sealed) {
    const Bytes opened = UnprotectRtcp(*ours_, sealed);
    EXPECT_EQ(opened, twin_->OpenRtcp(sealed));
    return opened;
  }

  Bytes theirs_;  // master key and salt of the other end
  std::unique_ptr<BulkCipher> cipher_;
  std::unique_ptr<SrtpSession> ours_;
  std::unique_ptr<Libsrtp2> twin_;  // has our keys
  std::unique_ptr<Libsrtp2> peer_;  // has the keys of the other end
};

// An RTP header with any number of CSRCs, any extension, padding, and any payload.
Bytes AnyRtp(SeededEntropy& entropy, uint32_t ssrc, uint16_t seq) {
  const auto csrcs = static_cast<uint8_t>(entropy.Below(16));
  const bool has_extension = entropy.Below(2) == 0;
  const size_t words = has_extension ? entropy.Below(20) : 0;
  const bool is_padded = entropy.Below(3) == 0;
  const size_t payload = entropy.Below(1100) + (is_padded ? 8 : 0);
  Bytes packet(12 + 4u * csrcs + (has_extension ? 4 + 4 * words : 0) + payload);
  for (uint8_t& byte : packet) byte = static_cast<uint8_t>(entropy.Below(256));
  packet[0] =
      static_cast<uint8_t>(0x80 | (is_padded ? 0x20 : 0) | (has_extension ? 0x10 : 0) | csrcs);
  ByteWriter out(ByteSpan(packet).subspan(2));
  out.U16(seq);
  out.Bytes(ByteView(packet).subspan(4, 4));
  out.U32(ssrc);
  if (has_extension) {
    ByteWriter extension(ByteSpan(packet).subspan(12 + 4u * csrcs));
    extension.U16(0xbede);
    extension.U16(static_cast<uint16_t>(words));
  }
  if (is_padded) packet.back() = 8;  // RFC 3550 §5.1; a sealer neither adds nor removes any.
  return packet;
}

Bytes PlainRtp(uint32_t ssrc, uint16_t seq, size_t payload) {
  Bytes packet(12 + payload, static_cast<uint8_t>(seq));
  ByteWriter out(packet);
  out.U16(0x8060);
  out.U16(seq);
  out.U32(seq * 3000u);
  out.U32(ssrc);
  return packet;
}

Bytes AnyRtcp(SeededEntropy& entropy, uint32_t ssrc) {
  Bytes packet(8 + 4 * entropy.Below(300));
  for (uint8_t& byte : packet) byte = static_cast<uint8_t>(entropy.Below(256));
  ByteWriter out(packet);
  out.U8(0x80);
  out.U8(200);
  out.U16(static_cast<uint16_t>(packet.size() / 4 - 1));
  out.U32(ssrc);
  return packet;
}

TEST_P(SrtpLibsrtp2Test, EveryFormOfRtpIsTheSameInBothDirections) {
  SeededEntropy entropy(21);
  for (uint32_t i = 0; i < 3000; ++i) {
    const Bytes packet = AnyRtp(entropy, 1 + i % 5, static_cast<uint16_t>(60'000 + 7 * i));
    ASSERT_NO_FATAL_FAILURE(ExpectSealed(packet)) << i;
    ASSERT_NO_FATAL_FAILURE(ExpectOpened(packet)) << i;
  }
}

TEST_P(SrtpLibsrtp2Test, EveryFormOfRtcpIsTheSameInBothDirections) {
  SeededEntropy entropy(22);
  for (uint32_t i = 0; i < 3000; ++i) {
    const Bytes packet = AnyRtcp(entropy, 1 + i % 5);
    const Bytes sealed = ProtectRtcp(*ours_, packet);
    ASSERT_EQ(sealed, twin_->SealRtcp(packet)) << i;
    ASSERT_EQ(peer_->OpenRtcp(sealed), packet) << i;
    ASSERT_EQ(UnprotectRtcp(*ours_, peer_->SealRtcp(packet)), packet) << i;
  }
}

// A stream long enough to wrap, with every single number.
TEST_P(SrtpLibsrtp2Test, SeventyThousandPacketsWrapTogether) {
  for (uint32_t index = 40'000; index < 110'000; ++index) {
    const Bytes packet = PlainRtp(7, static_cast<uint16_t>(index), 16);
    ASSERT_NO_FATAL_FAILURE(ExpectSealed(packet)) << index;
    ASSERT_NO_FATAL_FAILURE(ExpectOpened(packet)) << index;
  }
}

// The second packet of a stream, `jump` after the first: near, about half a round, and beyond. What
// libsrtp2 can no longer follow, because the packet looks like one of the past, we refuse as well.
TEST_P(SrtpLibsrtp2Test, JumpsAreJudgedAlike) {
  const SrtpReference::Keys keys = SrtpReference::Derive(profile(), theirs_, 0);
  uint32_t ssrc = 0;
  int taken = 0;
  int refused = 0;
  for (const uint32_t start : {1u, 100u, 32768u, 40'000u, 65'535u}) {
    for (const uint32_t jump : {1u, 1023u, 1024u, 32767u, 32768u, 32769u, 40'000u, 65'535u}) {
      ++ssrc;
      for (const uint32_t round : {0u, 1u, 2u, 3u}) {
        const uint32_t index = start + round * jump;
        const Bytes packet = PlainRtp(ssrc, static_cast<uint16_t>(index), 20);
        ASSERT_EQ(Protect(*ours_, packet), twin_->SealRtp(packet)) << start << " " << jump;
        const Bytes arriving = SrtpReference::SealRtp(profile(), keys, packet, index >> 16);
        const Bytes opened = Unprotect(*ours_, arriving);
        ASSERT_EQ(opened, twin_->OpenRtp(arriving)) << start << " " << jump << " " << round;
        (opened.empty() ? refused : taken) += 1;
      }
    }
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 10);
}

// Late, repeated and lost packets over several wraps, each judged by both receivers.
TEST_P(SrtpLibsrtp2Test, DisorderIsJudgedAlike) {
  SeededEntropy entropy(23);
  uint32_t highest = 64'000;
  std::vector<Bytes> sealed;
  for (int i = 0; i < 20'000; ++i) {
    highest += static_cast<uint32_t>(entropy.Below(20));
    const Bytes packet = PlainRtp(7, static_cast<uint16_t>(highest), 16);
    sealed.push_back(peer_->SealRtp(packet));
    ASSERT_FALSE(sealed.back().empty());
    const size_t back = std::min<size_t>(sealed.size() - 1, entropy.Below(150));
    const Bytes& arriving = sealed[sealed.size() - 1 - back];
    ASSERT_EQ(Unprotect(*ours_, arriving), twin_->OpenRtp(arriving)) << i;
  }
}

TEST_P(SrtpLibsrtp2Test, RepeatedTransmissionIsAllowedAsFarBack) {
  for (uint32_t seq = 1; seq <= 3000; ++seq) {
    const Bytes packet = PlainRtp(7, static_cast<uint16_t>(seq), 16);
    ASSERT_EQ(Protect(*ours_, packet), twin_->SealRtp(packet));
  }
  for (uint32_t seq = 1900; seq <= 3000; ++seq) {
    const Bytes packet = PlainRtp(7, static_cast<uint16_t>(seq), 16);
    const Bytes again = Protect(*ours_, packet);
    ASSERT_EQ(again, twin_->SealRtp(packet)) << seq;
    ASSERT_EQ(again.empty(), seq <= 3000 - SrtpSession::kReplayWindow) << seq;
  }
}

TEST_P(SrtpLibsrtp2Test, EveryDamagedByteIsRefusedByBoth) {
  SeededEntropy entropy(24);
  const Bytes rtp = peer_->SealRtp(AnyRtp(entropy, 7, 100));
  for (size_t at = 0; at < rtp.size(); ++at) {
    Bytes damaged = rtp;
    damaged[at] = static_cast<uint8_t>(damaged[at] ^ (1 + entropy.Below(255)));
    ASSERT_TRUE(twin_->OpenRtp(damaged).empty()) << at;
    ASSERT_TRUE(WhyRefused(*ours_, damaged)) << at;
  }
  const Bytes rtcp = peer_->SealRtcp(AnyRtcp(entropy, 7));
  for (size_t at = 0; at < rtcp.size(); ++at) {
    Bytes damaged = rtcp;
    damaged[at] = static_cast<uint8_t>(damaged[at] ^ (1 + entropy.Below(255)));
    ASSERT_TRUE(twin_->OpenRtcp(damaged).empty()) << at;
    ASSERT_TRUE(WhyRtcpRefused(*ours_, damaged)) << at;
  }
  EXPECT_EQ(ours_->incoming_count(), 0u);
  EXPECT_FALSE(Unprotect(*ours_, rtp).empty());
  EXPECT_FALSE(UnprotectRtcp(*ours_, rtcp).empty());
}

// RFC 7714 §9.3, and RFC 3711 §3.4 for counter mode, whose profile has everything encrypted.
TEST_P(SrtpLibsrtp2Test, RtcpWithoutTheEncryptedFlagIsTakenUnderGcmOnly) {
  SeededEntropy entropy(25);
  const SrtpReference::Keys keys = SrtpReference::Derive(profile(), theirs_, 3);
  const Bytes clear = AnyRtcp(entropy, 7);
  const Bytes sealed = SrtpReference::SignRtcp(profile(), keys, clear, 1);
  const bool is_gcm = !IsCtrHmac(profile());
  EXPECT_EQ(OpenedRtcp(sealed), is_gcm ? clear : Bytes());
}

INSTANTIATE_TEST_SUITE_P(Suites, SrtpLibsrtp2Test, testing::ValuesIn(test::SrtpSuites()),
                         [](const auto& suite) { return test::SrtpSuiteName(suite.param); });

}  // namespace
}  // namespace sluice::dtls
