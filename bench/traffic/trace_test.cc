#include "bench/traffic/trace.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "bench/traffic/trace_builder.h"

namespace sluice::bench {
namespace {

using rtp::codec::Kind;

// Two encodings of VP8 with a descriptor and one frame each.
Trace Sample() {
  const std::vector<uint8_t> key{0x90, 0x80, 0x81, 0x01, 0x10}, delta{0x80, 0x80, 0x81, 0x02};
  TraceBuilder builder(Kind::kVp8, 2, 90'000);
  builder.Add({.time_us = 0, .payload_size = 1100, .key_frame = true, .header_size = 40}, key)
      .Add({.time_us = 120, .payload_size = 700, .marker = true, .header_size = 20}, delta)
      .Add({.time_us = 250,
            .timestamp = 90,
            .payload_size = 300,
            .marker = true,
            .key_frame = true,
            .encoding = 1,
            .header_size = 20},
           key, delta);
  return builder.Finish(std::chrono::milliseconds(33));
}

bool SamePacket(const TracePacket& a, const TracePacket& b) {
  return a.time_us == b.time_us && a.timestamp == b.timestamp && a.payload_size == b.payload_size &&
         a.marker == b.marker && a.key_frame == b.key_frame && a.encoding == b.encoding &&
         a.header_size == b.header_size && a.audio_level == b.audio_level;
}

TEST(TraceTest, ComesBackFromItsFileAsItWas) {
  const Trace trace = Sample();
  const auto read = ParseTrace(SerializeTrace(trace));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->codec, Kind::kVp8);
  EXPECT_EQ(read->clock_rate, 90'000u);
  EXPECT_EQ(read->encodings, 2);
  EXPECT_EQ(read->duration, trace.duration);
  EXPECT_EQ(read->bytes, trace.bytes);
  ASSERT_EQ(read->packets.size(), trace.packets.size());
  for (size_t i = 0; i < trace.packets.size(); ++i) {
    EXPECT_TRUE(SamePacket(read->packets[i], trace.packets[i])) << i;
    EXPECT_TRUE(
        std::ranges::equal(read->PrefixOf(read->packets[i]), trace.PrefixOf(trace.packets[i])));
    EXPECT_TRUE(std::ranges::equal(read->DescriptorOf(read->packets[i]),
                                   trace.DescriptorOf(trace.packets[i])));
  }
}

TEST(TraceTest, SoundKeepsItsLevelAndNeedsNoKeyFrame) {
  const std::vector<uint8_t> payload{0x78, 0x01};
  TraceBuilder builder(Kind::kOpus, 1, 48'000);
  builder.Add({.payload_size = 80, .audio_level = 0x80 | 42}, payload);
  const auto read = ParseTrace(SerializeTrace(builder.Finish(std::chrono::milliseconds(20))));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->packets[0].audio_level, 0x80 | 42);
}

TEST(TraceTest, TimestampsMayGoBackAsFramesOfDifferentLayersDo) {
  const std::vector<uint8_t> payload{0x90};
  TraceBuilder builder(Kind::kVp8, 1, 90'000);
  builder.Add({.timestamp = 3000, .payload_size = 9, .key_frame = true}, payload)
      .Add({.timestamp = 10, .payload_size = 9, .marker = true}, payload);
  const auto read = ParseTrace(SerializeTrace(builder.Finish(std::chrono::milliseconds(20))));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->packets[1].timestamp, 10u);
}

TEST(TraceTest, FileThatEndsEarlyGivesNothing) {
  const std::vector<uint8_t> file = SerializeTrace(Sample());
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseTrace(ByteView(file).first(size))) << size;
  }
}

TEST(TraceTest, FileThatGoesOnGivesNothing) {
  std::vector<uint8_t> file = SerializeTrace(Sample());
  file.push_back(0);
  EXPECT_FALSE(ParseTrace(file));
}

TEST(TraceTest, TraceWithoutKeyFrameGivesNothing) {
  Trace trace = Sample();
  trace.packets[2].key_frame = false;
  EXPECT_FALSE(ParseTrace(SerializeTrace(trace)));
}

TEST(TraceTest, TraceThatEndsInsideAFrameGivesNothing) {
  Trace trace = Sample();
  trace.packets[1].marker = false;
  EXPECT_FALSE(ParseTrace(SerializeTrace(trace)));
}

TEST(TraceTest, EncodingWithoutPacketsGivesNothing) {
  Trace trace = Sample();
  trace.encodings = 3;
  EXPECT_FALSE(ParseTrace(SerializeTrace(trace)));
}

TEST(TraceTest, PayloadLongerThanADatagramGivesNothing) {
  Trace trace = Sample();
  trace.packets[0].payload_size = Trace::kMaxPayload + 1;
  EXPECT_FALSE(ParseTrace(SerializeTrace(trace)));
}

TEST(TraceTest, PrefixLongerThanThePayloadGivesNothing) {
  Trace trace = Sample();
  trace.packets[0].payload_size = 4;
  EXPECT_FALSE(ParseTrace(SerializeTrace(trace)));
}

// Whatever bytes a file has: what is accepted is within the bounds that its users rely on.
TEST(TraceTest, DamagedFilesNeverGiveATraceOutOfBounds) {
  const std::vector<uint8_t> file = SerializeTrace(Sample());
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint8_t> damaged = file;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    const auto read = ParseTrace(damaged);
    if (!read) continue;
    ++accepted;
    for (const TracePacket& packet : read->packets) {
      ASSERT_LT(packet.encoding, read->encodings);
      ASSERT_LE(packet.payload_size, Trace::kMaxPayload);
      ASSERT_LE(packet.prefix_size, packet.payload_size);
      ASSERT_LE(packet.offset + packet.prefix_size + packet.descriptor_size, read->bytes.size());
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(TraceTest, FileThatIsNotThereGivesNothing) {
  EXPECT_FALSE(LoadTrace(testing::TempDir() + "no such trace"));
  EXPECT_FALSE(LoadTrace(testing::TempDir()));
}

}  // namespace
}  // namespace sluice::bench
