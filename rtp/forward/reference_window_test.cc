#include "rtp/forward/reference_window.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

TEST(ReferenceWindowTest, TellsPassedFromRefusedFromMissing) {
  ReferenceWindow window;
  window.Record(10, true);
  window.Record(12, false);
  EXPECT_TRUE(window.Passed(10));
  EXPECT_FALSE(window.Refused(10));
  EXPECT_TRUE(window.Refused(12));
  EXPECT_FALSE(window.Passed(11));
  EXPECT_FALSE(window.Refused(11));
}

TEST(ReferenceWindowTest, LatePicturesAreAdded) {
  ReferenceWindow window;
  window.Record(12, true);
  window.Record(11, true);
  EXPECT_TRUE(window.Passed(11));
}

TEST(ReferenceWindowTest, MissingPicturesCanBeGivenUpAndComeNevertheless) {
  ReferenceWindow window;
  window.Record(10, true);
  window.Record(12, true);
  window.GiveUpMissing();
  EXPECT_TRUE(window.Refused(11));
  EXPECT_FALSE(window.Refused(12));
  window.Record(11, true);
  EXPECT_TRUE(window.Passed(11));
  EXPECT_FALSE(window.Refused(11));
}

TEST(ReferenceWindowTest, ForgetsWhatIsOverwrittenAtAWrap) {
  ReferenceWindow window;
  window.Record(0x7ffe, true);
  window.Record(0x7fff, true);
  window.Record(0, false);
  EXPECT_TRUE(window.Passed(0x7fff));
  EXPECT_TRUE(window.Refused(0));
  for (uint16_t picture = 1; picture < 126; ++picture) window.Record(picture, true);
  EXPECT_TRUE(window.Passed(0x7fff));
  window.Record(126, false);
  EXPECT_FALSE(window.Passed(0x7ffe));
}

TEST(ReferenceWindowTest, StartsEmptyAgain) {
  ReferenceWindow window;
  window.Record(5, true);
  window.Clear();
  EXPECT_FALSE(window.Passed(5));
}

}  // namespace
}  // namespace sluice::rtp
