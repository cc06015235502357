#include "rtp/send/picture_end.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

// Packets of pictures in two sizes, of which the receiver gets both, or the smaller one alone
// because the encoder left the larger one out.
class PictureEndTest : public testing::Test {
 protected:
  RtpPacket Packet(uint16_t seq, uint32_t timestamp, bool frame_end, uint32_t ssrc = 1) {
    RtpPacket packet =
        test::RtpPacketBuilder().WithSsrc(ssrc).WithSeq(seq).WithTimestamp(timestamp).Build(pool_);
    packet.set_unwrapped(RtpSeq{seq});
    codec::Description description;
    description.frame_end = frame_end;
    packet.set_description(description);
    return packet;
  }
  bool Keep(const RtpPacket& packet, bool marker = false) {
    PacerItem item{.packet = packet, .rewrite = {}};
    item.rewrite.marker = marker;
    return end_.Keep(item);
  }

  PacketPool pool_{64};
  PictureEnd end_;
};

TEST_F(PictureEndTest, OnlyEndsOfFramesThatDoNotEndThePictureWait) {
  EXPECT_FALSE(Keep(Packet(1, 10, false)));
  EXPECT_FALSE(Keep(Packet(2, 10, true), true));
  EXPECT_TRUE(Keep(Packet(3, 20, true)));
}

TEST_F(PictureEndTest, NextSizeOfThePictureTakesTheMarkerUponItself) {
  ASSERT_TRUE(Keep(Packet(1, 10, true)));
  const auto item = end_.Take(Packet(2, 10, true), true);
  ASSERT_TRUE(item);
  EXPECT_FALSE(item->rewrite.marker);
  EXPECT_FALSE(end_.Take(Packet(3, 10, true), true)) << "once is enough";
}

TEST_F(PictureEndTest, ASizeThatTheReceiverDoesNotGetShowsTheEnd) {
  ASSERT_TRUE(Keep(Packet(1, 10, true)));
  const auto item = end_.Take(Packet(2, 10, true), false);
  ASSERT_TRUE(item);
  EXPECT_TRUE(item->rewrite.marker);
}

TEST_F(PictureEndTest, AnotherPictureShowsTheEnd) {
  ASSERT_TRUE(Keep(Packet(1, 10, true)));
  const auto item = end_.Take(Packet(2, 20, false), true);
  ASSERT_TRUE(item);
  EXPECT_TRUE(item->rewrite.marker);
}

TEST_F(PictureEndTest, WhatCameLateNeitherWaitsNorTellsAnything) {
  EXPECT_FALSE(Keep(Packet(5, 20, false)));
  EXPECT_FALSE(Keep(Packet(4, 10, true)));
  ASSERT_TRUE(Keep(Packet(6, 20, true)));
  EXPECT_FALSE(end_.Take(Packet(3, 10, false), true));
  EXPECT_TRUE(end_.Take(Packet(7, 30, false), true));
}

TEST_F(PictureEndTest, OtherSourcesTellNothing) {
  ASSERT_TRUE(Keep(Packet(1, 10, true)));
  EXPECT_FALSE(end_.Take(Packet(2, 20, false, 7), true));
  end_.Clear();
  EXPECT_FALSE(end_.Take(Packet(2, 20, false), true));
}

}  // namespace
}  // namespace sluice::rtp
