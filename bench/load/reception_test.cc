#include "bench/load/reception.h"

#include <memory>
#include <utility>
#include <vector>

#include "bench/load/made_up_media.h"
#include "bench/load/rtp_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<uint8_t>;

constexpr Timestamp kNow{Duration(1'000'000'000)};
constexpr uint32_t kSsrc = 500;
constexpr uint32_t kRtxSsrc = 501;

std::unique_ptr<dtls::SrtpSession> Session(uint8_t local, uint8_t remote) {
  const Bytes ours(28, local);
  const Bytes theirs(28, remote);
  const auto keys = dtls::SrtpKeys::FromHalves(dtls::SrtpProfile::kAeadAes128Gcm, ours, theirs);
  return *dtls::SrtpSession::Create(*keys);
}

// A sender of one track and a receiver of it, without a server between them.
class ReceptionTest : public testing::Test {
 protected:
  ReceptionTest()
      : track_(Description(), 0,
               std::make_unique<MadeUpVideo>(MadeUpVideo::One(), Duration(0), 1)) {
    tracks_.push_back(&track_);
  }

  static TrackDescription Description() {
    return {rtp::codec::Kind::kVp8, "0", {kSsrc}, {kRtxSsrc}};
  }

  void Begin(Reception::Options options) {
    StreamDescription stream;
    stream.ssrc = kSsrc;
    stream.rtx_ssrc = kRtxSsrc;
    stream.video = true;
    std::vector<StreamDescription> streams;
    streams.push_back(stream);
    reception_ = std::make_unique<Reception>(options, std::move(streams), totals_, tracks_);
  }

  // The next packet of the sender, sealed.
  Bytes Next() {
    Bytes bytes(1'500);
    const size_t clear = track_.WriteNext({kNow, 5'000'000, number_++}, bytes);
    const auto size = sender_->ProtectRtp(bytes, clear, {});
    bytes.resize(*size);
    return bytes;
  }

  bool Receive(Bytes bytes, int64_t stamp_ns = 6'000'000) {
    return reception_->ReceiveRtp(bytes, stamp_ns, kNow, *receiver_);
  }

  Bytes Rtcp(Timestamp now) {
    Bytes room(1'200);
    room.resize(reception_->WriteRtcp(now, room));
    return room;
  }

  SendTrack track_;
  TrackTable tracks_;
  ReceptionTotals totals_;
  std::unique_ptr<Reception> reception_;
  std::unique_ptr<dtls::SrtpSession> sender_ = Session(1, 2);
  std::unique_ptr<dtls::SrtpSession> receiver_ = Session(2, 1);
  uint16_t number_ = 0;
};

TEST_F(ReceptionTest, SampleFindsIntactPacketsAndMeasuresTheirDelay) {
  Begin({.sampled = true});
  EXPECT_TRUE(Receive(Next()));
  EXPECT_EQ(totals_.intact, 1u);
  EXPECT_EQ(totals_.damaged + totals_.unsealed, 0u);
  EXPECT_EQ(totals_.delay.max_us(), 1'000);
}

TEST_F(ReceptionTest, SampleNoticesWhatDoesNotOpen) {
  Begin({.sampled = true});
  Bytes packet = Next();
  packet[100] ^= 1;
  Receive(packet);
  EXPECT_EQ(totals_.unsealed, 1u);
}

TEST_F(ReceptionTest, SampleNoticesAnotherPayloadUnderARightSeal) {
  Begin({.sampled = true});
  Bytes bytes(1'500);
  const size_t clear = track_.WriteNext({kNow, 0, 0}, bytes);
  bytes[clear - 20] ^= 1;
  bytes.resize(*sender_->ProtectRtp(bytes, clear, {}));
  Receive(bytes);
  EXPECT_EQ(totals_.damaged, 1u);
}

TEST_F(ReceptionTest, OthersCountWithoutDecrypting) {
  Begin({});
  Bytes packet = Next();
  packet[100] ^= 1;
  EXPECT_TRUE(Receive(packet));
  EXPECT_EQ(totals_.packets, 1u);
  EXPECT_EQ(totals_.unsealed, 0u);
}

TEST_F(ReceptionTest, StreamsThatNobodyAnnouncedAreNoMedia) {
  Begin({});
  Bytes packet = Next();
  packet[11] ^= 0x80;
  EXPECT_FALSE(Receive(packet));
  EXPECT_EQ(totals_.packets, 0u);
  EXPECT_EQ(totals_.padding, 1u);
}

TEST_F(ReceptionTest, ReportsBeginAtOnceAndComeOnceASecond) {
  Begin({});
  const Bytes first = Rtcp(kNow);
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(Rtcp(kNow + 900ms).empty());
  Receive(Next());
  Next();
  Receive(Next());
  const Bytes second = Rtcp(kNow + 1s);
  rtp::CompoundReader compound(second);
  const auto report = rtp::ReceiverReport::Parse(compound.Next()->bytes());
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->blocks.size(), 1u);
  EXPECT_EQ(report->blocks[0].cumulative_lost, 1);
}

TEST_F(ReceptionTest, TellsWhenNumberedPacketsCame) {
  Begin({.twcc_id = kTransportSequenceId});
  Rtcp(kNow);
  for (int i = 0; i < 3; ++i) Receive(Next());
  const Bytes feedback = Rtcp(kNow + 100ms);
  rtp::CompoundReader compound(feedback);
  const auto member = compound.Next();
  ASSERT_TRUE(member.has_value());
  const auto parsed = rtp::TransportFeedback::Parse(member->bytes());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->received_count(), 3u);
}

TEST_F(ReceptionTest, AsksForWhatIsMissing) {
  Begin({.nack = true});
  Rtcp(kNow);
  Receive(Next());
  const Bytes lost = Next();
  Receive(Next());
  const Bytes request = Rtcp(kNow);
  rtp::CompoundReader compound(request);
  const auto member = compound.Next();
  ASSERT_TRUE(member.has_value());
  const auto nack = rtp::GenericNack::Parse(member->bytes());
  ASSERT_TRUE(nack.has_value());
  EXPECT_EQ(nack->entries[0].first.value(), SeqOf(lost));
  EXPECT_EQ(totals_.nacked, 1u);
}

// RFC 4588 §4: the original number, then the original payload.
TEST_F(ReceptionTest, RetransmissionOfWhatIsMissingRepairs) {
  Begin({.nack = true});
  Receive(Next());
  Bytes clear(1'500);
  const size_t size = track_.WriteNext({kNow, 0, 0}, clear);
  Receive(Next());
  const size_t header = size - PayloadOf(ByteView(clear).first(size))->size();
  Bytes repeated(clear.begin(), clear.begin() + static_cast<std::ptrdiff_t>(size));
  const Bytes number(repeated.begin() + 2, repeated.begin() + 4);
  repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(header), number.begin(),
                  number.end());
  ByteWriter(ByteSpan(repeated).subspan(8)).U32(kRtxSsrc);
  const size_t written = repeated.size();
  repeated.resize(written + 16);
  sender_->ProtectRtp(repeated, written, {});
  Receive(repeated);
  EXPECT_EQ(totals_.repaired, 1u);
  EXPECT_EQ(totals_.intact, 1u);
}

TEST_F(ReceptionTest, DropsAsMuchAsItIsToldTo) {
  Begin({.loss = 0.1, .seed = 3});
  for (int i = 0; i < 2'000; ++i) Receive(Next());
  EXPECT_NEAR(static_cast<double>(totals_.dropped), 200, 40);
  // They were forwarded all the same.
  EXPECT_EQ(totals_.packets, 2'000u);
}

// Sound is never asked for again, and what threw it away is not the server.
TEST_F(ReceptionTest, WhatIsThrownAwayForGoodWasDelivered) {
  Begin({.nack = false, .loss = 0.1, .seed = 3});
  for (int i = 0; i < 2'000; ++i) Receive(Next());
  EXPECT_LT(reception_->streams()[0].received(), 1'900u);
  EXPECT_EQ(reception_->streams()[0].delivered(), 2'000u);
}

TEST_F(ReceptionTest, WhatIsThrownAwayAndAskedForAgainIsMissingUntilItIsRepeated) {
  Begin({.nack = true, .loss = 0.1, .seed = 3});
  for (int i = 0; i < 2'000; ++i) Receive(Next());
  EXPECT_EQ(reception_->streams()[0].delivered(), 2'000u - totals_.dropped);
}

TEST_F(ReceptionTest, AsksForKeyFramesAsOftenAsItIsToldTo) {
  Begin({.key_frame_every = 1s, .seed = 4});
  for (Timestamp now = kNow; now < kNow + 1'000s; now += 20ms) Rtcp(now);
  EXPECT_NEAR(static_cast<double>(totals_.key_frame_requests), 1'000, 100);
}

TEST_F(ReceptionTest, FirstMediaIsNoted) {
  Begin({});
  EXPECT_FALSE(reception_->first_media_at().has_value());
  Receive(Next());
  EXPECT_EQ(reception_->first_media_at(), kNow);
}

}  // namespace
}  // namespace sluice::load
