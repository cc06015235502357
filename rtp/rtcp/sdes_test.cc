#include "rtp/rtcp/sdes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "rtp/rtcp/compound.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

TEST(SourceDescriptionTest, ReadsABrowsersName) {
  const auto bytes = FromHex(vectors::kChromiumSenderReport);
  CompoundReader reader(bytes);
  reader.Next();
  const auto description = SourceDescription::Parse(reader.Next()->bytes());
  ASSERT_TRUE(description);
  ASSERT_EQ(description->chunks.size(), 1u);
  EXPECT_EQ(description->chunks[0].source, Ssrc(0x8e41f207));
  EXPECT_EQ(description->chunks[0].cname, "kJ/9pQxa+ZtM0veR");
}

// RFC 3550 §6.5: a chunk always ends with a zero, even if its items fill the last word.
TEST(SourceDescriptionTest, NamesOfEveryLengthSurviveTheTripThroughBytes) {
  for (size_t length = 0; length <= SourceDescription::kMaxCname; ++length) {
    const std::string name(length, 'x');
    SourceDescription description;
    description.chunks.push_back({Ssrc(5), name});
    description.chunks.push_back({Ssrc(6), "b"});
    std::array<uint8_t, 300> buffer{};
    ByteWriter out(buffer);
    description.WriteTo(out);
    ASSERT_TRUE(out.ok());
    ASSERT_EQ(out.size() % 4, 0u);
    EXPECT_EQ(SourceDescription::Parse(out.written()), description) << length;
  }
}

TEST(SourceDescriptionTest, CutsNamesThatDoNotFit) {
  const std::string name(300, 'x');
  SourceDescription description;
  description.chunks.push_back({Ssrc(5), name});
  std::array<uint8_t, 300> buffer{};
  ByteWriter out(buffer);
  description.WriteTo(out);
  const auto read = SourceDescription::Parse(out.written());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->chunks[0].cname.size(), SourceDescription::kMaxCname);
}

TEST(SourceDescriptionTest, SkipsOtherItems) {
  const auto bytes = FromHex("81 ca 00 04  00000007  02 03 616263  01 02 7879  00 0000");
  const auto description = SourceDescription::Parse(bytes);
  ASSERT_TRUE(description);
  EXPECT_EQ(description->chunks[0].cname, "xy");
}

TEST(SourceDescriptionTest, RefusesItemsThatRunOverTheEnd) {
  EXPECT_FALSE(SourceDescription::Parse(FromHex("81 ca 00 02  00000007  01 09 6162")));
  EXPECT_FALSE(SourceDescription::Parse(FromHex("81 ca 00 02  00000007  01 02 6162")));  // no end
  EXPECT_FALSE(SourceDescription::Parse(FromHex("82 ca 00 02  00000007  00 00 0000")));
}

}  // namespace
}  // namespace sluice::rtp
