#include "rtp/codec/picture_size.h"

#include <gtest/gtest.h>

#include "rtp/packet/rtp_packet.h"
#include "tests/support/hex.h"
#include "tests/support/packet_builders.h"
#include "tests/vectors/chromium_capture.h"

namespace sluice::rtp::codec {
namespace {

constexpr PictureSize kCaptured{1280, 720};

PictureSize SizeIn(Kind kind, std::string_view packet) {
  PacketPool pool(64);
  const auto parsed =
      RtpPacket::Parse(pool.Copy(test::FromHex(packet), Timestamp()), ExtensionMap());
  return ReadPictureSize(kind, parsed->payload());
}

// Chromium's camera was 1280 x 720.
TEST(PictureSizeTest, KeyFramesOfARealBrowserTellIt) {
  EXPECT_EQ(SizeIn(Kind::kVp8, vectors::kCapturedVp8Key), kCaptured);
  EXPECT_EQ(SizeIn(Kind::kVp9, vectors::kCapturedVp9Key), kCaptured);
  EXPECT_EQ(SizeIn(Kind::kH264, vectors::kCapturedH264Key), kCaptured);
  EXPECT_EQ(SizeIn(Kind::kAv1, vectors::kCapturedAv1Key), kCaptured);
}

TEST(PictureSizeTest, OtherPacketsDoNot) {
  EXPECT_EQ(SizeIn(Kind::kVp8, vectors::kCapturedVp8KeyEnd), PictureSize());
  EXPECT_EQ(ReadPictureSize(Kind::kOpus, test::Bytes(100, 1)), PictureSize());
  EXPECT_EQ(ReadPictureSize(Kind::kH264, test::Bytes()), PictureSize());
}

TEST(PictureSizeTest, BytesThatEndTooEarlyTellNothing) {
  for (const Kind kind : {Kind::kVp8, Kind::kVp9, Kind::kH264, Kind::kH265, Kind::kAv1}) {
    for (size_t size = 0; size < 64; ++size) {
      for (const int fill : {0x00, 0x0a, 0x10, 0x42, 0x67, 0xff}) {
        const PictureSize found =
            ReadPictureSize(kind, test::Bytes(size, static_cast<uint8_t>(fill)));
        if (size < 6) {
          EXPECT_EQ(found, PictureSize());
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::rtp::codec
