#include "bench/load/send_track.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bench/load/made_up_media.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using rtp::codec::Kind;

constexpr Timestamp kNow{Duration(1'000'000'000)};
using Bytes = std::vector<uint8_t>;

// One packet with a dependency descriptor.
class OneShot : public Source {
 public:
  explicit OneShot(Bytes descriptor) : descriptor_(std::move(descriptor)) {}
  Duration NextDue() const override { return Duration(0); }
  MediaPacket Next() override {
    MediaPacket packet;
    packet.payload_size = 100;
    packet.descriptor = descriptor_;
    return packet;
  }

 private:
  const Bytes descriptor_;
};

Bytes WriteNext(SendTrack& track, Timestamp now = kNow, uint16_t number = 0) {
  Bytes bytes(1'500);
  bytes.resize(track.WriteNext({now, 1'000, number}, bytes));
  return bytes;
}

uint16_t SeqIn(const Bytes& bytes) { return ByteReader(ByteView(bytes).subspan(2)).U16(); }
uint32_t TimestampIn(const Bytes& bytes) { return ByteReader(ByteView(bytes).subspan(4)).U32(); }
uint32_t SsrcIn(const Bytes& bytes) { return ByteReader(ByteView(bytes).subspan(8)).U32(); }

SendTrack Sound() {
  return SendTrack({Kind::kOpus, "1", {7}, {}}, 0, std::make_unique<MadeUpSound>(Duration(0), 1));
}

TEST(SendTrackTest, NumbersFollowOneAnother) {
  SendTrack track = Sound();
  const uint16_t first = SeqIn(WriteNext(track));
  EXPECT_EQ(SeqIn(WriteNext(track)), first + 1);
  EXPECT_EQ(track.sent(), 2u);
}

TEST(SendTrackTest, TimestampsFollowTheClockHoweverFastMediaIsPlayed) {
  SendTrack track = Sound();
  const uint32_t first = TimestampIn(WriteNext(track));
  EXPECT_EQ(TimestampIn(WriteNext(track, kNow + 5ms)), first + 240);
}

TEST(SendTrackTest, EncodingsHaveNumbersOfTheirOwn) {
  SendTrack track({Kind::kVp8, "0", {11, 12, 13}, {}}, 0,
                  std::make_unique<MadeUpVideo>(MadeUpVideo::Simulcast(), Duration(0), 1));
  std::map<uint32_t, uint16_t> last;
  for (int i = 0; i < 500; ++i) {
    const Bytes bytes = WriteNext(track);
    const auto [known, fresh] = last.emplace(SsrcIn(bytes), SeqIn(bytes));
    if (!fresh) {
      ASSERT_EQ(SeqIn(bytes), static_cast<uint16_t>(known->second + 1));
    }
    known->second = SeqIn(bytes);
  }
  EXPECT_EQ(last.size(), 3u);
}

TEST(SendTrackTest, LongDescriptorsMakeTwoByteHeaders) {
  SendTrack track({Kind::kAv1, "0", {7}, {}}, 0, std::make_unique<OneShot>(Bytes(40, 0x5a)));
  const Bytes bytes = WriteNext(track);
  EXPECT_EQ(ByteReader(ByteView(bytes).subspan(12)).U16(), 0x1000);
}

TEST(SendTrackTest, ShortDescriptorsDoNot) {
  SendTrack track({Kind::kAv1, "0", {7}, {}}, 0, std::make_unique<OneShot>(Bytes(3, 0x5a)));
  const Bytes bytes = WriteNext(track);
  EXPECT_EQ(ByteReader(ByteView(bytes).subspan(12)).U16(), 0xbede);
}

TEST(SendTrackTest, RemembersWhatItSentForAWhile) {
  SendTrack track = Sound();
  WriteNext(track);
  track.SetSentAt(77);
  ASSERT_NE(track.Find(0), nullptr);
  EXPECT_EQ(track.Find(0)->sent_at_ns, 77);
  EXPECT_EQ(track.Find(1), nullptr);
  for (size_t i = 0; i < SendTrack::kRemembered; ++i) WriteNext(track);
  EXPECT_EQ(track.Find(0), nullptr);
}

TEST(SendTrackTest, ReportsCountPacketsAndPayload) {
  SendTrack track = Sound();
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < 3; ++i) {
    WriteNext(track);
    bytes += track.Find(i)->size;
  }
  const rtp::SenderReport report = track.MakeReport(kNow + 1s, 0);
  EXPECT_EQ(report.sender, Ssrc(7));
  EXPECT_EQ(report.packet_count, 3u);
  EXPECT_EQ(report.octet_count, bytes);
}

TEST(SendTrackTest, WhatDoesNotFitIsNotWritten) {
  SendTrack track = Sound();
  Bytes small(20);
  EXPECT_EQ(track.WriteNext({kNow, 0, 0}, small), 0u);
}

}  // namespace
}  // namespace sluice::load
