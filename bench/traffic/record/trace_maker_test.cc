#include "bench/traffic/record/trace_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::bench {
namespace {

using rtp::codec::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint8_t kMedia = 96, kRtx = 97;
constexpr uint8_t kRidId = 10;
constexpr Duration kStart = std::chrono::hours(24 * 365 * 50);
constexpr int kFramesPerSecond = 20;
constexpr Duration kInterval = milliseconds(1000) / kFramesPerSecond;

// A recording as browsers make it: every frame of two packets in two encodings, a key frame every
// second.
class Scene {
 public:
  explicit Scene(int length_s) {
    for (int frame = 0; frame < length_s * kFramesPerSecond; ++frame) {
      AddFrame(frame, 0);
      AddFrame(frame, 1);
    }
  }

  void Add(Duration time, const test::RtpPacketBuilder& packet) {
    recording_.push_back({kStart + time, packet.ToBytes()});
  }
  const std::vector<RecordedPacket>& recording() const { return recording_; }

 private:
  void AddFrame(int frame, uint32_t encoding) {
    const bool key = frame % kFramesPerSecond == 0;
    for (const bool first : {true, false}) {
      test::Vp8PayloadOptions payload;
      payload.key_frame = key;
      payload.start = first;
      payload.picture_id = static_cast<uint16_t>(frame);
      payload.size = 200 + 100 * encoding;
      test::RtpPacketBuilder packet;
      packet.WithPayloadType(kMedia)
          .WithSsrc(100 + encoding)
          .WithSeq(seq_++)
          .WithTimestamp(7'000'000 * (encoding + 1) + static_cast<uint32_t>(frame) * 4500)
          .WithMarker(!first)
          .WithPayload(test::Vp8Payload(payload));
      if (frame < 3) packet.WithTextExtension(kRidId, encoding == 0 ? "low" : "high");
      Add(frame * kInterval + milliseconds(encoding), packet);
    }
  }

  uint16_t seq_ = 1;
  std::vector<RecordedPacket> recording_;
};

TraceMakerOptions Options() {
  TraceMakerOptions options;
  options.codec = Kind::kVp8;
  options.payload_type = PayloadType(kMedia);
  options.extensions.Add(kRidId, rtp::Extension::kRid);
  options.rids = {"low", "high"};
  options.from_since_1970 = kStart + milliseconds(900);
  options.length = seconds(2);
  return options;
}

TEST(TraceMakerTest, TraceBeginsWithTheKeyFramesAndEndsWithWholeFrames) {
  const auto trace = MakeTrace(Scene(5).recording(), Options());
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->encodings, 2);
  EXPECT_EQ(trace->packets.size(), 2u * 2 * 2 * kFramesPerSecond);
  EXPECT_TRUE(trace->packets.front().key_frame);
  EXPECT_EQ(trace->packets.front().time_us, 0u);
  EXPECT_TRUE(trace->packets.back().marker);
  EXPECT_EQ(trace->duration, seconds(2));
  EXPECT_TRUE(ParseTrace(SerializeTrace(*trace)));
}

TEST(TraceMakerTest, EncodingsAreToldApartByNamesThatOnlyTheFirstPacketsHave) {
  const auto trace = MakeTrace(Scene(5).recording(), Options());
  ASSERT_TRUE(trace.ok());
  for (const TracePacket& packet : trace->packets) {
    EXPECT_EQ(packet.payload_size, 200 + 100 * packet.encoding);
  }
}

TEST(TraceMakerTest, TimestampsOfEncodingsAgreeWithTheirTimes) {
  const auto trace = MakeTrace(Scene(5).recording(), Options());
  ASSERT_TRUE(trace.ok());
  for (const TracePacket& packet : trace->packets) {
    EXPECT_NEAR(packet.timestamp, packet.time_us * 0.09, 1.0);
  }
}

TEST(TraceMakerTest, RetransmissionsAndProbesAreNoMedia) {
  Scene scene(5);
  const auto before = MakeTrace(scene.recording(), Options());
  Scene disturbed(5);
  disturbed.Add(seconds(2), test::RtpPacketBuilder().WithPayloadType(kRtx).WithSsrc(100));
  disturbed.Add(seconds(2),
                test::RtpPacketBuilder().WithPayloadType(kMedia).WithSsrc(100).WithPayload({}));
  const auto after = MakeTrace(disturbed.recording(), Options());
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(SerializeTrace(*before), SerializeTrace(*after));
}

TEST(TraceMakerTest, PrefixesAreShortAndStillTellKeyFrames) {
  const auto trace = MakeTrace(Scene(5).recording(), Options());
  ASSERT_TRUE(trace.ok());
  for (const TracePacket& packet : trace->packets) {
    std::vector<uint8_t> payload(packet.payload_size, 0);
    std::ranges::copy(trace->PrefixOf(packet), payload.begin());
    const auto seen = rtp::codec::Describe(Kind::kVp8, payload, packet.marker);
    EXPECT_EQ(seen.key_frame, packet.key_frame);
    EXPECT_LE(packet.prefix_size, packet.key_frame ? 48 : 16);
  }
}

TEST(TraceMakerTest, WhatIsMissingIsSaid) {
  const Scene scene(5);
  TraceMakerOptions options = Options();
  options.payload_type = PayloadType(50);
  EXPECT_THAT(std::string(MakeTrace(scene.recording(), options).status().message()),
              HasSubstr("payload type"));
  options = Options();
  options.from_since_1970 = kStart + seconds(60);
  EXPECT_THAT(std::string(MakeTrace(scene.recording(), options).status().message()),
              HasSubstr("key frame"));
  options = Options();
  options.length = seconds(20);
  EXPECT_THAT(std::string(MakeTrace(scene.recording(), options).status().message()),
              HasSubstr("too early"));
}

}  // namespace
}  // namespace sluice::bench
