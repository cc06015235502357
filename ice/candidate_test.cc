#include "ice/candidate.h"

#include "gtest/gtest.h"
#include "ice/credentials.h"

namespace sluice::ice {
namespace {

TEST(CandidateTest, PriorityFollowsTheFormula) {
  EXPECT_EQ(HostPriority(TransportProtocol::kUdp, 10'000), 64u * (1 << 24) + 10'000u * 256 + 255);
  EXPECT_EQ(HostPriority(TransportProtocol::kUdp, 10'000), 1'076'302'079u);
  EXPECT_EQ(HostPriority(TransportProtocol::kTcp, 10'000), 1'076'276'479u);
}

TEST(CandidateTest, PriorityStaysInRangeAtTheEnds) {
  EXPECT_EQ(HostPriority(TransportProtocol::kUdp, 0), 64u << 24 | 255);
  EXPECT_EQ(HostPriority(TransportProtocol::kTcp, 99), 64u << 24 | 255);
  EXPECT_EQ(HostPriority(TransportProtocol::kUdp, 65'535), 64u << 24 | 65'535u << 8 | 255);
  // RFC 8445 §5.1.2.1: between 1 and 2^31 - 1.
  EXPECT_LT(HostPriority(TransportProtocol::kUdp, 65'535), 1u << 31);
}

TEST(CandidateTest, HigherPreferenceIsHigherPriority) {
  EXPECT_GT(HostPriority(TransportProtocol::kUdp, 10'000),
            HostPriority(TransportProtocol::kUdp, 9'999));
  EXPECT_GT(HostPriority(TransportProtocol::kUdp, 10'000),
            HostPriority(TransportProtocol::kTcp, 10'000));
  // An application that lists TCP well before UDP gets it.
  EXPECT_GT(HostPriority(TransportProtocol::kTcp, 10'000),
            HostPriority(TransportProtocol::kUdp, 9'000));
}

TEST(CandidateTest, FoundationTellsAddressesAndProtocolsApart) {
  const IpAddress one = IpAddress::V4(192, 0, 2, 1);
  const IpAddress two = IpAddress::V4(192, 0, 2, 2);
  const std::string of_one = HostFoundation(TransportProtocol::kUdp, one);
  EXPECT_EQ(of_one, HostFoundation(TransportProtocol::kUdp, one));
  EXPECT_NE(of_one, HostFoundation(TransportProtocol::kUdp, two));
  EXPECT_NE(of_one, HostFoundation(TransportProtocol::kTcp, one));
  // RFC 8839 §5.1: 1 to 32 ice-chars.
  EXPECT_LE(of_one.size(), 32u);
  EXPECT_TRUE(IsUfrag(of_one));
}

TEST(CandidateTest, HostDescribesItsSocket) {
  const Endpoint local = {*IpAddress::Parse("2001:db8::1"), 40'000, TransportProtocol::kUdp};
  const Candidate candidate = Candidate::Host(local, "", 10'000);
  EXPECT_EQ(candidate.address, "2001:db8::1");
  EXPECT_EQ(candidate.port, 40'000);
  EXPECT_EQ(candidate.protocol, TransportProtocol::kUdp);
  EXPECT_EQ(candidate.priority, 1'076'302'079u);
}

TEST(CandidateTest, AnnouncedAddressReplacesTheAddressAndNothingElse) {
  const Endpoint local = {IpAddress::V4(10, 0, 0, 1), 40'000, TransportProtocol::kUdp};
  Candidate plain = Candidate::Host(local, "", 10'000);
  const Candidate announced = Candidate::Host(local, "sfu.example.org", 10'000);
  EXPECT_EQ(announced.address, "sfu.example.org");
  plain.address = announced.address;
  EXPECT_EQ(announced, plain);
}

}  // namespace
}  // namespace sluice::ice
