#include "base/endpoint.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

TEST(IpAddressTest, ParsesAndPrintsCanonicalText) {
  const struct {
    const char* text;
    const char* canonical;
  } kCases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"0000:0000:0000:0000:0000:ffff:192.168.100.200", "192.168.100.200"},
  };
  for (const auto& test : kCases) {
    const auto address = IpAddress::Parse(test.text);
    ASSERT_TRUE(address.has_value()) << test.text;
    EXPECT_EQ(address->ToString(), test.canonical);
  }
}

TEST(IpAddressTest, RefusesEverythingElse) {
  for (const char* text : {"", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ",
                           " 1.2.3.4", "0x1.2.3.4", "1.2.3.4:80", "[::1]", "fe80::1%eth0",
                           ":::", "1::2::3", "12345::", "localhost", "2001:db8:0:0:0:0:0:0:1"}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string(1000, '1')).has_value());
}

TEST(IpAddressTest, RefusesTextBehindAZeroByte) {
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0evil", 12)).has_value());
  EXPECT_FALSE(IpAddress::Parse(std::string_view("::1\0", 4)).has_value());
}

TEST(IpAddressTest, MappedAddressIsThePlainOne) {
  EXPECT_EQ(IpAddress::Parse("::ffff:10.0.0.1"), IpAddress::V4(10, 0, 0, 1));
  EXPECT_EQ(IpAddress::V4(0x0a000001), IpAddress::V4(10, 0, 0, 1));
  EXPECT_THAT(IpAddress::Parse("::ffff:10.0.0.1")->bytes(), ElementsAre(10, 0, 0, 1));
}

TEST(IpAddressTest, CompatibleAddressIsNotThePlainOne) {
  EXPECT_NE(IpAddress::Parse("::10.0.0.1"), IpAddress::V4(10, 0, 0, 1));
  EXPECT_NE(IpAddress::Parse("::"), IpAddress());
}

TEST(IpAddressTest, KnowsUnspecifiedAndLoopback) {
  EXPECT_TRUE(IpAddress::Parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::Parse("::")->is_unspecified());
  EXPECT_FALSE(IpAddress::Parse("0.0.0.1")->is_unspecified());
  EXPECT_TRUE(IpAddress::Parse("127.0.0.1")->is_loopback());
  EXPECT_TRUE(IpAddress::Parse("127.255.0.9")->is_loopback());
  EXPECT_TRUE(IpAddress::Parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::Parse("::ffff:127.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("128.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("1::1")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("::2")->is_loopback());
}

TEST(EndpointTest, PrintsWithBracketsWhereNeeded) {
  EXPECT_EQ((Endpoint{IpAddress::V4(192, 0, 2, 1), 5000}).ToString(), "192.0.2.1:5000");
  EXPECT_EQ((Endpoint{*IpAddress::Parse("2001:db8::1"), 5000}).ToString(), "[2001:db8::1]:5000");
}

TEST(PathTest, EveryPartCounts) {
  const Path path = {SocketId(1), {IpAddress::V4(192, 0, 2, 1), 5000, TransportProtocol::kUdp}};
  std::vector<Path> all(6, path);
  all[1].socket = SocketId(2);
  all[2].remote.port = 5001;
  all[3].remote.protocol = TransportProtocol::kTcp;
  all[4].remote.address = IpAddress::V4(192, 0, 2, 2);
  all[5].remote.address = *IpAddress::Parse("2001:db8::1");
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) EXPECT_EQ(all[i] == all[j], i == j);
  }
}

TEST(TransmitTest, ZeroSizeIsNone) {
  EXPECT_FALSE(Transmit{});
  EXPECT_TRUE((Transmit{.path = {}, .size = 1}));
}

}  // namespace
}  // namespace sluice
