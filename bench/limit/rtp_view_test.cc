#include "bench/limit/rtp_view.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::bench {
namespace {

constexpr uint8_t kNumberId = 3;

test::RtpPacketBuilder Packet() {
  return test::RtpPacketBuilder().WithSsrc(0x01020304).WithTimestamp(77).WithPayload({1, 2, 3});
}

TEST(RtpViewTest, PlainHeaderHasTwelveBytesAndNoNumber) {
  const auto view = RtpView::Read(Packet().ToBytes(), kNumberId);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header_size, 12);
  EXPECT_EQ(view->number_offset, 0);
  EXPECT_EQ(view->ssrc, 0x01020304u);
  EXPECT_EQ(view->timestamp, 77u);
}

TEST(RtpViewTest, NumberIsFoundBehindContributingSourcesAndOtherElements) {
  const test::Bytes bytes = Packet()
                                .WithCsrc(9)
                                .WithTextExtension(4, "mid")
                                .WithExtension(kNumberId, {0xab, 0xcd})
                                .ToBytes();
  const auto view = RtpView::Read(bytes, kNumberId);
  ASSERT_TRUE(view);
  EXPECT_EQ(bytes[view->number_offset], 0xab);
  EXPECT_EQ(bytes[view->number_offset + 1u], 0xcd);
  EXPECT_EQ(view->header_size, bytes.size() - 3);
}

TEST(RtpViewTest, NumberIsFoundInTwoByteForm) {
  const test::Bytes bytes = Packet()
                                .WithTwoByteForm()
                                .WithTextExtension(4, "mid")
                                .WithExtension(kNumberId, {0xab, 0xcd})
                                .ToBytes();
  const auto view = RtpView::Read(bytes, kNumberId);
  ASSERT_TRUE(view);
  EXPECT_EQ(bytes[view->number_offset], 0xab);
}

TEST(RtpViewTest, NumberIsNotLookedForIfNobodyAsks) {
  const auto view = RtpView::Read(Packet().WithExtension(kNumberId, {1, 2}).ToBytes(), 0);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->number_offset, 0);
}

TEST(RtpViewTest, NoPrefixOfAHeaderIsAPacket) {
  const test::Bytes bytes =
      Packet().WithCsrc(9).WithExtension(kNumberId, {0xab, 0xcd}).WithPayload({}).ToBytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(RtpView::Read(ByteView(bytes).first(size), kNumberId)) << size;
  }
}

TEST(RtpViewTest, ElementThatIsLongerThanItsBlockIsNotFound) {
  const test::Bytes bytes = Packet().WithRawExtensionBlock(0xbede, {0x10, 0, 0x35, 1}).ToBytes();
  const auto view = RtpView::Read(bytes, kNumberId);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->number_offset, 0);
}

TEST(RtpViewTest, AnotherVersionIsNoPacket) {
  test::Bytes bytes = Packet().ToBytes();
  bytes[0] = 0x40;
  EXPECT_FALSE(RtpView::Read(bytes, 0));
}

}  // namespace
}  // namespace sluice::bench
