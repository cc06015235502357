#include "rtp/receive/ended_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::rtp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EndedStreamsTest : public testing::Test {
 protected:
  // "mid/rid", or "none".
  std::string PlaceOf(uint32_t ssrc) const {
    const EndedStreams::Place* const place = ended_.Find(Ssrc(ssrc));
    if (place == nullptr) return "none";
    return place->mid + "/" + place->rid + (place->rtx ? " again" : "");
  }

  EndedStreams ended_;
};

TEST_F(EndedStreamsTest, KnowsWhereAnSsrcBelonged) {
  ended_.Add(Ssrc(10), {"0", "lo", false});
  ended_.Add(Ssrc(11), {"0", "lo", true});
  ended_.Add(Ssrc(20), {"0", "hi", false});
  EXPECT_EQ(PlaceOf(10), "0/lo");
  EXPECT_EQ(PlaceOf(11), "0/lo again");
  EXPECT_EQ(PlaceOf(20), "0/hi");
  EXPECT_EQ(PlaceOf(30), "none");
}

TEST_F(EndedStreamsTest, APlaceIsKnownByItsLastSsrcAlone) {
  ended_.Add(Ssrc(10), {"0", "", false});
  ended_.Add(Ssrc(20), {"0", "", false});
  EXPECT_EQ(PlaceOf(10), "none");
  EXPECT_EQ(PlaceOf(20), "0/");
  ended_.Vacate("0", "", false);
  EXPECT_EQ(PlaceOf(20), "none");
}

TEST_F(EndedStreamsTest, AnSsrcHasOnePlaceAlone) {
  ended_.Add(Ssrc(10), {"0", "", false});
  ended_.Add(Ssrc(10), {"1", "", false});
  EXPECT_EQ(PlaceOf(10), "1/");
  EXPECT_EQ(ended_.size(), 1u);
  ended_.Unplace(Ssrc(10));
  EXPECT_EQ(PlaceOf(10), "none");
}

TEST_F(EndedStreamsTest, NobodyComesBackToAPlaceWithoutAName) {
  ended_.Add(Ssrc(10), {"", "", false});
  EXPECT_EQ(PlaceOf(10), "none");
  EXPECT_EQ(ended_.size(), 1u);
}

TEST_F(EndedStreamsTest, WhatEndedFirstIsDisplacedAndCounted) {
  for (uint32_t i = 0; i < EndedStreams::kMax; ++i) {
    ended_.Add(Ssrc(i), {std::to_string(i), "", false});
  }
  EXPECT_THAT(ended_.TakeDisplaced(), IsEmpty());
  // It ends once more, so it is not the oldest any longer.
  ended_.Add(Ssrc(0), {"0", "", false});
  ended_.Add(Ssrc(1000), {"a", "", false});
  ended_.Add(Ssrc(1001), {"b", "", false});
  EXPECT_THAT(ended_.TakeDisplaced(), ElementsAre(Ssrc(1), Ssrc(2)));
  EXPECT_THAT(ended_.TakeDisplaced(), IsEmpty());
  EXPECT_EQ(ended_.displaced(), 2u);
  EXPECT_EQ(ended_.size(), EndedStreams::kMax);
  EXPECT_EQ(PlaceOf(0), "0/");
  EXPECT_EQ(PlaceOf(1), "none");
}

// Of streams that end together the first displaces what the second one came back under.
TEST_F(EndedStreamsTest, WhatIsKnownAgainIsNotForgotten) {
  for (uint32_t i = 0; i < EndedStreams::kMax; ++i) {
    ended_.Add(Ssrc(i), {std::to_string(i), "", false});
  }
  ended_.Add(Ssrc(1000), {"a", "", false});
  ended_.Add(Ssrc(0), {"0", "", false});
  EXPECT_EQ(PlaceOf(0), "0/");
  EXPECT_THAT(ended_.TakeDisplaced(), ElementsAre(Ssrc(1)));
}

}  // namespace
}  // namespace sluice::rtp
