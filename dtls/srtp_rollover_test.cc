// How often a stream's sequence numbers have wrapped is on no wire: both ends count (RFC 3711
// §3.3.1). These tests lay out where counting goes wrong in the field: streams that begin near a
// boundary, lose or reorder their first packets, or share a session with others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "dtls/srtp_session.h"
#include "tests/support/srtp_fixture.h"

namespace sluice::dtls {
namespace {

constexpr uint32_t kStarts[] = {0,     1,     2,     32766, 32767, 32768, 32769,
                                65530, 65531, 65532, 65533, 65534, 65535};

// Orders in which the network may deliver ten packets, as positions.
const std::vector<std::vector<int>>& Orders() {
  static const auto* const orders = new std::vector<std::vector<int>>{
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
      {1, 0, 3, 2, 5, 4, 7, 6, 9, 8},
      {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
      {4, 0, 9, 1, 8, 2, 7, 3, 6, 5},
  };
  return *orders;
}

using SrtpRolloverTest = SrtpFixture;

TEST_P(SrtpRolloverTest, IncomingStreamsAreFoundWhereverTheyBeginAndWhateverIsLostFirst) {
  uint32_t ssrc = 0;
  for (const uint32_t start : kStarts) {
    for (const uint32_t lost : {0u, 1u, 3u, 6u, 100u, 1000u}) {
      for (const std::vector<int>& order : Orders()) {
        ++ssrc;
        for (const int position : order) {
          const uint32_t index = start + lost + static_cast<uint32_t>(position);
          const Bytes packet = MakeRtp(ssrc, static_cast<uint16_t>(index), 20);
          EXPECT_EQ(Unprotect(ours(), SealByPeer(packet, index >> 16)), packet)
              << "start " << start << " lost " << lost << " position " << position;
        }
        ours().RemoveIncoming(Ssrc(ssrc));
      }
    }
  }
}

TEST_P(SrtpRolloverTest, OutgoingStreamsCountEachForItself) {
  for (uint32_t i = 0; i < 20; ++i) {
    for (const uint32_t start : kStarts) {
      const uint32_t index = start + i;
      const Bytes packet = MakeRtp(1000 + start, static_cast<uint16_t>(index), 20);
      EXPECT_EQ(Protect(ours(), packet), SealByUs(packet, index >> 16))
          << "start " << start << " packet " << i;
    }
  }
}

TEST_P(SrtpRolloverTest, ThreeWrapsInBothDirections) {
  for (uint32_t index = 100; index < 4 * 65536; index += 7919) {
    const Bytes packet = MakeRtp(7, static_cast<uint16_t>(index), 20);
    ASSERT_EQ(Unprotect(ours(), SealByPeer(packet, index >> 16)), packet) << index;
    ASSERT_EQ(Protect(ours(), packet), SealByUs(packet, index >> 16)) << index;
  }
}

// One stream wraps while another stands still: the counter is per source.
TEST_P(SrtpRolloverTest, WrapOfOneIncomingStreamDoesNotMoveAnother) {
  const Bytes audio = MakeRtp(1, 500, 20);
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(audio, 0)).empty());
  for (uint32_t index = 60000; index < 3 * 65536; index += 10000) {
    const Bytes video = MakeRtp(2, static_cast<uint16_t>(index), 20);
    ASSERT_EQ(Unprotect(ours(), SealByPeer(video, index >> 16)), video);
  }
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(1, 501, 20), 0)).empty());
}

TEST_P(SrtpRolloverTest, LatePacketFromBeforeAWrapIsStillTaken) {
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 65500, 20), 0)).empty());
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 10, 20), 1)).empty());
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 65501, 20), 0)).empty());
  EXPECT_EQ(WhyRefused(ours(), SealByPeer(MakeRtp(7, 65500, 20), 0)), DropReason::kSrtpReplay);
}

// A forged packet may not make the receiver believe in a wrap.
TEST_P(SrtpRolloverTest, ForgedPacketsMoveNoCounter) {
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 65000, 20), 0)).empty());
  for (uint32_t seq = 0; seq < 65536; seq += 1000) {
    EXPECT_TRUE(WhyRefused(ours(), MakeRtp(7, static_cast<uint16_t>(seq), 60)));
  }
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 65001, 20), 0)).empty());
}

// Sender reports often come before the first media packet that gets through.
TEST_P(SrtpRolloverTest, StreamKnownByItsReportsAloneIsFoundAfterAWrap) {
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(7, 20), 1)).empty());
  EXPECT_TRUE(WhyRefused(ours(), MakeRtp(7, 3, 60)));  // Forged: the guess fails and is undone.
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(7, 5, 20), 1)).empty());
  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(7, 20), 2)).empty());
  EXPECT_EQ(WhyRtcpRefused(ours(), SealRtcpByPeer(MakeRtcp(7, 20), 1)), DropReason::kSrtpReplay);

  EXPECT_FALSE(UnprotectRtcp(ours(), SealRtcpByPeer(MakeRtcp(8, 20), 1)).empty());
  EXPECT_TRUE(WhyRefused(ours(), MakeRtp(8, 3, 60)));
  EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(8, 5, 20), 0)).empty());
}

// Guessing doubles the price of a packet, so forged ones get only so many guesses.
TEST_P(SrtpRolloverTest, ForgedPacketsUseUpGuessesAndAuthenticOnesEarnThem) {
  for (uint32_t ssrc = 1; ssrc <= 200; ++ssrc)
    EXPECT_TRUE(WhyRefused(ours(), MakeRtp(ssrc, 9, 60)));
  const Bytes wrapped = SealByPeer(MakeRtp(1000, 5, 20), 1);
  EXPECT_EQ(WhyRefused(ours(), wrapped), DropReason::kSrtpAuthentication);
  for (uint16_t seq = 1; seq < 4; ++seq) {
    EXPECT_FALSE(Unprotect(ours(), SealByPeer(MakeRtp(2000, seq, 20), 0)).empty());
  }
  EXPECT_FALSE(Unprotect(ours(), wrapped).empty());
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpRolloverTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32));

}  // namespace
}  // namespace sluice::dtls
