// RFC 8832 has no packets in it. The vectors here are put together field by field from its §5 and
// §8.2.

#include "sctp/dcep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

using Bytes = std::vector<uint8_t>;

Bytes Open(uint8_t type, uint32_t parameter) {
  Bytes bytes = {3, type, 0x01, 0x00, 0, 0, 0, 0, 0, 4, 0, 2, 'c', 'h', 'a', 't', 'v', '1'};
  ByteWriter(ByteSpan(bytes).subspan(4)).U32(parameter);
  return bytes;
}

DataChannelOpen Parsed(const Bytes& bytes) {
  const auto message = ParseDcep(bytes);
  EXPECT_TRUE(message.ok()) << message.status();
  return message.ok() ? std::get<DataChannelOpen>(*message) : DataChannelOpen{};
}

std::string Refusal(const Bytes& bytes) {
  const auto message = ParseDcep(bytes);
  EXPECT_EQ(message.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(message.status().message());
}

struct Vector {
  uint8_t type;
  uint32_t parameter;
  Reliability reliability;
};

// RFC 8832 §8.2.2: all six.
const Vector kVectors[] = {
    {0x00, 0, {.ordered = true}},
    {0x80, 0, {.ordered = false}},
    {0x01, 7, {.ordered = true, .max_retransmits = 7}},
    {0x81, 0, {.ordered = false, .max_retransmits = 0}},
    {0x02, 3'000, {.ordered = true, .max_lifetime = 3s}},
    {0x82, 65'535, {.ordered = false, .max_lifetime = 65'535ms}},
};

TEST(DcepTest, EveryChannelTypeIsRead) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(Parsed(Open(vector.type, vector.parameter)),
              (DataChannelOpen{256, vector.reliability, "chat", "v1"}))
        << int{vector.type};
  }
}

TEST(DcepTest, EveryChannelTypeIsWritten) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(WriteDcep(DataChannelOpen{256, vector.reliability, "chat", "v1"}),
              Open(vector.type, vector.parameter))
        << int{vector.type};
  }
}

// What createDataChannel("chat") of a browser comes to.
TEST(DcepTest, ReliableChannelWithoutProtocolIsRead) {
  const Bytes bytes = {3, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 0, 'c', 'h', 'a', 't'};
  EXPECT_EQ(Parsed(bytes), (DataChannelOpen{.label = "chat"}));
}

TEST(DcepTest, AcknowledgementIsOneByte) {
  EXPECT_EQ(WriteDcep(DataChannelAck{}), Bytes{2});
  const auto message = ParseDcep(Bytes{2});
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(std::holds_alternative<DataChannelAck>(*message));
}

TEST(DcepTest, EmptyNamesAreAllowed) {
  EXPECT_THAT(Parsed({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}).label, IsEmpty());
}

TEST(DcepTest, LongestNamesGoThereAndBack) {
  const DataChannelOpen open{.label = std::string(65'535, 'l'),
                             .protocol = std::string(65'535, 'p')};
  EXPECT_EQ(Parsed(WriteDcep(open)), open);
}

TEST(DcepTest, ParameterOfAReliableChannelIsIgnored) {
  EXPECT_EQ(Parsed(Open(0x80, 0xffffffff)).reliability, (Reliability{.ordered = false}));
}

TEST(DcepTest, ParameterBeyondSixteenBitsIsCut) {
  EXPECT_EQ(Parsed(Open(0x01, 70'000)).reliability.max_retransmits, 65'535);
}

TEST(DcepTest, EveryTruncationIsRefused) {
  const Bytes whole = Open(0, 0);
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_THAT(Refusal(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))),
                HasSubstr("truncated"))
        << size;
  }
}

TEST(DcepTest, EmptyMessageIsRefused) { EXPECT_THAT(Refusal({}), HasSubstr("empty")); }

TEST(DcepTest, WhatFollowsTheFieldsIsRefused) {
  Bytes bytes = Open(0, 0);
  bytes.push_back(0);
  EXPECT_THAT(Refusal(bytes), HasSubstr("followed by 1 byte"));
}

TEST(DcepTest, UnknownMessageIsRefused) {
  EXPECT_THAT(Refusal({1, 0, 0}), HasSubstr("no message 1"));
}

TEST(DcepTest, UnknownChannelTypeIsRefused) {
  EXPECT_THAT(Refusal(Open(0x03, 0)), HasSubstr("no channel type 3"));
  EXPECT_THAT(Refusal(Open(0x7f, 0)), HasSubstr("no channel type 127"));
}

TEST(DcepTest, LengthsThatLieAreRefused) {
  Bytes bytes = Open(0, 0);
  bytes[8] = 0xff;
  EXPECT_THAT(Refusal(bytes), HasSubstr("truncated"));
}

TEST(DcepTest, TextThatIsNoTextIsRefused) {
  Bytes bytes = Open(0, 0);
  bytes[12] = 0xff;
  EXPECT_THAT(Refusal(bytes), HasSubstr("label"));
  bytes = Open(0, 0);
  bytes[17] = 0xff;
  EXPECT_THAT(Refusal(bytes), HasSubstr("protocol"));
}

}  // namespace
}  // namespace sluice::sctp
