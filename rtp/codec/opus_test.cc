#include "rtp/codec/opus.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using std::chrono::microseconds;
using test::Bytes;

uint8_t Toc(int config, bool stereo, int code) {
  return static_cast<uint8_t>(config << 3 | (stereo ? 4 : 0) | code);
}

TEST(OpusTest, FrameDurationsOfEveryConfiguration) {
  // RFC 6716 table 2.
  const int micros[32] = {10'000, 20'000, 40'000, 60'000, 10'000, 20'000, 40'000, 60'000,
                          10'000, 20'000, 40'000, 60'000, 10'000, 20'000, 10'000, 20'000,
                          2'500,  5'000,  10'000, 20'000, 2'500,  5'000,  10'000, 20'000,
                          2'500,  5'000,  10'000, 20'000, 2'500,  5'000,  10'000, 20'000};
  for (int config = 0; config < 32; ++config) {
    const auto opus = Opus::Parse(Bytes{Toc(config, false, 0), 1, 2, 3});
    ASSERT_TRUE(opus);
    EXPECT_EQ(opus->config, config);
    EXPECT_EQ(opus->frame_duration, microseconds(micros[config])) << config;
    EXPECT_EQ(opus->duration(), opus->frame_duration);
    EXPECT_FALSE(opus->stereo);
  }
}

TEST(OpusTest, CountsFrames) {
  EXPECT_EQ(Opus::Parse(Bytes{Toc(31, true, 0), 1, 2})->frame_count, 1);
  EXPECT_EQ(Opus::Parse(Bytes{Toc(31, true, 1), 1, 2})->frame_count, 2);
  EXPECT_EQ(Opus::Parse(Bytes{Toc(31, true, 2), 1, 2})->frame_count, 2);
  const auto three = Opus::Parse(Bytes{Toc(31, true, 3), 0x83, 2});
  EXPECT_EQ(three->frame_count, 3);
  EXPECT_EQ(three->duration(), microseconds(60'000));
  EXPECT_TRUE(three->stereo);
}

TEST(OpusTest, RefusesBrokenCounts) {
  EXPECT_FALSE(Opus::Parse({}));
  EXPECT_FALSE(Opus::Parse(Bytes{Toc(31, false, 3)}));
  EXPECT_FALSE(Opus::Parse(Bytes{Toc(31, false, 3), 0x00}));
}

TEST(OpusTest, PlaysNoLongerThan120Milliseconds) {
  EXPECT_TRUE(Opus::Parse(Bytes{Toc(31, false, 3), 6, 1}));
  EXPECT_FALSE(Opus::Parse(Bytes{Toc(31, false, 3), 7, 1}));
  EXPECT_TRUE(Opus::Parse(Bytes{Toc(28, false, 3), 48, 1}));
  EXPECT_FALSE(Opus::Parse(Bytes{Toc(28, false, 3), 49, 1}));
  EXPECT_TRUE(Opus::Parse(Bytes{Toc(3, false, 1), 1, 1}));
}

TEST(OpusTest, TellsSilenceFromSpeech) {
  EXPECT_TRUE(Opus::Parse(test::OpusPayload(/*silence=*/true))->silence);
  EXPECT_FALSE(Opus::Parse(test::OpusPayload())->silence);
  EXPECT_TRUE(Opus::Parse(Bytes{Toc(31, false, 0), 1})->silence);
  EXPECT_FALSE(Opus::Parse(Bytes{Toc(31, false, 0), 1, 2})->silence);
}

TEST(OpusTest, Descriptions) {
  EXPECT_EQ(DescribeOpus(test::OpusPayload()),
            (Description{.frame_start = true, .frame_end = true}));
  EXPECT_EQ(DescribeOpus(test::OpusPayload(true)),
            (Description{.frame_start = true, .frame_end = true, .silence = true}));
  EXPECT_EQ(DescribeOpus({}), Description());
}

}  // namespace
}  // namespace sluice::rtp::codec
