// Ten thousand switches of layers for each codec and mode, over a network that loses, delays and
// repeats, judged by decoders that know nothing of rtp/forward.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/layer_scene.h"

namespace sluice::test {

void PrintTo(const LayerShape& shape, std::ostream* out) { *out << shape.name; }

}  // namespace sluice::test

namespace sluice::rtp {
namespace {

using codec::Kind;
using test::LayerScene;
using test::LayerShape;
using ::testing::Ge;
using ::testing::IsEmpty;

// In each of two tests. Under the sanitizers, which take ten times as long, it is memory that is
// looked at, and a tenth has met every line.
#if defined(__has_feature)
constexpr int kSwitches = __has_feature(address_sanitizer) ? 500 : 5000;
#else
constexpr int kSwitches = 5000;
#endif
// One packet in 50 comes late, one in 500 never, one in 33 out of order, one in 100 twice.
constexpr LayerScene::Network kUsual{};
constexpr LayerScene::Network kBad{.repaired = 100, .lost = 10, .overtaken = 100, .repeated = 20};

const LayerShape kShapes[] = {
    {.name = "Vp8Simulcast", .codec = Kind::kVp8, .encodings = 3},
    {.name = "Vp8ShortPictureIds", .codec = Kind::kVp8, .encodings = 2, .short_picture_ids = true},
    {.name = "Vp8Encrypted", .codec = Kind::kVp8, .encodings = 3, .descriptor = true},
    {.name = "Vp8Screen", .codec = Kind::kVp8, .encodings = 2, .mode = "L1T2", .slow = true},
    {.name = "H264Simulcast", .codec = Kind::kH264, .encodings = 4, .mode = "L1T1"},
    {.name = "H264Encrypted", .codec = Kind::kH264, .encodings = 3, .descriptor = true},
    {.name = "H265Simulcast", .codec = Kind::kH265, .encodings = 3},
    {.name = "Vp9L1T3", .codec = Kind::kVp9},
    {.name = "Vp9L3T3", .codec = Kind::kVp9, .mode = "L3T3"},
    {.name = "Vp9L3T3Key", .codec = Kind::kVp9, .mode = "L3T3_KEY"},
    {.name = "Vp9S3T3", .codec = Kind::kVp9, .mode = "S3T3"},
    {.name = "Vp9L3T3Flexible", .codec = Kind::kVp9, .mode = "L3T3", .flexible = true},
    {.name = "Vp9L3T3KeyFlexible", .codec = Kind::kVp9, .mode = "L3T3_KEY", .flexible = true},
    {.name = "Vp9SimulcastFlexible", .codec = Kind::kVp9, .encodings = 3, .flexible = true},
    {.name = "Vp9L3T3KeyDescribed", .codec = Kind::kVp9, .mode = "L3T3_KEY", .descriptor = true},
    {.name = "Av1L1T3", .codec = Kind::kAv1, .descriptor = true},
    {.name = "Av1L3T3", .codec = Kind::kAv1, .mode = "L3T3", .descriptor = true},
    {.name = "Av1L3T3Key", .codec = Kind::kAv1, .mode = "L3T3_KEY", .descriptor = true},
    {.name = "Av1S3T3", .codec = Kind::kAv1, .mode = "S3T3", .descriptor = true},
    {.name = "Av1Simulcast",
     .codec = Kind::kAv1,
     .encodings = 3,
     .mode = "L1T2",
     .descriptor = true},
    {.name = "Av1Screen", .codec = Kind::kAv1, .mode = "L1T2", .descriptor = true, .slow = true},
};

class LayerSwitchingTest : public testing::TestWithParam<LayerShape> {
 protected:
  static void ExpectLively(const LayerScene& scene, int switches) {
    // A target is set every fifth picture on average, so that many are given up on the way. None at
    // all would satisfy every judge.
    EXPECT_THAT(scene.reached(), Ge(switches / 4));
    EXPECT_THAT(scene.summary().decoded, Ge(static_cast<uint64_t>(2 * switches)));
    EXPECT_THAT(scene.summary().segments, Ge(switches / 100));
  }
};

TEST_P(LayerSwitchingTest, ReceiverSeesNoGapOfOursAndNothingItCannotDecode) {
  LayerScene scene(GetParam(), 1, kUsual, false);
  scene.Run(kSwitches);
  EXPECT_THAT(scene.Judge(), IsEmpty());
  ExpectLively(scene, kSwitches);
}

TEST_P(LayerSwitchingTest, TimesAreTrueIfThereAreReports) {
  LayerScene scene(GetParam(), 2, kUsual, true);
  scene.Run(kSwitches);
  EXPECT_THAT(scene.Judge(), IsEmpty());
  ExpectLively(scene, kSwitches);
}

TEST_P(LayerSwitchingTest, BadNetworkChangesNothing) {
  for (uint32_t seed = 3; seed < 6; ++seed) {
    LayerScene scene(GetParam(), seed, kBad, seed % 2 == 0);
    scene.Run(1000);
    EXPECT_THAT(scene.Judge(), IsEmpty()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, LayerSwitchingTest, testing::ValuesIn(kShapes),
                         [](const auto& tested) { return tested.param.name; });

// A decoder that cannot show frames of higher layers until a picture id comes that never will is a
// decoder that waits because of us. Lost frames of a layer in between, which only the
// retransmission tells from unwanted ones, are all that is left of it.
TEST(Vp8PictureIdsTest, FewFramesWaitForIdsThatNeverCome) {
  LayerScene scene(kShapes[0], 1, kUsual, false);
  scene.Run(kSwitches);
  scene.Judge();
  EXPECT_LT(scene.summary().stalled, scene.summary().decoded / 200);
}

}  // namespace
}  // namespace sluice::rtp
