#include "rtp/send/padding_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rtp/packet/extensions.h"
#include "rtp/send/probe_source.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using ::testing::Optional;

ExtensionMap Extensions(uint8_t sequence_id = 3) {
  ExtensionMap map;
  map.Add(1, Extension::kMid);
  map.Add(2, Extension::kAbsSendTime);
  map.Add(sequence_id, Extension::kTransportSequence);
  return map;
}

constexpr PaddingWriter::Header kHeader{kProbationSsrc, kProbationPayloadType, SeqNo(65'535), 9};

class PaddingWriterTest : public testing::Test {
 protected:
  std::optional<RtpPacket> Write(const ExtensionMap& map, std::string mid, size_t wanted) {
    const PaddingWriter writer(map, std::move(mid));
    std::vector<uint8_t> out(1500, 0xff);
    const auto written = writer.Write(kHeader, wanted, {NtpTime(uint64_t{5} << 32), 4711}, out);
    if (!written || !written->rest.empty()) return std::nullopt;
    header_size_ = written->header_size;
    return RtpPacket::Parse(pool_.Copy(ByteView(out).first(written->written), {}), map);
  }

  PacketPool pool_;
  size_t header_size_ = 0;
};

TEST_F(PaddingWriterTest, PacketIsHeaderAndPadding) {
  const auto packet = Write(Extensions(), "probator", 240);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->ssrc(), Ssrc(1234));
  EXPECT_EQ(packet->payload_type(), PayloadType(127));
  EXPECT_EQ(packet->seq(), SeqNo(65'535));
  EXPECT_EQ(packet->timestamp(), 9u);
  EXPECT_FALSE(packet->marker());
  EXPECT_TRUE(packet->payload().empty());
  EXPECT_EQ(packet->size(), 240u);
  EXPECT_EQ(packet->header_size(), header_size_);
  EXPECT_EQ(packet->padding(), 240u - header_size_);
}

TEST_F(PaddingWriterTest, ItBearsNumberTimeAndMid) {
  const auto packet = Write(Extensions(), "probator", 240);
  ASSERT_TRUE(packet.has_value());
  const auto mid = packet->extension(Extension::kMid);
  ASSERT_TRUE(mid.has_value());
  EXPECT_EQ(AsText(*mid), "probator");
  const auto sequence = packet->extension(Extension::kTransportSequence);
  ASSERT_TRUE(sequence.has_value());
  EXPECT_THAT(TransportSequence::Parse(*sequence), Optional(TransportSequence{4711}));
  const auto time = packet->extension(Extension::kAbsSendTime);
  ASSERT_TRUE(time.has_value());
  EXPECT_THAT(AbsSendTime::Parse(*time), Optional(AbsSendTime::From(NtpTime(uint64_t{5} << 32))));
}

TEST_F(PaddingWriterTest, LargeIdsTakeTheTwoByteForm) {
  const auto packet = Write(Extensions(200), "probator", 240);
  ASSERT_TRUE(packet.has_value());
  const auto sequence = packet->extension(Extension::kTransportSequence);
  ASSERT_TRUE(sequence.has_value());
  EXPECT_THAT(TransportSequence::Parse(*sequence), Optional(TransportSequence{4711}));
}

TEST_F(PaddingWriterTest, NothingNegotiatedNothingWritten) {
  const auto packet = Write({}, "probator", 100);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->header_size(), RtpPacket::kFixedHeaderSize);
  EXPECT_EQ(packet->size(), 100u);
}

TEST_F(PaddingWriterTest, PaddingIsWithinWhatItsLastByteCanSay) {
  const auto least = Write({}, "", 0);
  ASSERT_TRUE(least.has_value());
  EXPECT_EQ(least->padding(), 1u);
  const auto most = Write({}, "", 5000);
  ASSERT_TRUE(most.has_value());
  EXPECT_EQ(most->padding(), 255u);
}

TEST_F(PaddingWriterTest, TooLittleRoomWritesNothing) {
  const PaddingWriter writer(Extensions(), "probator");
  std::vector<uint8_t> out(300);
  for (size_t room = 0; room < 240; ++room) {
    EXPECT_FALSE(writer.Write(kHeader, 240, {NtpTime(), 1}, ByteSpan(out).first(room))) << room;
  }
  EXPECT_TRUE(writer.Write(kHeader, 240, {NtpTime(), 1}, ByteSpan(out).first(240)));
}

}  // namespace
}  // namespace sluice::rtp
