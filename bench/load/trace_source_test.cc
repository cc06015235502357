#include "bench/load/trace_source.h"

#include "bench/load/media_library.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

// Two encodings, ten packets each, one every millisecond in turns.
bench::Trace TwoEncodings() {
  bench::Trace trace;
  trace.codec = rtp::codec::Kind::kH264;
  trace.clock_rate = 90'000;
  trace.encodings = 2;
  trace.duration = 20ms;
  for (uint32_t i = 0; i < 20; ++i) {
    bench::TracePacket packet;
    packet.time_us = i * 1'000;
    packet.timestamp = i * 90;
    packet.payload_size = static_cast<uint16_t>(100 + i);
    packet.marker = true;
    packet.key_frame = i < 2;
    packet.encoding = static_cast<uint8_t>(i % 2);
    trace.packets.push_back(packet);
  }
  return trace;
}

TEST(TraceSourceTest, PacketsAreDueAsTheyWereRecorded) {
  const bench::Trace trace = TwoEncodings();
  TraceSource source(trace, 5ms);
  EXPECT_EQ(source.NextDue(), 5ms);
  EXPECT_EQ(source.Next().payload_size, 100);
  EXPECT_EQ(source.NextDue(), 6ms);
}

TEST(TraceSourceTest, SkippingMakesNothingLater) {
  const bench::Trace trace = TwoEncodings();
  TraceSource source(trace, 5ms, 7);
  EXPECT_EQ(source.NextDue(), 5ms);
  EXPECT_EQ(source.Next().payload_size, 107);
  EXPECT_EQ(source.NextDue(), 6ms);
}

TEST(TraceSourceTest, OneEncodingStandsAlone) {
  const bench::Trace one = OnlyEncoding(TwoEncodings(), 1);
  EXPECT_EQ(one.encodings, 1);
  ASSERT_EQ(one.packets.size(), 10u);
  for (const bench::TracePacket& packet : one.packets) {
    EXPECT_EQ(packet.encoding, 0);
    EXPECT_EQ(packet.payload_size % 2, 1);
  }
}

TEST(MediaLibraryTest, MissingTracesAreNamed) {
  const auto library = MediaLibrary::Load(Pictures::kVp9, "/nowhere");
  ASSERT_FALSE(library.ok());
  EXPECT_NE(library.status().message().find("/nowhere/vp9_l3t3_key.trace"), std::string::npos);
}

TEST(MediaLibraryTest, MadeUpMediaNeedsNoTraces) {
  EXPECT_TRUE(MediaLibrary::Load(Pictures::kMadeUp, "/nowhere").ok());
}

TEST(MediaLibraryTest, MadeUpPicturesAreSimulcastWhereLayersAreWanted) {
  EXPECT_EQ(MediaLibrary().ShapeOf(true).encodings, 3u);
  EXPECT_EQ(MediaLibrary().ShapeOf(false).encodings, 1u);
}

}  // namespace
}  // namespace sluice::load
