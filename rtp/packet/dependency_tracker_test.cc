#include "rtp/packet/dependency_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/allocation_count.h"
#include "tests/support/dependency_descriptor_builder.h"

namespace sluice::rtp {
namespace {

using test::Bytes;
using test::ScalableFrame;
using test::ScalableStream;

class DependencyTrackerTest : public ::testing::Test {
 protected:
  std::optional<FrameDependencies> Receive(const ScalableStream& stream, const ScalableFrame& frame,
                                           std::optional<uint32_t> active = std::nullopt) {
    return tracker_.Receive(stream.Describe(frame, true, true, active));
  }
  void ReceivePictures(ScalableStream& stream, int count) {
    for (int i = 0; i < count; ++i) {
      for (const ScalableFrame& frame : stream.NextPicture()) {
        ASSERT_TRUE(Receive(stream, frame)) << frame.number;
      }
    }
  }

  DependencyTracker tracker_;
};

TEST_F(DependencyTrackerTest, NothingIsUnderstoodBeforeAStructure) {
  ScalableStream stream("L3T3");
  stream.NextPicture();
  EXPECT_FALSE(Receive(stream, stream.NextPicture()[0]));
  EXPECT_EQ(tracker_.structure(), nullptr);
  EXPECT_EQ(tracker_.TargetFor({2, 2}), std::nullopt);
}

TEST_F(DependencyTrackerTest, FramesAreReadByTheStructureOfTheirKeyFrame) {
  ScalableStream stream("L3T3");
  const auto key = stream.NextPicture();
  const auto first = Receive(stream, key[0]);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->has_structure && first->independent());
  const auto last = Receive(stream, key[2]);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->layer, (LayerId{2, 0}));
  EXPECT_EQ(tracker_.TargetFor({1, 1}), 4);
}

TEST_F(DependencyTrackerTest, TheLatestStructureCounts) {
  ScalableStream stream("L3T3");
  ReceivePictures(stream, 5);
  ScalableStream next("L1T2", 200, 40);
  EXPECT_EQ(tracker_.generation(), 1u);
  ReceivePictures(next, 1);
  EXPECT_EQ(tracker_.generation(), 2u);
  EXPECT_EQ(tracker_.structure()->template_id_offset, 40);
  EXPECT_EQ(tracker_.TargetFor({2, 2}), 1);
}

TEST_F(DependencyTrackerTest, RepeatedStructureChangesNothing) {
  ScalableStream stream("L3T3");
  ReceivePictures(stream, 5);
  for (const ScalableFrame& frame : stream.NextPicture(true)) ASSERT_TRUE(Receive(stream, frame));
  EXPECT_EQ(tracker_.generation(), 1u);
}

TEST_F(DependencyTrackerTest, LatePacketsOfTheFormerStructureAreUnderstood) {
  ScalableStream stream("L3T3", 65530);
  const auto key = stream.NextPicture();
  ASSERT_TRUE(Receive(stream, key[0]));
  const auto late = stream.NextPicture();
  ScalableStream next("L1T2", 0, 40);
  ReceivePictures(next, 4);
  const auto read = Receive(stream, late[1]);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->layer, (LayerId{1, 2}));
  EXPECT_EQ(tracker_.structure()->template_id_offset, 40);
}

TEST_F(DependencyTrackerTest, LatePacketsAreToldByTheirNumberWhereTemplatesOverlap) {
  ScalableStream stream("L1T3", 100);
  ReceivePictures(stream, 4);
  const auto late = stream.NextPicture();  // temporal layer 0 again
  ScalableStream next("L3T1", 105);
  ReceivePictures(next, 1);
  const ScalableFrame delta = next.NextPicture()[2];
  EXPECT_EQ(Receive(stream, late[0])->chain_count, 1);
  EXPECT_EQ(Receive(next, delta)->chain_count, 3);
}

TEST_F(DependencyTrackerTest, RepeatedKeyFrameOfTheFormerStructureDoesNotBringItBack) {
  ScalableStream stream("L3T3");
  const auto key = stream.NextPicture();
  ASSERT_TRUE(Receive(stream, key[0]));
  ScalableStream next("L1T2", 50, 40);
  ReceivePictures(next, 4);
  const auto again = Receive(stream, key[0]);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->chain_count, 3);
  EXPECT_EQ(tracker_.structure()->template_id_offset, 40);
  ReceivePictures(next, 4);
}

TEST_F(DependencyTrackerTest, OvertakenStructureIsUnderstoodButDoesNotCount) {
  ScalableStream stream("L3T3");
  const auto key = stream.NextPicture();
  ScalableStream next("L1T2", 50, 40);
  ReceivePictures(next, 1);
  ASSERT_TRUE(Receive(stream, key[0]));
  ASSERT_TRUE(Receive(stream, key[1]));
  EXPECT_EQ(tracker_.structure()->template_id_offset, 40);
}

TEST_F(DependencyTrackerTest, NewFramesAreNotReadByTheFormerStructure) {
  ScalableStream stream("L3T3");
  ReceivePictures(stream, 2);
  ScalableStream next("L1T2", 50, 40);
  ReceivePictures(next, 2);
  // A third structure takes up the ids of the first, and its key frame is lost.
  ScalableStream third("L2T3", 60);
  third.NextPicture();
  EXPECT_FALSE(Receive(third, third.NextPicture()[0]));
}

TEST_F(DependencyTrackerTest, TheFormerStructureIsForgottenInTime) {
  ScalableStream stream("L3T3");
  ReceivePictures(stream, 1);
  const auto late = stream.NextPicture();
  ScalableStream next("L1T2", 50, 40);
  ReceivePictures(next, DependencyTracker::kLateFrames + 2);
  EXPECT_FALSE(Receive(stream, late[0]));
}

TEST_F(DependencyTrackerTest, AStructureChangesAtAnyNumberAfterManyWraps) {
  ScalableStream stream("L1T3");
  ReceivePictures(stream, 3 * 65536 - 20);
  // Just before the number that the first structure came with, three times around.
  ScalableStream next("L3T3", 65516, 40);
  ReceivePictures(next, 1);
  EXPECT_EQ(tracker_.structure()->template_id_offset, 40);
}

TEST_F(DependencyTrackerTest, MalformedStructureLeavesTheOldOneInPlace) {
  ScalableStream stream("L3T3");
  ReceivePictures(stream, 1);
  ScalableStream next("L1T2", 50, 40);
  Bytes broken = next.Describe(next.NextPicture()[0]);
  broken.pop_back();
  EXPECT_FALSE(tracker_.Receive(broken));
  EXPECT_EQ(tracker_.generation(), 1u);
  ReceivePictures(stream, 4);
}

TEST_F(DependencyTrackerTest, StructureOfAPacketThatIsCutOffBehindItIsNotKept) {
  ScalableStream stream("L2T1_KEY");
  const ScalableFrame key = stream.NextPicture()[0];
  // The mask of active targets ends the value, and begins a byte in this mode.
  const size_t without_mask = stream.Describe(key).size();
  Bytes value = stream.Describe(key, true, true, 1);
  ASSERT_GT(value.size(), without_mask);
  value.pop_back();
  EXPECT_TRUE(ReadAttachedStructure(value));
  EXPECT_FALSE(tracker_.Receive(value));
  EXPECT_EQ(tracker_.structure(), nullptr);
}

TEST_F(DependencyTrackerTest, StructureThatDoesNotKnowItsOwnFrameIsRefused) {
  ScalableStream stream("L1T1", 0, 10);
  Bytes value = stream.Describe(stream.NextPicture()[0]);
  value[0] = 0x80 | 9;
  EXPECT_FALSE(tracker_.Receive(value));
  EXPECT_EQ(tracker_.structure(), nullptr);
}

TEST_F(DependencyTrackerTest, AllTargetsAreServedUntilTheSenderSaysOtherwise) {
  ScalableStream stream("L3T1");
  ReceivePictures(stream, 1);
  EXPECT_EQ(tracker_.active_targets(), 7u);
  ASSERT_TRUE(Receive(stream, stream.NextPicture()[0], 3));
  EXPECT_EQ(tracker_.active_targets(), 3u);
  ReceivePictures(stream, 3);
  EXPECT_EQ(tracker_.active_targets(), 3u);
  EXPECT_EQ(tracker_.TargetFor({2, 0}), 1);
  for (const ScalableFrame& frame : stream.NextPicture(true)) ASSERT_TRUE(Receive(stream, frame));
  EXPECT_EQ(tracker_.active_targets(), 7u);
}

TEST_F(DependencyTrackerTest, TargetsMayBeLimitedWithTheStructure) {
  ScalableStream stream("L3T1");
  ASSERT_TRUE(Receive(stream, stream.NextPicture()[0], 1));
  EXPECT_EQ(tracker_.active_targets(), 1u);
}

TEST_F(DependencyTrackerTest, LatePacketDoesNotBringOldTargetsBack) {
  ScalableStream stream("L3T1");
  const auto key = stream.NextPicture();
  ASSERT_TRUE(Receive(stream, key[0]));
  const auto older = stream.NextPicture();
  const auto newer = stream.NextPicture();
  ASSERT_TRUE(Receive(stream, newer[0], 1));
  ASSERT_TRUE(Receive(stream, older[0], 3));
  ASSERT_TRUE(Receive(stream, key[0]));
  EXPECT_EQ(tracker_.active_targets(), 1u);
}

TEST_F(DependencyTrackerTest, TargetsMayChangeAfterHalfACircleWithoutAWord) {
  ScalableStream stream("L3T1");
  ReceivePictures(stream, 1);
  ASSERT_TRUE(Receive(stream, stream.NextPicture()[0], 1));
  ReceivePictures(stream, 12'000);
  ASSERT_TRUE(Receive(stream, stream.NextPicture()[0], 3));
  EXPECT_EQ(tracker_.active_targets(), 3u);
}

TEST_F(DependencyTrackerTest, WhereNothingWantedIsServedTheTargetIsNamedAllTheSame) {
  ScalableStream stream("S3T1");
  ASSERT_TRUE(Receive(stream, stream.NextPicture()[0], 0b110));
  EXPECT_EQ(tracker_.TargetFor({0, 0}), 0);
  EXPECT_EQ(tracker_.TargetFor({1, 0}), 1);
}

TEST_F(DependencyTrackerTest, KnownStructuresCostNoAllocation) {
  ScalableStream stream("L3T3");
  std::vector<Bytes> values;
  for (int i = 0; i < 20; ++i) {
    for (const auto& frame : stream.NextPicture(i == 9)) values.push_back(stream.Describe(frame));
  }
  tracker_.Receive(values[0]);
  const uint64_t before = test::AllocationWatch::count();
  {
    const test::AllocationWatch watch;
    for (const Bytes& value : values) tracker_.Receive(value);
  }
  EXPECT_EQ(test::AllocationWatch::count(), before);
}

TEST_F(DependencyTrackerTest, EveryModeIsUnderstoodOutOfOrder) {
  std::mt19937 random(3);
  uint16_t number = 65000;
  int offset = 0;
  for (const char* mode : test::kScalabilityModes) {
    ScalableStream stream(mode, number, offset);
    ASSERT_TRUE(Receive(stream, stream.NextPicture()[0]));
    std::vector<ScalableFrame> frames;
    for (int i = 0; i < 30; ++i) {
      for (ScalableFrame& frame : stream.NextPicture()) frames.push_back(std::move(frame));
    }
    number = static_cast<uint16_t>(frames.back().number + 1);
    offset += static_cast<int>(stream.layout().templates.size());
    offset %= 64;
    for (size_t i = 0; i + 8 < frames.size(); i += 4) {
      std::shuffle(frames.begin() + static_cast<ptrdiff_t>(i),
                   frames.begin() + static_cast<ptrdiff_t>(i + 8), random);
    }
    for (const ScalableFrame& frame : frames) {
      const auto read = Receive(stream, frame);
      ASSERT_TRUE(read) << mode;
      ASSERT_EQ(read->layer.spatial, frame.spatial);
      ASSERT_EQ(read->layer.temporal, frame.temporal);
    }
  }
}

}  // namespace
}  // namespace sluice::rtp
