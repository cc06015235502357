#include "bench/traffic/trace_player.h"

#include <gtest/gtest.h>

#include <vector>

#include "bench/traffic/trace_builder.h"
#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "rtp/packet/dependency_descriptor.h"
#include "tests/support/packet_builders.h"

namespace sluice::bench {
namespace {

using rtp::codec::Kind;
using std::chrono::milliseconds;

constexpr Timestamp kStart{std::chrono::seconds(100)};
constexpr int kFrames = 4;
constexpr int kRounds = 5;

ByteView Head(const test::Bytes& payload) { return ByteView(payload).first(16); }

// Four frames of two packets, 10 ms and 900 ticks apart.
Trace Vp8Trace() {
  TraceBuilder builder(Kind::kVp8, 1, 90'000);
  for (uint16_t frame = 0; frame < kFrames; ++frame) {
    const test::Vp8PayloadOptions options{.key_frame = frame == 0,
                                          .picture_id = static_cast<uint16_t>(32'765 + frame),
                                          .base_index = static_cast<uint8_t>(254 + frame),
                                          .temporal = uint8_t{0}};
    const test::Bytes payload = test::Vp8Payload(options);
    TracePacket packet{.time_us = frame * 10'000u, .timestamp = frame * 900u, .payload_size = 100};
    packet.key_frame = frame == 0;
    builder.Add(packet, Head(payload));
    packet.key_frame = false;
    packet.marker = true;
    builder.Add(packet, Head(payload));
  }
  return builder.Finish(milliseconds(40));
}

Trace DescribedTrace() {
  TraceBuilder builder(Kind::kAv1, 1, 90'000);
  for (uint16_t frame = 0; frame < kFrames; ++frame) {
    const test::Bytes payload = test::Av1Payload({.key_frame = frame == 0});
    const test::Bytes descriptor = test::DependencyDescriptorValue(
        {.frame_number = static_cast<uint16_t>(65'534 + frame), .structure = frame == 0});
    TracePacket packet{.time_us = frame * 10'000u, .timestamp = frame * 900u, .payload_size = 100};
    packet.key_frame = frame == 0;
    packet.marker = true;
    builder.Add(packet, Head(payload), descriptor);
  }
  return builder.Finish(milliseconds(40));
}

TEST(TracePlayerTest, PacketsAreDueAsTheyCameRoundAfterRound) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart});
  for (int frame = 0; frame < kFrames * kRounds; ++frame) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(player.NextDue(), kStart + milliseconds(10 * frame));
      EXPECT_EQ(player.Next().due, kStart + milliseconds(10 * frame));
    }
  }
}

TEST(TracePlayerTest, FasterPlayIsDueEarlier) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart, .rate = 4});
  for (int i = 0; i < 2 * kFrames; ++i) player.Next();
  EXPECT_EQ(player.NextDue(), kStart + milliseconds(10));
}

TEST(TracePlayerTest, SequenceNumbersHaveNoGaps) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart, .first_seq = 65'530});
  for (int i = 0; i < 2 * kFrames * kRounds; ++i) {
    EXPECT_EQ(player.Next().seq, SeqNo(65'530) + i);
  }
}

TEST(TracePlayerTest, TimestampsFollowTheClockAtEveryRate) {
  const Trace trace = Vp8Trace();
  for (const double rate : {0.5, 1.0, 8.0}) {
    TracePlayer player(trace, {.start = kStart, .rate = rate, .first_timestamp = 7});
    for (int i = 0; i < 2 * kFrames * kRounds; ++i) {
      const PlayedPacket packet = player.Next();
      const int64_t ticks = (packet.due - kStart).count() * 90 / 1000;
      EXPECT_NEAR(packet.timestamp, static_cast<double>(7 + ticks), 1) << rate;
    }
  }
}

TEST(TracePlayerTest, Vp8PictureNumbersGoOnFromRoundToRound) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart});
  std::optional<rtp::codec::Vp8> before;
  for (int frame = 0; frame < kFrames * kRounds; ++frame) {
    player.Next();
    const auto vp8 = rtp::codec::Vp8::Parse(player.Next().prefix);
    ASSERT_TRUE(vp8);
    if (before) {
      EXPECT_EQ(vp8->picture_id, (before->picture_id + 1) & 0x7fff);
      EXPECT_EQ(*vp8->base_index, static_cast<uint8_t>(*before->base_index + 1));
    }
    before = vp8;
  }
}

TEST(TracePlayerTest, Vp9PictureNumbersGoOnFromRoundToRound) {
  TraceBuilder builder(Kind::kVp9, 1, 90'000);
  for (uint16_t frame = 0; frame < kFrames; ++frame) {
    const test::Bytes payload = test::Vp9Payload({.key_frame = frame == 0,
                                                  .picture_id = static_cast<uint16_t>(100 + frame),
                                                  .layers = true,
                                                  .base_index = static_cast<uint8_t>(frame)});
    builder.Add({.payload_size = 100, .marker = true, .key_frame = frame == 0}, Head(payload));
  }
  const Trace trace = builder.Finish(milliseconds(40));
  TracePlayer player(trace, {.start = kStart});
  std::optional<rtp::codec::Vp9> before;
  for (int frame = 0; frame < kFrames * kRounds; ++frame) {
    const auto vp9 = rtp::codec::Vp9::Parse(player.Next().prefix);
    ASSERT_TRUE(vp9);
    if (before) {
      EXPECT_EQ(vp9->picture_id, before->picture_id + 1);
      EXPECT_EQ(*vp9->base_index, static_cast<uint8_t>(*before->base_index + 1));
    }
    before = vp9;
  }
}

TEST(TracePlayerTest, FrameNumbersGoOnFromRoundToRound) {
  const Trace trace = DescribedTrace();
  TracePlayer player(trace, {.start = kStart});
  std::optional<uint16_t> before;
  for (int frame = 0; frame < kFrames * kRounds; ++frame) {
    const auto descriptor = rtp::DependencyDescriptor::Parse(player.Next().descriptor);
    ASSERT_TRUE(descriptor);
    EXPECT_EQ(descriptor->has_structure, frame % kFrames == 0);
    if (before) {
      EXPECT_EQ(descriptor->frame_number, static_cast<uint16_t>(*before + 1));
    }
    before = descriptor->frame_number;
  }
}

TEST(TracePlayerTest, RequestedKeyFrameComesAfterTheFrameUnderWay) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart});
  for (int i = 0; i < 3; ++i) player.Next();
  player.RequestKeyFrame();
  const PlayedPacket rest = player.Next();
  EXPECT_TRUE(rest.marker);
  EXPECT_FALSE(rest.key_frame);
  const PlayedPacket key = player.Next();
  EXPECT_TRUE(key.key_frame);
  EXPECT_EQ(key.due, kStart + milliseconds(20));
  EXPECT_EQ(key.timestamp, rest.timestamp + 900);
}

TEST(TracePlayerTest, SoundKnowsNoKeyFrames) {
  const std::vector<uint8_t> payload(16);
  TraceBuilder builder(Kind::kOpus, 1, 48'000);
  for (uint32_t i = 0; i < 4; ++i) {
    builder.Add({.time_us = i * 20'000, .timestamp = i * 960, .payload_size = 16 + 8}, payload);
  }
  const Trace trace = builder.Finish(milliseconds(80));
  TracePlayer player(trace, {.start = kStart});
  player.Next();
  player.RequestKeyFrame();
  for (uint32_t i = 1; i < 12; ++i) EXPECT_EQ(player.Next().timestamp, 90'000 + i * 960);
}

TEST(TracePlayerTest, LatePacketAtTheEndDoesNotComeAfterTheNextRound) {
  Trace trace = Vp8Trace();
  trace.packets.back().time_us = 45'000;
  TracePlayer player(trace, {.start = kStart});
  for (int i = 0; i < 2 * kFrames; ++i) player.Next();
  EXPECT_EQ(player.NextDue(), kStart + milliseconds(45));
}

TEST(TracePlayerTest, PayloadBeginsWithThePrefixAndDiffersBehindIt) {
  const Trace trace = Vp8Trace();
  TracePlayer player(trace, {.start = kStart});
  std::vector<uint8_t> first(100), second(100);
  const PlayedPacket packet = player.Next();
  packet.WritePayload(first);
  EXPECT_TRUE(std::ranges::equal(ByteView(first).first(packet.prefix.size()), packet.prefix));
  player.Next().WritePayload(second);
  EXPECT_NE(first.back(), second.back());
}

}  // namespace
}  // namespace sluice::bench
