#include "bench/load/made_up_media.h"

#include <algorithm>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "rtp/codec/opus.h"
#include "rtp/codec/vp8.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using rtp::codec::Vp8;

// Long enough for a prefix to have something behind it.
Vp8 ReadPrefix(const MediaPacket& packet) {
  std::vector<uint8_t> payload(packet.prefix.begin(), packet.prefix.end());
  payload.push_back(0xff);
  return Vp8::Parse(payload).value_or(Vp8());
}

TEST(MadeUpVideoTest, PicturesComeThirtyTimesASecond) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 1);
  int pictures = 0;
  while (video.NextDue() < 10s) pictures += video.Next().marker ? 1 : 0;
  EXPECT_NEAR(pictures, 300, 1);
}

TEST(MadeUpVideoTest, TimeNeverGoesBack) {
  MadeUpVideo video(MadeUpVideo::Simulcast(), Duration(0), 2);
  Duration last{0};
  while (video.NextDue() < 20s) {
    ASSERT_GE(video.NextDue(), last);
    last = video.NextDue();
    video.Next();
  }
}

TEST(MadeUpVideoTest, SizesVaryAndFitIntoPackets) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 3);
  std::map<uint16_t, int> sizes;
  uint64_t bytes = 0;
  while (video.NextDue() < 10s) {
    const uint16_t size = video.Next().payload_size;
    ASSERT_LE(size, 1'200);
    ++sizes[size];
    bytes += size;
  }
  EXPECT_GT(sizes.size(), 50u);
  EXPECT_NEAR(static_cast<double>(bytes) * 8 / 10, 1.7e6, 0.3e6);
}

TEST(MadeUpVideoTest, BeginsWithAKeyFrameThatShowsItsSize) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 4);
  const MediaPacket first = video.Next();
  EXPECT_TRUE(first.key_frame);
  const Vp8 vp8 = ReadPrefix(first);
  EXPECT_TRUE(vp8.key_frame);
  EXPECT_EQ(vp8.width, 1280);
  EXPECT_EQ(vp8.height, 720);
}

TEST(MadeUpVideoTest, KeyFrameComesWithTheNextPictureAfterItWasAskedFor) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 5);
  while (video.NextDue() < 1s) video.Next();
  while (!video.Next().marker) continue;
  video.RequestKeyFrame();
  EXPECT_TRUE(video.Next().key_frame);
}

TEST(MadeUpVideoTest, OnlyFirstPacketsOfKeyFramesLookLikeSuch) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 6);
  while (video.NextDue() < 12s) {
    const MediaPacket packet = video.Next();
    ASSERT_EQ(ReadPrefix(packet).key_frame, packet.key_frame);
  }
}

TEST(MadeUpVideoTest, PictureIdsCountPictures) {
  MadeUpVideo video(MadeUpVideo::One(), Duration(0), 7);
  uint16_t expected = 0;
  while (video.NextDue() < 5s) {
    const MediaPacket packet = video.Next();
    ASSERT_EQ(ReadPrefix(packet).picture_id, expected);
    expected = static_cast<uint16_t>(expected + (packet.marker ? 1 : 0));
  }
}

TEST(MadeUpVideoTest, EncodingsOfOneMomentShareATimestamp) {
  MadeUpVideo video(MadeUpVideo::Simulcast(), Duration(0), 8);
  std::map<uint32_t, std::vector<bool>> seen;
  while (video.NextDue() < 2s) {
    const MediaPacket packet = video.Next();
    seen[packet.timestamp].resize(3);
    seen[packet.timestamp][packet.encoding] = true;
  }
  seen.erase(std::prev(seen.end()));
  for (const auto& [timestamp, encodings] : seen) {
    ASSERT_EQ(std::ranges::count(encodings, true), 3) << timestamp;
  }
}

TEST(MadeUpVideoTest, SeedRepeatsIt) {
  MadeUpVideo one(MadeUpVideo::One(), Duration(0), 9);
  MadeUpVideo other(MadeUpVideo::One(), Duration(0), 9);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(one.Next().payload_size, other.Next().payload_size);
}

TEST(MadeUpSoundTest, IsOpusOfTwentyMilliseconds) {
  MadeUpSound sound(5ms, 1);
  EXPECT_EQ(sound.NextDue(), 5ms);
  const MediaPacket packet = sound.Next();
  const auto opus = rtp::codec::Opus::Parse(packet.prefix);
  ASSERT_TRUE(opus.has_value());
  EXPECT_EQ(opus->frame_duration, 20ms);
  EXPECT_EQ(sound.NextDue(), 25ms);
}

TEST(MadeUpSoundTest, SizesAreThoseOfAVoice) {
  MadeUpSound sound(Duration(0), 2);
  for (int i = 0; i < 1'000; ++i) {
    const MediaPacket packet = sound.Next();
    ASSERT_GE(packet.payload_size, 60);
    ASSERT_LE(packet.payload_size, 160);
  }
}

}  // namespace
}  // namespace sluice::load
