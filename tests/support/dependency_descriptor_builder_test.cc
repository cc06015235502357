#include "tests/support/dependency_descriptor_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> IndicationsOf(const std::vector<ScalableFrame>& picture) {
  std::vector<std::string> indications;
  for (const ScalableFrame& frame : picture) indications.push_back(frame.indications);
  return indications;
}

TEST(DependencyDescriptorBuilderTest, KeyPictureIsWhereAllTargetsAreEntered) {
  EXPECT_THAT(IndicationsOf(ScalableStream("L2T2").NextPicture()), ElementsAre("SSSS", "--SS"));
  EXPECT_THAT(IndicationsOf(ScalableStream("L2T2_KEY").NextPicture()), ElementsAre("SSSS", "--SS"));
  EXPECT_THAT(IndicationsOf(ScalableStream("S2T2").NextPicture()), ElementsAre("SS--", "--SS"));
}

TEST(DependencyDescriptorBuilderTest, FullScalabilityNeedsTheSmallPictureForTheLarge) {
  ScalableStream stream("L2T2");
  stream.NextPicture();
  EXPECT_THAT(IndicationsOf(stream.NextPicture()), ElementsAre("-D-R", "---D"));
  EXPECT_THAT(IndicationsOf(stream.NextPicture()), ElementsAre("SSRR", "--SS"));
}

TEST(DependencyDescriptorBuilderTest, KeyScalabilityNeedsItInKeyPicturesOnly) {
  ScalableStream stream("L2T3_KEY");
  stream.NextPicture();
  EXPECT_THAT(IndicationsOf(stream.NextPicture()), ElementsAre("--D---", "-----D"));
  EXPECT_THAT(IndicationsOf(stream.NextPicture()), ElementsAre("-DS---", "----DS"));
  stream.NextPicture();
  EXPECT_THAT(IndicationsOf(stream.NextPicture()), ElementsAre("SSS---", "---SSS"));
}

TEST(DependencyDescriptorBuilderTest, ReferencesAreToEarlierFramesOfTheSameOrLowerLayers) {
  ScalableStream stream("L2T3", 10);
  std::vector<std::vector<uint16_t>> references;
  for (int i = 0; i < 5; ++i) references.push_back(stream.NextPicture()[1].references);
  using List = std::vector<uint16_t>;
  EXPECT_THAT(references,
              ElementsAre(List{10}, List{11, 12}, List{11, 14}, List{15, 16}, List{11, 18}));
}

TEST(DependencyDescriptorBuilderTest, NoModeNeedsMoreThanTheSyntaxCanSay) {
  for (const char* mode : kScalabilityModes) {
    const ScalableStream stream(mode);
    EXPECT_LE(stream.layout().templates.size(), 64u) << mode;
    for (const DependencyTemplate& one : stream.layout().templates) {
      for (int diff : one.frame_diffs) EXPECT_LE(diff, 16) << mode;
      for (int diff : one.chain_diffs) EXPECT_LE(diff, 15) << mode;
    }
    EXPECT_LE(WriteLayoutAlone(stream.layout()).size(), 240u) << mode;
  }
}

TEST(DependencyDescriptorBuilderTest, BitsFillBytesFromTheTop) {
  EXPECT_THAT(FromBits("1000 0001 11"), ElementsAre(0x81, 0xc0));
}

}  // namespace
}  // namespace sluice::test
