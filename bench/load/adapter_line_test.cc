#include "bench/load/adapter_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(AdapterLineTest, ValuesSurviveTheWayThereAndBack) {
  const std::string value = "sha-256 AA:BB,+/=%\n\xc3\xa4";
  const auto line = AdapterLine::Parse(AdapterLine("ok").Set("a", value).Set("b", "").ToText());
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->word(), "ok");
  EXPECT_EQ(line->Get("a"), value);
  EXPECT_EQ(line->Get("b"), "");
}

TEST(AdapterLineTest, WritesWhatEncodeUriComponentWrites) {
  EXPECT_EQ(AdapterLine("room").Set("room", "a b,c").ToText(), "room room=a%20b%2Cc");
}

TEST(AdapterLineTest, NonsenseIsNoLine) {
  for (const char* text : {"", " ok", "ok  a=1", "ok a", "ok =1", "ok a=%4", "ok a=%zz", "ok a=%",
                           "ok a=1 a=2", "ok "}) {
    EXPECT_FALSE(AdapterLine::Parse(text).has_value()) << text;
  }
}

TEST(AdapterLineTest, NumbersAreBounded) {
  const auto line = AdapterLine::Parse("ok port=65535 big=65536 bad=1x minus=-1");
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(line->Number("port", 65'535), Optional(65'535u));
  EXPECT_FALSE(line->Number("big", 65'535).has_value());
  EXPECT_FALSE(line->Number("bad", 65'535).has_value());
  EXPECT_FALSE(line->Number("minus", 65'535).has_value());
  EXPECT_FALSE(line->Number("missing", 65'535).has_value());
}

TEST(SplitTest, KeepsEmptyParts) {
  EXPECT_THAT(Split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", ','), IsEmpty());
}

}  // namespace
}  // namespace sluice::load
