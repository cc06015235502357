#include "sctp/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::sctp {
namespace {

TEST(Utf8Test, TextIs) {
  for (const char* text : {"", "chat", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, ByteZeroIsACharacter) { EXPECT_TRUE(IsUtf8(std::string(3, '\0'))); }

TEST(Utf8Test, OtherBytesAreNot) {
  for (const char* text :
       {"\x80", "\xff", "\xc3", "\xe2\x82", "\xc3\x28", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
        "\xf0\x80\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << testing::PrintToString(std::string(text));
  }
}

}  // namespace
}  // namespace sluice::sctp
