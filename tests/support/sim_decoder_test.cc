#include "tests/support/sim_decoder.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1s};

// Frame n of three packets: numbers 3n to 3n + 2.
SimDecoder::Packet PacketOf(int64_t seq, bool key_frame = false) {
  return {.timestamp = static_cast<uint32_t>(seq / 3 * 3000),
          .first = seq % 3 == 0,
          .last = seq % 3 == 2,
          .key_frame = key_frame && seq % 3 == 0};
}

TEST(SimDecoderTest, ShowsKeyFrameAndWhatFollows) {
  SimDecoder decoder;
  for (int64_t seq = 0; seq < 9; ++seq) decoder.Insert(kStart, seq, PacketOf(seq, seq < 3));
  EXPECT_EQ(decoder.pictures(), 3u);
  EXPECT_EQ(decoder.key_pictures(), 1u);
}

TEST(SimDecoderTest, ShowsNothingWithoutKeyFrame) {
  SimDecoder decoder;
  for (int64_t seq = 3; seq < 30; ++seq) decoder.Insert(kStart, seq, PacketOf(seq));
  EXPECT_EQ(decoder.pictures(), 0u);
}

TEST(SimDecoderTest, WaitsForAMissingPacketAndCatchesUp) {
  SimDecoder decoder;
  for (int64_t seq = 0; seq < 30; ++seq) {
    if (seq != 4) decoder.Insert(kStart, seq, PacketOf(seq, seq < 3));
  }
  EXPECT_EQ(decoder.pictures(), 1u);
  decoder.Insert(kStart + 100ms, 4, PacketOf(4));
  EXPECT_EQ(decoder.pictures(), 10u);
  EXPECT_EQ(decoder.longest_freeze(), 100ms);
}

TEST(SimDecoderTest, KeyFrameEndsAFreeze) {
  SimDecoder decoder;
  for (int64_t seq = 0; seq < 30; ++seq) {
    if (seq == 4) continue;
    decoder.Insert(kStart + seq * 1ms, seq, PacketOf(seq, seq < 3 || (seq >= 15 && seq < 18)));
  }
  EXPECT_EQ(decoder.pictures(), 6u);
  EXPECT_EQ(decoder.skips(), 1u);
}

TEST(SimDecoderTest, PacketsMayComeInAnyOrder) {
  SimDecoder decoder;
  for (int64_t seq = 29; seq >= 0; --seq) decoder.Insert(kStart, seq, PacketOf(seq, seq < 3));
  EXPECT_EQ(decoder.pictures(), 10u);
}

}  // namespace
}  // namespace sluice::test
