#include "rtp/forward/sequence_mapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace sluice::rtp {
namespace {

using ::testing::Optional;

// What the mapper promises, said as slowly as possible: a number goes out as what it was, less all
// numbers before it that were left out.
class Oracle {
 public:
  Oracle(int64_t start, uint16_t first) : start_(start), first_(first), newest_(start - 1) {}

  std::optional<SeqNo> Map(int64_t in) {
    newest_ = std::max(newest_, in);
    const auto place = std::lower_bound(left_out_.begin(), left_out_.end(), in);
    if (in < start_ || (place != left_out_.end() && *place == in)) return std::nullopt;
    const int64_t before = place - left_out_.begin();
    return SeqNo(static_cast<uint16_t>(first_ + (in - start_) - before));
  }
  void Skip(int64_t in) {
    if (in <= newest_) return;
    left_out_.push_back(in);
    newest_ = in;
  }
  void Start(int64_t in) {
    for (int64_t i = newest_ + 1; i < in; ++i) left_out_.push_back(i);
    newest_ = in - 1;
  }
  int64_t newest() const { return newest_; }

 private:
  int64_t start_;
  uint16_t first_;
  int64_t newest_;
  std::vector<int64_t> left_out_;  // Ascending: only what is newer is ever left out.
};

SequenceMapper StartedAt(int64_t in, uint16_t first = 100, int64_t lead = 0) {
  SequenceMapper mapper{SeqNo(first)};
  mapper.Start({in}, lead);
  return mapper;
}

TEST(SequenceMapperTest, FirstPacketGetsTheFirstNumber) {
  SequenceMapper mapper = StartedAt(70'000, 1234);
  EXPECT_THAT(mapper.Map({70'000}), Optional(SeqNo(1234)));
  EXPECT_THAT(mapper.Map({70'001}), Optional(SeqNo(1235)));
}

TEST(SequenceMapperTest, LossOfTheNetworkStaysVisible) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  EXPECT_THAT(mapper.Map({1005}), Optional(SeqNo(105)));
}

TEST(SequenceMapperTest, WhatWeLeaveOutIsNotMissed) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Skip({1001});
  mapper.Skip({1002});
  EXPECT_THAT(mapper.Map({1003}), Optional(SeqNo(101)));
}

TEST(SequenceMapperTest, LatePacketGetsTheNumberItWouldHaveHad) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Skip({1002});  // 1001 is still on its way.
  EXPECT_THAT(mapper.Map({1003}), Optional(SeqNo(102)));
  mapper.Skip({1004});
  EXPECT_THAT(mapper.Map({1005}), Optional(SeqNo(103)));
  EXPECT_THAT(mapper.Map({1001}), Optional(SeqNo(101)));
}

TEST(SequenceMapperTest, PacketThatWasLeftOutStaysOut) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Skip({1001});
  mapper.Map({1002});
  EXPECT_EQ(mapper.Map({1001}), std::nullopt);
}

TEST(SequenceMapperTest, LateSkipKeepsTheNumbersThatAreOut) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Map({1002});
  mapper.Skip({1001});
  EXPECT_THAT(mapper.Map({1003}), Optional(SeqNo(103)));
}

TEST(SequenceMapperTest, NothingBeforeTheStart) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  EXPECT_EQ(mapper.Map({999}), std::nullopt);
}

TEST(SequenceMapperTest, LeadLeavesRoomBeforeTheFirstPacket) {
  SequenceMapper mapper = StartedAt(1000, 100, 3);
  EXPECT_THAT(mapper.Map({1000}), Optional(SeqNo(100)));
  EXPECT_THAT(mapper.Map({998}), Optional(SeqNo(98)));
  EXPECT_THAT(mapper.Map({997}), Optional(SeqNo(97)));
  EXPECT_EQ(mapper.Map({996}), std::nullopt);
}

TEST(SequenceMapperTest, LeadNeverGoesBelowZero) {
  SequenceMapper mapper = StartedAt(1000, 2, 64);
  mapper.Map({1000});
  EXPECT_THAT(mapper.Map({998}), Optional(SeqNo(0)));
  EXPECT_EQ(mapper.Map({997}), std::nullopt);
}

TEST(SequenceMapperTest, PauseLeavesNoGapAndOldHolesCanStillBeFilled) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Map({1002});
  mapper.Start({5000});
  EXPECT_THAT(mapper.Map({5000}), Optional(SeqNo(103)));
  EXPECT_THAT(mapper.Map({1001}), Optional(SeqNo(101)));
  EXPECT_EQ(mapper.Map({1003}), std::nullopt);
  EXPECT_EQ(mapper.Map({4999}), std::nullopt);
}

TEST(SequenceMapperTest, NewSourceGoesOnCountingAndForgetsTheOld) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Skip({1001});
  mapper.Map({1002});
  mapper.Restart({50});
  EXPECT_THAT(mapper.Map({50}), Optional(SeqNo(102)));
  EXPECT_EQ(mapper.Map({49}), std::nullopt);
  mapper.Restart({900'000});
  EXPECT_THAT(mapper.Map({900'000}), Optional(SeqNo(103)));
  EXPECT_EQ(mapper.Map({50}), std::nullopt);
}

TEST(SequenceMapperTest, TooLateIsRefusedSoThatNoNumberIsUsedTwice) {
  SequenceMapper mapper = StartedAt(1000);
  mapper.Map({1000});
  mapper.Map({1000 + SequenceMapper::kWindow + 1});
  EXPECT_EQ(mapper.Map({1000}), std::nullopt);
  EXPECT_TRUE(mapper.Map({1001}).has_value());
}

TEST(SequenceMapperTest, SeventyThousandPacketsWrapWithoutAGap) {
  SequenceMapper mapper = StartedAt(65'536, 32'767);
  uint16_t expected = 32'767;
  for (int64_t in = 65'536; in < 65'536 + 3 * 70'000; ++in) {
    if (in % 3 == 1) {
      mapper.Skip({in});
      continue;
    }
    ASSERT_THAT(mapper.Map({in}), Optional(SeqNo(expected))) << in;
    ++expected;
  }
}

// Every start and every distance of a late packet, over the whole number space.
TEST(SequenceMapperTest, LatePacketsAcrossTheWrapFromEveryStart) {
  for (int64_t first = 0; first < 0x8000; first += 127) {
    SequenceMapper mapper = StartedAt(65'536, static_cast<uint16_t>(first));
    mapper.Map({65'536});
    for (int64_t in = 65'536 + 8192; in < 65'536 + 0x10000 + 8192; in += 8192) {
      mapper.Map({in});
      const int64_t late = in - 4000;
      ASSERT_THAT(mapper.Map({late}),
                  Optional(SeqNo(static_cast<uint16_t>(first + late - 65'536))));
    }
  }
}

TEST(SequenceMapperTest, MemoryIsBoundedWhateverIsLeftOut) {
  SequenceMapper mapper = StartedAt(1000);
  EXPECT_EQ(mapper.memory(), 0u);
  for (int64_t in = 1000; in < 200'000; ++in) {
    if (in % 2 == 1) {
      mapper.Skip({in});
    } else {
      mapper.Map({in});
    }
  }
  EXPECT_LE(mapper.memory(), 16 * SequenceMapper::kMaxSegments);
  // The segments that are kept are the newest ones.
  EXPECT_TRUE(mapper.Map({199'998 - 2 * 250}).has_value());
  EXPECT_EQ(mapper.Map({199'998 - 2 * 300}), std::nullopt);
}

TEST(SequenceMapperTest, SteadyThinningGrowsOnceAndStays) {
  SequenceMapper mapper = StartedAt(1000);
  // A run of five left out of every hundred: eighty runs within the window.
  const auto run = [&](int64_t from, int64_t to) {
    for (int64_t in = from; in < to; ++in) {
      if (in % 100 < 5) {
        mapper.Skip({in});
      } else {
        mapper.Map({in});
      }
    }
  };
  run(1000, 30'000);
  const size_t settled = mapper.memory();
  run(30'000, 300'000);
  EXPECT_EQ(mapper.memory(), settled);
  EXPECT_LE(settled, 16 * 128u);
}

class SequenceMapperPropertyTest : public testing::TestWithParam<uint32_t> {};

// Random loss, reordering, thinning and pauses. Whatever the mapper answers, the oracle agrees; and
// it may refuse what the oracle knows only for one of the two bounds.
TEST_P(SequenceMapperPropertyTest, AgreesWithTheOracle) {
  std::mt19937 random(GetParam());
  const auto draw = [&](int64_t below) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(below));
  };
  const int64_t start = 65'536 + draw(65'536);
  const auto first = static_cast<uint16_t>(draw(0x8000));
  SequenceMapper mapper = StartedAt(start, first);
  Oracle oracle(start, first);
  std::vector<int64_t> delayed;
  std::map<uint16_t, int64_t> recent;  // Numbers given out, and to whom.
  int64_t next = start;

  const auto map = [&](int64_t in) {
    const std::optional<SeqNo> expected = oracle.Map(in);
    const std::optional<SeqNo> seq = mapper.Map({in});
    if (!seq) {
      ASSERT_TRUE(!expected || oracle.newest() - in > 800) << in;
      return;
    }
    ASSERT_EQ(seq, expected) << in;
    const auto [entry, fresh] = recent.try_emplace(seq->value(), in);
    ASSERT_TRUE(fresh || entry->second == in || in - entry->second > 0x8000) << in;
    entry->second = in;
  };
  for (int step = 0; step < 20'000; ++step) {
    const int64_t action = draw(100);
    if (action < 60) {
      ASSERT_NO_FATAL_FAILURE(map(next++));
    } else if (action < 75) {
      mapper.Skip({next});
      oracle.Skip(next++);
    } else if (action < 85) {
      delayed.push_back(next++);
    } else if (action < 98 && !delayed.empty()) {
      const auto pick = delayed.begin() + draw(static_cast<int64_t>(delayed.size()));
      ASSERT_NO_FATAL_FAILURE(map(*pick));
      delayed.erase(pick);
    } else if (action == 98) {
      next += draw(300);  // A burst of loss.
    } else if (action == 99) {
      next = std::max(next, mapper.newest().value + 1) + draw(2000);  // A pause.
      mapper.Start({next});
      oracle.Start(next);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SequenceMapperPropertyTest, testing::Range(1u, 21u));

}  // namespace
}  // namespace sluice::rtp
