// The traces of the repository: what they are said to be, and that forwarders see no seam in them.

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>

#include "bench/traffic/trace.h"
#include "bench/traffic/trace_player.h"
#include "rtp/codec/descriptor.h"

namespace sluice::bench {
namespace {

using rtp::codec::Description;
using rtp::codec::Kind;

constexpr size_t kMaxSize = 150'000;
constexpr int kRounds = 3;

struct Expected {
  const char* name;
  Kind codec;
  uint8_t encodings;
  uint8_t spatial_layers;
  double packets_per_s;
  double kbit_per_s;

  friend std::ostream& operator<<(std::ostream& out, const Expected& one) {
    return out << one.name;
  }
};

class TracesTest : public testing::TestWithParam<Expected> {
 protected:
  TracesTest() {
    auto trace = LoadTrace(std::string(SLUICE_TRACES) + "/" + GetParam().name + ".trace");
    EXPECT_TRUE(trace);
    if (trace) trace_ = *std::move(trace);
  }

  Description DescribePlayed(const PlayedPacket& packet) {
    payload_.resize(packet.payload_size);
    packet.WritePayload(payload_);
    const std::optional<ByteView> descriptor =
        packet.descriptor.empty() ? std::nullopt : std::optional(packet.descriptor);
    return rtp::codec::Describe(trace_.codec, payload_, packet.marker, descriptor);
  }

  Trace trace_;
  std::vector<uint8_t> payload_;
};

TEST_P(TracesTest, IsTenSecondsOfWhatItSays) {
  EXPECT_EQ(trace_.codec, GetParam().codec);
  EXPECT_EQ(trace_.encodings, GetParam().encodings);
  const double seconds = static_cast<double>(trace_.duration.count()) / 1e6;
  EXPECT_NEAR(seconds, 10, 0.2);
  double bits = 0;
  for (const TracePacket& packet : trace_.packets) bits += 8.0 * packet.payload_size;
  EXPECT_NEAR(static_cast<double>(trace_.packets.size()) / seconds, GetParam().packets_per_s,
              0.3 * GetParam().packets_per_s);
  EXPECT_NEAR(bits / 1000 / seconds, GetParam().kbit_per_s, 0.2 * GetParam().kbit_per_s);
}

TEST_P(TracesTest, IsSmall) { EXPECT_LE(SerializeTrace(trace_).size(), kMaxSize); }

TEST_P(TracesTest, PlayedPacketsTellKeyFramesAndLayers) {
  TracePlayer player(trace_, {});
  uint8_t spatial = 0;
  for (size_t i = 0; i < trace_.packets.size(); ++i) {
    const PlayedPacket packet = player.Next();
    const Description description = DescribePlayed(packet);
    // H264 announces a key frame with parameter sets, and may say so twice.
    EXPECT_EQ(description.key_frame, packet.key_frame) << i;
    spatial = std::max(spatial, description.spatial);
  }
  if (trace_.codec != Kind::kAv1) {
    EXPECT_EQ(spatial + 1, GetParam().spatial_layers);
  }
}

TEST_P(TracesTest, PicturesAreCountedWithoutAGapFromRoundToRound) {
  TracePlayer player(trace_, {});
  struct Seen {
    bool any = false;
    uint16_t picture = 0;
  };
  std::array<Seen, Trace::kMaxEncodings> seen;
  for (size_t i = 0; i < kRounds * trace_.packets.size(); ++i) {
    const PlayedPacket packet = player.Next();
    const Description description = DescribePlayed(packet);
    if (description.picture_id_bits == 0) continue;
    const auto mask = static_cast<uint16_t>((1u << description.picture_id_bits) - 1);
    Seen& last = seen[packet.encoding];
    const auto step = static_cast<uint16_t>((description.picture_id - last.picture) & mask);
    if (last.any) {
      ASSERT_LE(step, 1) << i;
    }
    last = {true, description.picture_id};
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, TracesTest,
                         testing::Values(Expected{"opus", Kind::kOpus, 1, 1, 50, 32},
                                         Expected{"vp8_simulcast", Kind::kVp8, 3, 1, 300, 2350},
                                         Expected{"vp9_l3t3_key", Kind::kVp9, 1, 3, 250, 1900},
                                         Expected{"h264", Kind::kH264, 1, 1, 200, 1700},
                                         Expected{"av1_l3t3", Kind::kAv1, 1, 3, 250, 1900}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace sluice::bench
