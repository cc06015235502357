#include "bench/forward_sink/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

SinkFigure Sample() {
  SinkFigure figure;
  figure.receivers = 500;
  figure.train = 8;
  figure.engine = {.min = 700.4, .median = 720, .clean = 45, .disturbed = 3};
  figure.without_sending = {.min = 400, .median = 410, .clean = 45, .disturbed = 0};
  figure.bare = {.min = 350, .median = 360, .clean = 45, .disturbed = 1};
  figure.train_mean = 7.5;
  figure.ratio = 2;
  return figure;
}

TEST(SinkReportTest, RowHasEveryFigure) {
  const std::string row = SinkTableRow(Sample());
  for (const char* cell : {"gcm128", "500", "7.5", "700 / 720", "400 / 410", "350 / 360", "2.00"}) {
    EXPECT_THAT(row, HasSubstr(cell));
  }
  EXPECT_THAT(row, Not(HasSubstr("lost")));
}

TEST(SinkReportTest, LossesShow) {
  SinkFigure figure = Sample();
  figure.losses = 7;
  EXPECT_THAT(SinkTableRow(figure), HasSubstr("lost"));
  EXPECT_THAT(SinkJson(figure), HasSubstr("\"losses\": 7"));
}

TEST(SinkReportTest, WhatWasAlwaysDisturbedIsNoFigure) {
  SinkFigure figure = Sample();
  figure.bare = {.disturbed = 90};
  EXPECT_THAT(SinkTableRow(figure), HasSubstr(" - "));
  EXPECT_THAT(SinkJson(figure), HasSubstr("\"bare_ns\": null"));
  EXPECT_THAT(SinkJson(figure), HasSubstr("\"ratio\": null"));
}

TEST(SinkReportTest, MedianIsTheOneInTheMiddle) {
  EXPECT_EQ(MedianOf({3, 1, 2}), 2);
  EXPECT_EQ(MedianOf({}), 0);
}

}  // namespace
}  // namespace sluice::bench
