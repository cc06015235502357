#include "rtp/rtcp/tmmbr.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sluice::rtp {
namespace {

using Bytes = std::vector<uint8_t>;

template <typename Message>
Bytes Written(const Message& message) {
  std::array<uint8_t, 1024> room;
  ByteWriter out(room);
  message.WriteTo(out);
  EXPECT_TRUE(out.ok());
  return {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(out.size())};
}

// RFC 5104 §4.2.1.2, put together by hand: 4096 kbit/s as 125 * 2^15.
const Bytes kRequest = {0x83, 205, 0,    4,    0x11, 0x22, 0x33, 0x44, 0,    0,
                        0,    0,   0xaa, 0xbb, 0xcc, 0xdd, 0x3c, 0x00, 0xfa, 0x00};

TEST(BoundRequestTest, ReadsExponentAndMantissa) {
  const auto request = BoundRequest::Parse(kRequest);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->sender, Ssrc(0x11223344));
  ASSERT_EQ(request->entries.size(), 1u);
  EXPECT_EQ(request->entries[0].ssrc, Ssrc(0xaabbccdd));
  EXPECT_EQ(request->entries[0].rate, BitRate::Bps(125 << 15));
}

TEST(BoundRequestTest, ZeroSurvives) {
  BoundRequest request;
  request.sender = Ssrc(7);
  request.entries.push_back({Ssrc(8), BitRate()});
  request.entries.push_back({Ssrc(9), BitRate::Kbps(300)});
  EXPECT_EQ(BoundRequest::Parse(Written(request)), request);
}

TEST(BoundRequestTest, KeepsSeventeenBits) {
  BoundRequest request;
  request.entries.push_back({Ssrc(8), BitRate::Bps(0x3ffff)});
  EXPECT_EQ(BoundRequest::Parse(Written(request))->entries[0].rate, BitRate::Bps(0x3fffe));
}

TEST(BoundRequestTest, LargestRateIsReadAsWhatWeCanHold) {
  Bytes bytes = kRequest;
  bytes[16] = bytes[17] = bytes[18] = 0xff;
  EXPECT_EQ(BoundRequest::Parse(bytes)->entries[0].rate, BitRate::Bps(StreamBound::kMaxBps));
}

TEST(BoundRequestTest, RefusesHalfEntriesAndNone) {
  Bytes bytes(kRequest.begin(), kRequest.begin() + 16);
  bytes[3] = 3;
  EXPECT_FALSE(BoundRequest::Parse(bytes));
  bytes.resize(12);
  bytes[3] = 2;
  EXPECT_FALSE(BoundRequest::Parse(bytes));
}

TEST(BoundRequestTest, IsNoNotification) { EXPECT_FALSE(BoundNotification::Parse(kRequest)); }

TEST(BoundNotificationTest, MayHoldNothing) {
  BoundNotification notification;
  notification.sender = Ssrc(5);
  EXPECT_EQ(BoundNotification::Parse(Written(notification)), notification);
}

TEST(BoundNotificationTest, TellsWhoSetTheBound) {
  BoundNotification notification;
  notification.sender = Ssrc(5);
  notification.entries.push_back({Ssrc(6), BitRate()});
  EXPECT_EQ(BoundNotification::Parse(Written(notification)), notification);
}

}  // namespace
}  // namespace sluice::rtp
