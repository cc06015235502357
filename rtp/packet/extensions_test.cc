#include "rtp/packet/extensions.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::rtp {
namespace {

using Bytes = std::vector<uint8_t>;

template <typename T>
Bytes Written(const T& value) {
  std::array<uint8_t, 32> buffer{};
  ByteWriter out(buffer);
  value.WriteTo(out);
  EXPECT_TRUE(out.ok());
  return Bytes(out.written().begin(), out.written().end());
}

TEST(StreamNameTest, IsTheTextOfTheValue) {
  EXPECT_EQ(ParseStreamName(AsBytes("audio-1")), "audio-1");
  EXPECT_EQ(ParseStreamName(AsBytes("0")), "0");
  const std::string longest(255, 'x');
  EXPECT_EQ(ParseStreamName(AsBytes(longest)), longest);
}

TEST(StreamNameTest, EndsAtZeroFill) {
  EXPECT_EQ(ParseStreamName(Bytes{'h', 'i', 0, 0}), "hi");
  EXPECT_EQ(ParseStreamName(Bytes{0, 'h', 'i'}), std::nullopt);
}

TEST(StreamNameTest, RefusesEmptyAndUnprintable) {
  EXPECT_EQ(ParseStreamName({}), std::nullopt);
  EXPECT_EQ(ParseStreamName(AsBytes("a b")), std::nullopt);
  EXPECT_EQ(ParseStreamName(AsBytes("a\n")), std::nullopt);
  EXPECT_EQ(ParseStreamName(Bytes{'a', 0x7f}), std::nullopt);
  EXPECT_EQ(ParseStreamName(Bytes{'a', 0xc3, 0xa4}), std::nullopt);
}

TEST(AudioLevelTest, EveryByteSurvivesTheRoundTrip) {
  for (int byte = 0; byte <= 255; ++byte) {
    const Bytes value = {static_cast<uint8_t>(byte)};
    const auto level = AudioLevel::Parse(value);
    ASSERT_TRUE(level);
    EXPECT_EQ(level->voice, byte >= 128);
    EXPECT_EQ(level->level, byte % 128);
    EXPECT_EQ(Written(*level), value);
  }
}

TEST(AudioLevelTest, PaddedValueIsReadByItsFirstByte) {
  EXPECT_EQ(AudioLevel::Parse(Bytes{0x8a, 0}), (AudioLevel{.level = 10, .voice = true}));
  EXPECT_EQ(AudioLevel::Parse({}), std::nullopt);
}

TEST(AbsSendTimeTest, TakesSixBitsOfSecondsAndEighteenOfFraction) {
  // 65.5 s is 1.5 s modulo 64.
  const NtpTime time((uint64_t{65} << 32) | 0x8000'0000u);
  EXPECT_EQ(AbsSendTime::From(time).units, (1u << 18) + (1u << 17));
  EXPECT_EQ(AbsSendTime::From(NtpTime(~uint64_t{0})).units, 0xffffffu);
}

TEST(AbsSendTimeTest, RoundTrip) {
  const Bytes value = {0x12, 0x34, 0x56};
  const auto time = AbsSendTime::Parse(value);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->units, 0x123456u);
  EXPECT_EQ(Written(*time), value);
  EXPECT_EQ(AbsSendTime::Parse(Bytes{1, 2}), std::nullopt);
  EXPECT_EQ(AbsSendTime::Parse(Bytes{1, 2, 3, 4}), std::nullopt);
}

TEST(TransportSequenceTest, RoundTrip) {
  const auto sequence = TransportSequence::Parse(Bytes{0xff, 0xfe});
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->seq, 0xfffe);
  EXPECT_EQ(Written(*sequence), (Bytes{0xff, 0xfe}));
  EXPECT_EQ(TransportSequence::Parse(Bytes{1}), std::nullopt);
}

TEST(TransportSequenceTest, SecondVersionIsReadByItsBeginning) {
  EXPECT_EQ(TransportSequence::Parse(Bytes{0x01, 0x02, 0x80, 0x01}), TransportSequence{0x0102});
}

TEST(VideoOrientationTest, ReadsCameraFlipAndRotation) {
  EXPECT_EQ(VideoOrientation::Parse(Bytes{0x01}), (VideoOrientation{.rotation = 1}));
  EXPECT_EQ(VideoOrientation::Parse(Bytes{0xff}),
            (VideoOrientation{.back_camera = true, .flip = true, .rotation = 3}));
  EXPECT_EQ(VideoOrientation::Parse({}), std::nullopt);
  EXPECT_EQ(VideoOrientation::Parse(Bytes{1, 2}), std::nullopt);
}

TEST(VideoOrientationTest, ReservedBitsAreNotWritten) {
  for (uint8_t byte = 0; byte < 16; ++byte) {
    EXPECT_EQ(Written(*VideoOrientation::Parse(Bytes{static_cast<uint8_t>(0xf0 | byte)})),
              Bytes{byte});
  }
}

TEST(TimeOffsetTest, CarriesItsSign) {
  EXPECT_EQ(TimeOffset::Parse(Bytes{0x00, 0x00, 0x01})->ticks, 1);
  EXPECT_EQ(TimeOffset::Parse(Bytes{0x7f, 0xff, 0xff})->ticks, 8'388'607);
  EXPECT_EQ(TimeOffset::Parse(Bytes{0xff, 0xff, 0xff})->ticks, -1);
  EXPECT_EQ(TimeOffset::Parse(Bytes{0x80, 0x00, 0x00})->ticks, -8'388'608);
  EXPECT_EQ(Written(TimeOffset{-2}), (Bytes{0xff, 0xff, 0xfe}));
  EXPECT_EQ(TimeOffset::Parse(Bytes{0, 0}), std::nullopt);
}

TEST(PlayoutDelayTest, HoldsTwoTwelveBitNumbers) {
  const Bytes value = {0x00, 0xa0, 0x14};
  const auto delay = PlayoutDelay::Parse(value);
  ASSERT_TRUE(delay);
  EXPECT_EQ(delay->min_units, 10);
  EXPECT_EQ(delay->max_units, 20);
  EXPECT_EQ(Written(*delay), value);
  EXPECT_EQ(PlayoutDelay::Parse(Bytes{0xff, 0xff, 0xff})->min_units, PlayoutDelay::kMaxUnits);
}

TEST(PlayoutDelayTest, RefusesMinimumAboveMaximum) {
  EXPECT_EQ(PlayoutDelay::Parse(Bytes{0x01, 0x50, 0x14}), std::nullopt);
  EXPECT_EQ(PlayoutDelay::Parse(Bytes{0x01}), std::nullopt);
}

TEST(AbsCaptureTimeTest, OffsetIsOptional) {
  const Bytes brief = {0xe9, 0x01, 0x02, 0x03, 0x80, 0x00, 0x00, 0x00};
  const auto without = AbsCaptureTime::Parse(brief);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->captured.seconds(), 0xe9010203u);
  EXPECT_EQ(without->clock_offset, std::nullopt);
  EXPECT_EQ(without->size(), brief.size());
  EXPECT_EQ(Written(*without), brief);

  Bytes full = brief;
  full.insert(full.end(), 8, 0xff);
  const auto with = AbsCaptureTime::Parse(full);
  ASSERT_TRUE(with);
  EXPECT_EQ(with->clock_offset, -1);
  EXPECT_EQ(with->size(), full.size());
  EXPECT_EQ(Written(*with), full);
}

TEST(AbsCaptureTimeTest, RefusesOtherSizes) {
  for (size_t size = 0; size <= 20; ++size) {
    EXPECT_EQ(AbsCaptureTime::Parse(Bytes(size, 1)).has_value(), size == 8 || size == 16);
  }
}

}  // namespace
}  // namespace sluice::rtp
