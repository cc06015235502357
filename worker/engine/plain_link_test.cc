#include "worker/engine/plain_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/seeded_entropy.h"
#include "worker/engine/pipe_link.h"

namespace sluice::worker {
namespace {

constexpr SocketId kRtpSocket(1), kRtcpSocket(2);
const Endpoint kPeer{IpAddress::V4(192, 0, 2, 1), 5000};
const Endpoint kPeerRtcp{IpAddress::V4(192, 0, 2, 1), 5001};
const Endpoint kOther{IpAddress::V4(192, 0, 2, 9), 5000};

class PlainLinkTest : public testing::Test {
 protected:
  PlainLink::Options With(bool comedia, bool mux) {
    return {.socket = kRtpSocket,
            .rtcp_socket = mux ? std::nullopt : std::optional(kRtcpSocket),
            .comedia = comedia,
            .entropy = entropy_};
  }

  test::SeededEntropy entropy_{3};
};

TEST_F(PlainLinkTest, IsReadyOnceThePeerIsKnown) {
  PlainLink link(With(false, true));
  EXPECT_FALSE(link.ready());
  ASSERT_TRUE(link.Connect({.rtp = kPeer}).ok());
  EXPECT_TRUE(link.ready());
  EXPECT_EQ(link.destination(), (Path{kRtpSocket, kPeer}));
  EXPECT_EQ(link.rtcp_destination(), (Path{kRtpSocket, kPeer}));
}

TEST_F(PlainLinkTest, RtcpHasItsOwnWay) {
  PlainLink link(With(false, false));
  ASSERT_TRUE(link.Connect({.rtp = kPeer, .rtcp = kPeerRtcp}).ok());
  EXPECT_EQ(link.rtcp_destination(), (Path{kRtcpSocket, kPeerRtcp}));
}

TEST_F(PlainLinkTest, CarriesDataAsItIs) {
  PlainLink link(With(false, true));
  const std::array<uint8_t, 3> data = {1, 2, 3};
  EXPECT_FALSE(link.SendData(data));
  ASSERT_TRUE(link.Connect({.rtp = kPeer}).ok());
  ASSERT_TRUE(link.SendData(data));
  TransmitBatch batch;
  EXPECT_FALSE(link.PollTransmit(Timestamp(), batch));
  ASSERT_EQ(batch.entries().size(), 1u);
  EXPECT_TRUE(std::ranges::equal(batch.bytes(batch.entries()[0]), data));
  EXPECT_FALSE(link.PollTransmit(Timestamp(), batch));
  EXPECT_EQ(batch.entries().size(), 1u);
}

// SRTP proves who is there; the beginning of an association proves nothing.
TEST_F(PlainLinkTest, DataShowsThePeerOnlyWhereNothingHasToProveIt) {
  const Path first{kRtpSocket, kPeer};
  EXPECT_TRUE(PlainLink(With(true, true)).MayShowByData(first));
  EXPECT_FALSE(PlainLink(With(false, true)).MayShowByData(first));
  PlainLink::Options options = With(true, true);
  options.srtp = dtls::SrtpProfile::kAeadAes128Gcm;
  EXPECT_FALSE(PlainLink(options).MayShowByData(first));
}

TEST_F(PlainLinkTest, ConnectsOnce) {
  PlainLink link(With(false, true));
  ASSERT_TRUE(link.Connect({.rtp = kPeer}).ok());
  EXPECT_FALSE(link.Connect({.rtp = kOther}).ok());
  EXPECT_EQ(link.destination().remote, kPeer);
}

TEST_F(PlainLinkTest, FirstPathIsThePeersUnderComedia) {
  PlainLink link(With(true, true));
  const Path first{kRtpSocket, kPeer};
  EXPECT_TRUE(link.MayShow(first, false));
  EXPECT_TRUE(link.MayShow(first, true));
  link.Learn(first, false);
  EXPECT_TRUE(link.ready());
  EXPECT_FALSE(link.MayShow({kRtpSocket, kOther}, false));
  EXPECT_FALSE(link.MayShow({kRtpSocket, kOther}, true));
}

TEST_F(PlainLinkTest, RtcpIsLearntOnItsSocketAndFromTheSameHost) {
  PlainLink link(With(true, false));
  EXPECT_FALSE(link.MayShow({kRtpSocket, kPeer}, true));
  EXPECT_FALSE(link.MayShow({kRtcpSocket, kPeer}, false));
  link.Learn({kRtpSocket, kPeer}, false);
  EXPECT_FALSE(link.rtcp_destination());
  EXPECT_FALSE(link.MayShow({kRtcpSocket, kOther}, true));
  EXPECT_TRUE(link.MayShow({kRtcpSocket, kPeerRtcp}, true));
  link.Learn({kRtcpSocket, kPeerRtcp}, true);
  EXPECT_EQ(link.rtcp_destination(), (Path{kRtcpSocket, kPeerRtcp}));
}

TEST_F(PlainLinkTest, WithoutComediaNobodyShowsAnything) {
  PlainLink link(With(false, true));
  EXPECT_FALSE(link.MayShow({kRtpSocket, kPeer}, false));
}

TEST_F(PlainLinkTest, ClearPacketsLeaveAsTheyAre) {
  PlainLink link(With(true, true));
  std::array<uint8_t, 32> room{0x80, 96, 0, 1};
  const std::array<uint8_t, 4> rest{1, 2, 3, 4};
  const auto job = link.PrepareRtp(room, {.header_size = 12, .written = 14, .rest = rest});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->transform, nullptr);
  EXPECT_EQ(job->clear.out.size(), 18u);
  EXPECT_EQ(link.SealRtp(room, 14, rest), 18u);
  EXPECT_EQ(room[17], 4);
  EXPECT_FALSE(
      link.PrepareRtp(ByteSpan(room).first(17), {.header_size = 12, .written = 14, .rest = rest}));
}

TEST_F(PlainLinkTest, KeysFollowTheSuiteOfThePeer) {
  PlainLink::Options options = With(true, true);
  options.srtp = dtls::SrtpProfile::kAesCm128HmacSha1_80;
  PlainLink link(options);
  EXPECT_FALSE(link.Connect({}).ok()) << "without keys";
  const auto theirs = dtls::SrtpMaster::Generate(dtls::SrtpProfile::kAeadAes256Gcm, entropy_);
  ASSERT_TRUE(link.Connect({.srtp = theirs}).ok());
  EXPECT_EQ(link.local_srtp()->profile(), dtls::SrtpProfile::kAeadAes256Gcm);
  EXPECT_EQ(link.srtp_profile(), "AEAD_AES_256_GCM");
}

TEST_F(PlainLinkTest, PipeIsAPlainLinkWithTheStrongestSuite) {
  PipeLink pipe({.socket = kRtpSocket, .enable_srtp = true, .entropy = entropy_});
  EXPECT_EQ(pipe.kind(), LinkKind::kPipe);
  EXPECT_TRUE(PlainLink::Is(pipe.kind()));
  EXPECT_TRUE(pipe.rtcp_mux());
  EXPECT_EQ(pipe.local_srtp()->profile(), dtls::SrtpProfile::kAeadAes256Gcm);
}

}  // namespace
}  // namespace sluice::worker
