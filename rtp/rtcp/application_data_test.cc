#include "rtp/rtcp/application_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sluice::rtp {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr uint32_t kName = 0x53435450;  // "SCTP"

TEST(ApplicationDataTest, WritesTheLayoutOfRfc3550) {
  constexpr std::array<uint8_t, 4> kData = {1, 2, 3, 4};
  std::array<uint8_t, 32> buffer;
  ByteWriter out(buffer);
  ApplicationData{.sender = Ssrc(0x01020304), .name = kName, .subtype = 5, .data = kData}.WriteTo(
      out);
  EXPECT_THAT(out.written(), ElementsAre(0x85, 204, 0, 3,  // version and subtype, type, words
                                         1, 2, 3, 4,       // source
                                         'S', 'C', 'T', 'P', 1, 2, 3, 4));
}

TEST(ApplicationDataTest, DataOfAnyLengthComesBack) {
  const std::vector<uint8_t> data = {9, 8, 7, 6, 5};
  for (size_t size = 0; size <= data.size(); ++size) {
    std::array<uint8_t, 32> buffer;
    ByteWriter out(buffer);
    const ByteView some = ByteView(data).first(size);
    ApplicationData{.name = kName, .data = some}.WriteTo(out);
    const auto parsed = ApplicationData::Parse(out.written());
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->name, kName);
    EXPECT_THAT(parsed->data, ElementsAreArray(some));
  }
}

TEST(ApplicationDataTest, RefusesAPacketWithoutAName) {
  constexpr std::array<uint8_t, 8> kShort = {0x80, 204, 0, 1, 0, 0, 0, 1};
  EXPECT_FALSE(ApplicationData::Parse(kShort));
}

TEST(ApplicationDataTest, RefusesWhatIsNotApp) {
  constexpr std::array<uint8_t, 12> kBye = {0x81, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0};
  EXPECT_FALSE(ApplicationData::Parse(kBye));
}

TEST(ApplicationDataTest, DoesNotWriteBeyondTheRoom) {
  std::array<uint8_t, 15> buffer;
  ByteWriter out(buffer);
  constexpr std::array<uint8_t, 4> kData = {1, 2, 3, 4};
  ApplicationData{.name = kName, .data = kData}.WriteTo(out);
  EXPECT_FALSE(out.ok());
}

}  // namespace
}  // namespace sluice::rtp
