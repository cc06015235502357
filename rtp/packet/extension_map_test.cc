#include "rtp/packet/extension_map.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

TEST(ExtensionMapTest, EveryExtensionHasAUriThatLeadsBackToIt) {
  for (size_t i = 0; i < kExtensionCount; ++i) {
    const auto extension = static_cast<Extension>(i);
    EXPECT_FALSE(ExtensionUri(extension).empty());
    EXPECT_EQ(ExtensionFromUri(ExtensionUri(extension)), extension);
  }
}

TEST(ExtensionMapTest, KnowsTheUrisOfBrowsers) {
  EXPECT_EQ(ExtensionFromUri("urn:ietf:params:rtp-hdrext:sdes:mid"), Extension::kMid);
  EXPECT_EQ(ExtensionFromUri("urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
            Extension::kAudioLevel);
  EXPECT_EQ(
      ExtensionFromUri("http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"),
      Extension::kTransportSequence);
  EXPECT_EQ(ExtensionFromUri("http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"),
            Extension::kPlayoutDelay);
}

TEST(ExtensionMapTest, UnknownUriIsNothing) {
  EXPECT_EQ(ExtensionFromUri(""), std::nullopt);
  EXPECT_EQ(ExtensionFromUri("urn:ietf:params:rtp-hdrext:sdes:MID"), std::nullopt);
  EXPECT_EQ(ExtensionFromUri("urn:ietf:params:rtp-hdrext:sdes:mid "), std::nullopt);
}

TEST(ExtensionMapTest, EmptyMapMeansNothing) {
  const ExtensionMap map;
  for (int id = 0; id <= 255; ++id) {
    EXPECT_EQ(map.Meaning(static_cast<uint8_t>(id)), std::nullopt);
  }
  EXPECT_EQ(map.Id(Extension::kMid), 0);
}

TEST(ExtensionMapTest, AddedExtensionIsFoundBothWays) {
  ExtensionMap map;
  EXPECT_TRUE(map.Add(1, Extension::kPlayoutDelay));
  EXPECT_TRUE(map.Add(255, Extension::kMid));
  EXPECT_EQ(map.Meaning(1), Extension::kPlayoutDelay);
  EXPECT_EQ(map.Meaning(255), Extension::kMid);
  EXPECT_EQ(map.Id(Extension::kMid), 255);
  EXPECT_EQ(map.Id(Extension::kPlayoutDelay), 1);
  EXPECT_EQ(map.Meaning(2), std::nullopt);
}

TEST(ExtensionMapTest, AddingTheSameTwiceIsNoConflict) {
  ExtensionMap map;
  EXPECT_TRUE(map.Add(5, Extension::kRid));
  EXPECT_TRUE(map.Add(5, Extension::kRid));
}

TEST(ExtensionMapTest, IdZeroIsPaddingAndRefused) {
  ExtensionMap map;
  EXPECT_FALSE(map.Add(0, Extension::kMid));
  EXPECT_EQ(map.Meaning(0), std::nullopt);
}

TEST(ExtensionMapTest, ConflictIsRefusedAndChangesNothing) {
  ExtensionMap map;
  ASSERT_TRUE(map.Add(5, Extension::kRid));
  EXPECT_FALSE(map.Add(5, Extension::kMid));
  EXPECT_FALSE(map.Add(6, Extension::kRid));
  EXPECT_EQ(map.Meaning(5), Extension::kRid);
  EXPECT_EQ(map.Meaning(6), std::nullopt);
  EXPECT_EQ(map.Id(Extension::kRid), 5);
  EXPECT_EQ(map.Id(Extension::kMid), 0);
}

}  // namespace
}  // namespace sluice::rtp
