#include "bench/support/media_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace sluice::bench {
namespace {

using testing::Each;
using testing::Eq;

constexpr size_t kPackets = 6;

// The lengths of the packets of the next picture, in order.
std::vector<size_t> NextPicture(MediaSource& source) {
  std::vector<size_t> sizes;
  for (size_t i = 0; i < kPackets; ++i) sizes.push_back(source.Next(Timestamp()).size());
  return sizes;
}

TEST(MediaSourceTest, PictureIsFullPacketsAndARest) {
  MediaSource source({.shape = PictureShape::kFullAndRest});
  std::set<size_t> rests;
  for (int i = 0; i < 100; ++i) {
    std::vector<size_t> sizes = NextPicture(source);
    EXPECT_LE(sizes.back(), 1200u);
    rests.insert(sizes.back());
    sizes.pop_back();
    EXPECT_THAT(sizes, Each(Eq(1200u)));
  }
  EXPECT_GT(rests.size(), 90u) << "always the same rest would be no real stream";
}

TEST(MediaSourceTest, PictureIsCutIntoEqualsTheLongerOnesLast) {
  MediaSource source({.shape = PictureShape::kAboutEqual});
  int uneven = 0;
  for (int i = 0; i < 100; ++i) {
    const std::vector<size_t> sizes = NextPicture(source);
    EXPECT_TRUE(std::ranges::is_sorted(sizes));
    EXPECT_LE(sizes.back() - sizes.front(), 1u);
    uneven += sizes.back() != sizes.front() ? 1 : 0;
  }
  EXPECT_GT(uneven, 50);
}

TEST(MediaSourceTest, FullPacketsAreAllOfOneLength) {
  MediaSource source({.shape = PictureShape::kAllFull});
  for (int i = 0; i < 10; ++i) EXPECT_THAT(NextPicture(source), Each(Eq(1200u)));
}

TEST(MediaSourceTest, NumbersGoOnAndTimesFollowPictures) {
  MediaSource source({});
  for (uint32_t i = 0; i < 3 * kPackets; ++i) {
    const test::Bytes packet = source.Next(Timestamp());
    ByteReader in(ByteView(packet).subspan(2));
    EXPECT_EQ(in.U16(), 1000 + i);
    EXPECT_EQ(in.U32(), i / kPackets * 3000);
  }
}

}  // namespace
}  // namespace sluice::bench
