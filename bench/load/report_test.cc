#include "bench/load/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Optional;

Json RoundOf(const char* peer, uint64_t round, double cost, double p99) {
  return Json::Object()
      .Set("peer", peer)
      .Set("round", round)
      .Set("cpu_us_per_packet", cost)
      .Set("delay_us", Json::Object().Set("p99", p99));
}

TEST(MedianTest, IsTheMiddleOrBetweenTheTwo) {
  EXPECT_EQ(Median({5, 1, 3}), 3);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
}

TEST(ReportTest, RatiosAreThoseOfTheSameRound) {
  // The machine was three times slower in the second round.
  const std::vector<Json> rounds = {RoundOf("sluice", 0, 1, 10), RoundOf("janus", 0, 4, 40),
                                    RoundOf("sluice", 1, 3, 30), RoundOf("janus", 1, 12, 120)};
  EXPECT_THAT(MakeRatios(rounds).Number("median_ratios_of_sluice_to.janus.cpu_us_per_packet"),
              Optional(0.25));
}

TEST(ReportTest, TableHasMedianSpreadAndRatio) {
  const std::vector<Json> rounds = {RoundOf("sluice", 0, 1, 10), RoundOf("janus", 0, 4, 40),
                                    RoundOf("sluice", 1, 1.5, 30), RoundOf("janus", 1, 6, 120)};
  const std::string table = MakeTable(rounds);
  EXPECT_THAT(table, HasSubstr("1.250 ~40%"));
  EXPECT_THAT(table, HasSubstr("5.000 ~40% (0.25)"));
}

TEST(ReportTest, FiguresThatNobodyHasAreLeftOut) {
  EXPECT_THAT(MakeTable({RoundOf("sluice", 0, 1, 10)}), Not(HasSubstr("joins/s")));
}

TEST(ReportTest, OneAloneHasNoRatios) {
  EXPECT_EQ(MakeRatios({RoundOf("sluice", 0, 1, 10)}).ToText(),
            "{\"median_ratios_of_sluice_to\": {}}");
}

TEST(ReportTest, WhatSeveralWorkersCarryIsOfTheSameRound) {
  const auto round = [](const char* peer, uint64_t number, double capacity) {
    return Json::Object().Set("peer", peer).Set("round", number).Set("capacity_per_s", capacity);
  };
  // The machine was half as fast in the second round.
  const std::vector<Json> rounds = {round("sluice", 0, 1000), round("sluice x2", 0, 1900),
                                    round("sluice", 1, 500), round("sluice x2", 1, 950)};
  EXPECT_THAT(MakeRatios(rounds).Number("capacity_of_workers_to_one.sluice x2"), Optional(1.9));
  EXPECT_THAT(MakeTable(rounds), HasSubstr("sluice x2 carries 1.90 times what one does"));
}

TEST(ReportTest, OutputIsOneObjectALineAndTheRatiosLast) {
  const std::string text = MakeJson({RoundOf("sluice", 0, 1, 10)});
  EXPECT_TRUE(text.starts_with("[\n{\"peer\": \"sluice\""));
  EXPECT_TRUE(text.ends_with("}\n]\n"));
}

TEST(JsonTest, TextIsEscaped) { EXPECT_EQ(Json("a\"b\\c\n").ToText(), "\"a\\\"b\\\\c\\u000a\""); }

TEST(JsonTest, WhatIsNoNumberIsNull) {
  EXPECT_EQ(Json(0.0 / 0.0).ToText(), "null");
  EXPECT_EQ(Json().ToText(), "null");
}

TEST(JsonTest, WholeNumbersHaveNoPoint) {
  EXPECT_EQ(Json(uint64_t{123'456'789'012}).ToText(), "123456789012");
  EXPECT_EQ(Json(0.25).ToText(), "0.25");
}

}  // namespace
}  // namespace sluice::load
