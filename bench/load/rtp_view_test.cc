#include "bench/load/rtp_view.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builders.h"

namespace sluice::load {
namespace {

using test::Bytes;
using test::RtpPacketBuilder;
using testing::ElementsAre;
using testing::Optional;

RtpPacketBuilder Some() {
  return RtpPacketBuilder().WithSsrc(0xabcdef01).WithSeq(4'711).WithPayload({1, 2, 3});
}

TEST(RtpViewTest, HeaderIsReadWhereItStands) {
  const Bytes bytes = Some().ToBytes();
  EXPECT_EQ(SeqOf(bytes), 4'711);
  EXPECT_EQ(SsrcOf(bytes), 0xabcdef01u);
}

TEST(RtpViewTest, ExtensionIsFoundAmongOthers) {
  const Bytes bytes = Some().WithExtension(1, {9}).WithExtension(5, {0x12, 0x34}).ToBytes();
  EXPECT_THAT(FindTwoBytes(bytes, 5), Optional(0x1234));
}

TEST(RtpViewTest, ExtensionThatIsNotThereIsNotFound) {
  EXPECT_FALSE(FindTwoBytes(Some().ToBytes(), 5).has_value());
  EXPECT_FALSE(FindTwoBytes(Some().WithExtension(1, {9, 9}).ToBytes(), 5).has_value());
  EXPECT_FALSE(FindTwoBytes(Some().WithExtension(5, {9}).ToBytes(), 5).has_value());
}

TEST(RtpViewTest, TwoByteHeadersAreRead) {
  const Bytes bytes = {0x90, 96, 0, 1, 0, 0, 0, 0, 0,    0,    0, 7,  // fixed
                       0x10, 0,  0, 2, 1, 0, 5, 2, 0x56, 0x78, 0, 0};
  EXPECT_THAT(FindTwoBytes(bytes, 5), Optional(0x5678));
}

TEST(RtpViewTest, PayloadEndsBeforePadding) {
  Bytes bytes = Some().ToBytes();
  bytes[0] |= 0x20;
  bytes.insert(bytes.end(), {0, 0, 3});
  const auto payload = PayloadOf(bytes);
  ASSERT_TRUE(payload.has_value());
  EXPECT_THAT(*payload, ElementsAre(1, 2, 3));
}

TEST(RtpViewTest, PayloadBeginsBehindExtensions) {
  const Bytes bytes = Some().WithExtension(5, {0x12, 0x34}).ToBytes();
  const auto payload = PayloadOf(bytes);
  ASSERT_TRUE(payload.has_value());
  EXPECT_THAT(*payload, ElementsAre(1, 2, 3));
}

TEST(RtpViewTest, EveryTruncationIsSafe) {
  Bytes bytes = Some().WithExtension(1, {9}).WithExtension(5, {0x12, 0x34}).ToBytes();
  bytes[0] |= 0x20;
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own length, for the sanitizers to watch.
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    FindTwoBytes(cut, 5);
    const auto payload = PayloadOf(cut);
    ASSERT_LE(payload.value_or(ByteView()).size(), size);
  }
}

}  // namespace
}  // namespace sluice::load
