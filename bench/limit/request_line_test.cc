#include "bench/limit/request_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RequestLineTest, ValuesComeBackDecoded) {
  const auto line = RequestLine::Parse("send room=r0 fingerprint=sha-256%20AA%3Abb mids=");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->word(), "send");
  EXPECT_EQ(line->Get("fingerprint"), "sha-256 AA:bb");
  EXPECT_EQ(line->Get("mids"), "");
  EXPECT_EQ(line->Get("nothing"), "");
}

TEST(RequestLineTest, ListsAreSplitAfterDecoding) {
  const auto line = RequestLine::Parse("send ssrcs=1%2F2%2C%2C3 empty=");
  ASSERT_TRUE(line);
  EXPECT_THAT(line->List("ssrcs"), ElementsAre("1/2", "", "3"));
  EXPECT_THAT(line->List("empty"), IsEmpty());
}

TEST(RequestLineTest, WhatIsWrittenIsReadAgain) {
  RequestLine line("ok");
  line.Set("reason", "100 % of \"it\" = all, \xc3\xa4").Set("port", 40'000);
  const auto read = RequestLine::Parse(line.ToText());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Get("reason"), line.Get("reason"));
  EXPECT_EQ(read->Number("port", 65'535), 40'000u);
}

TEST(RequestLineTest, NumbersAreWholeAndBounded) {
  const auto line = RequestLine::Parse("x a=12 b=12x c=65536 d=-1 e=");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->Number("a", 65'535), 12u);
  for (const char* const key : {"b", "c", "d", "e", "f"}) {
    EXPECT_FALSE(line->Number(key, 65'535)) << key;
  }
}

TEST(RequestLineTest, BrokenLinesGiveNothing) {
  for (const char* const text : {"", "send room", "send room=%", "send room=%4", "send room=%zz"}) {
    EXPECT_FALSE(RequestLine::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::bench
