#include "rtp/receive/stream_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RtpPacketBuilder;
using testing::ElementsAre;

constexpr Timestamp kStart = Timestamp() + seconds(100);
constexpr Ssrc kSsrc(0x1111);
constexpr Ssrc kRtxSsrc(0x2222);

class StreamReceiverTest : public testing::Test {
 protected:
  using Result = std::variant<RtpSeq, DropReason>;

  static StreamReceiver::Options VideoOptions() {
    StreamReceiver::Options options;
    options.ssrc = kSsrc;
    options.nack = true;
    return options;
  }

  RtpPacketBuilder Builder(uint16_t seq) const {
    return RtpPacketBuilder().WithSsrc(kSsrc.value()).WithSeq(seq).WithTimestamp(seq * 3000u);
  }

  Result Receive(RtpPacket packet) { return receiver_.Receive(now_, packet); }
  Result Receive(uint16_t seq) { return Receive(Builder(seq).Build(pool_, {}, now_)); }

  Result ReceiveKeyFrame(uint16_t seq) {
    return Receive(Builder(seq)
                       .WithPayload(test::Vp8Payload({.key_frame = true}))
                       .Build(pool_, codec::Kind::kVp8, {}, now_));
  }

  Result ReceiveRetransmission(uint16_t seq) {
    RtpPacket packet =
        Builder(seq).WrappedInRtx(kRtxSsrc.value(), 97, rtx_seq_++).Build(pool_, {}, now_);
    EXPECT_TRUE(packet.UnwrapRtx(kSsrc, PayloadType(96)));
    return Receive(packet);
  }

  std::vector<uint16_t> PollNack() {
    std::array<SeqNo, 64> out;
    const size_t count = receiver_.PollNack(now_, out);
    std::vector<uint16_t> numbers;
    for (size_t i = 0; i < count; ++i) numbers.push_back(out[i].value());
    return numbers;
  }

  static bool Accepted(const Result& result) { return std::holds_alternative<RtpSeq>(result); }

  PacketPool pool_;
  StreamReceiver receiver_{VideoOptions()};
  Timestamp now_ = kStart;
  uint16_t rtx_seq_ = 500;
};

TEST_F(StreamReceiverTest, GivesPacketsTheirUnwrappedNumbers) {
  RtpPacket first = Builder(65'535).Build(pool_);
  RtpPacket second = Builder(0).Build(pool_);
  const Result placed = receiver_.Receive(now_, first);
  receiver_.Receive(now_, second);
  EXPECT_EQ(std::get<RtpSeq>(placed), first.unwrapped_seq());
  EXPECT_EQ(second.unwrapped_seq() - first.unwrapped_seq(), 1);
}

TEST_F(StreamReceiverTest, DropsDuplicatesAndWhatIsTooOld) {
  Receive(2000);
  EXPECT_EQ(Receive(2000), Result(DropReason::kRtpDuplicate));
  EXPECT_EQ(Receive(400), Result(DropReason::kRtpTooOld));
  const auto stats = receiver_.stats(now_);
  EXPECT_EQ(stats.packets, 1u);
  EXPECT_EQ(stats.duplicates, 1u);
  EXPECT_EQ(stats.packets_discarded, 2u);
}

TEST_F(StreamReceiverTest, AsksForWhatIsMissingAndTakesTheAnswer) {
  Receive(10);
  Receive(13);
  EXPECT_EQ(receiver_.NextTimeout(), now_);
  EXPECT_THAT(PollNack(), ElementsAre(11, 12));
  now_ += milliseconds(50);
  EXPECT_TRUE(Accepted(ReceiveRetransmission(11)));
  EXPECT_TRUE(Accepted(ReceiveRetransmission(12)));
  EXPECT_FALSE(receiver_.NextTimeout());

  const auto stats = receiver_.stats(now_);
  EXPECT_EQ(stats.packets_repaired, 2u);
  EXPECT_EQ(stats.packets_retransmitted, 2u);
  EXPECT_EQ(stats.nack_count, 1u);
  EXPECT_EQ(stats.nack_packet_count, 2u);
  EXPECT_EQ(stats.packets_lost, 2);  // by the network
}

TEST_F(StreamReceiverTest, TellsUnwantedRetransmissionsFromDuplicates) {
  Receive(10);
  EXPECT_EQ(ReceiveRetransmission(10), Result(DropReason::kRtxUnwanted));
  const auto stats = receiver_.stats(now_);
  EXPECT_EQ(stats.rtx_packets_discarded, 1u);
  EXPECT_EQ(stats.duplicates, 0u);
  EXPECT_EQ(stats.packets_discarded, 0u);
}

TEST_F(StreamReceiverTest, RetransmissionsCannotBeginAStream) {
  EXPECT_EQ(ReceiveRetransmission(10), Result(DropReason::kRtxUnwanted));
  EXPECT_FALSE(receiver_.started());
}

TEST_F(StreamReceiverTest, AnOriginalThatItsRetransmissionOvertookIsADuplicate) {
  Receive(10);
  Receive(12);
  ReceiveRetransmission(11);
  EXPECT_EQ(Receive(11), Result(DropReason::kRtpDuplicate));
}

TEST_F(StreamReceiverTest, TakesAnswersUnderItsOwnSsrc) {
  receiver_.RecordRtt(milliseconds(50));
  Receive(10);
  Receive(12);
  PollNack();
  // Far outside of what reordering may be.
  for (uint16_t seq = 13; seq < 3000; ++seq) Receive(seq);
  now_ += milliseconds(60);
  EXPECT_TRUE(Accepted(Receive(11)));
  const auto stats = receiver_.stats(now_);
  EXPECT_EQ(stats.packets_repaired, 1u);
  EXPECT_EQ(stats.packets_lost, 1);
}

TEST_F(StreamReceiverTest, AsksForNothingIfThePeerDoesNotAnswer) {
  auto options = VideoOptions();
  options.nack = false;
  StreamReceiver receiver(options);
  for (uint16_t seq : std::initializer_list<uint16_t>{1, 5}) {
    RtpPacket packet = Builder(seq).Build(pool_);
    receiver.Receive(now_, packet);
  }
  EXPECT_FALSE(receiver.NextTimeout());
  EXPECT_EQ(receiver.stats(now_).packets_lost, 3);
}

TEST_F(StreamReceiverTest, PaddingTakesPartButGoesNoFurther) {
  Receive(10);
  RtpPacket padding = Builder(11).WithPayload({}).WithPadding(255).Build(pool_, {}, now_);
  EXPECT_EQ(receiver_.Receive(now_, padding), Result(DropReason::kRtpPadding));
  RtpPacket next = Builder(12).Build(pool_, {}, now_);
  receiver_.Receive(now_, next);
  EXPECT_EQ(next.unwrapped_seq() - padding.unwrapped_seq(), 1);
  EXPECT_FALSE(receiver_.NextTimeout());
  EXPECT_EQ(receiver_.stats(now_).packets_lost, 0);
  EXPECT_EQ(receiver_.stats(now_).padding_packets, 1u);
}

TEST_F(StreamReceiverTest, WantsAKeyFrameAfterGivingUp) {
  ReceiveKeyFrame(10);
  Receive(12);
  for (int i = 0; i < 20 && receiver_.NextTimeout(); ++i) {
    EXPECT_FALSE(receiver_.TakeKeyFrameNeed());
    now_ = *receiver_.NextTimeout();
    PollNack();
  }
  EXPECT_TRUE(receiver_.TakeKeyFrameNeed());
  EXPECT_EQ(receiver_.stats(now_).given_up, 1u);
  EXPECT_EQ(receiver_.stats(now_).nack_packet_count, 10u);
}

TEST_F(StreamReceiverTest, AKeyFrameEndsTheWorryAboutWhatWasBefore) {
  Receive(10);
  Receive(12);
  ReceiveKeyFrame(13);
  for (int i = 0; i < 20 && receiver_.NextTimeout(); ++i) {
    now_ = *receiver_.NextTimeout();
    PollNack();
  }
  EXPECT_FALSE(receiver_.TakeKeyFrameNeed());
  EXPECT_EQ(receiver_.stats(now_).key_frames, 1u);
}

TEST_F(StreamReceiverTest, CountsAKeyFrameOfSeveralPacketsOnce) {
  for (uint16_t seq : std::initializer_list<uint16_t>{20, 21}) {
    Receive(Builder(seq)
                .WithTimestamp(777)
                .WithPayload(test::H264Sps())
                .Build(pool_, codec::Kind::kH264, {}, now_));
  }
  EXPECT_EQ(receiver_.stats(now_).key_frames, 1u);
}

TEST_F(StreamReceiverTest, FollowsARestartAndWantsAKeyFrame) {
  Receive(100);
  Receive(102);
  const Result stray = Receive(30'000);
  EXPECT_EQ(stray, Result(DropReason::kRtpTooOld));
  EXPECT_TRUE(Accepted(Receive(30'001)));
  EXPECT_TRUE(receiver_.TakeKeyFrameNeed());
  EXPECT_FALSE(receiver_.NextTimeout());
  EXPECT_EQ(receiver_.stats(now_).restarts, 1u);
  EXPECT_EQ(receiver_.stats(now_).packets_lost, 1);
}

TEST_F(StreamReceiverTest, GoesOnUnderAnotherSsrc) {
  Receive(1000);
  RtpPacket before = Builder(1001).Build(pool_, {}, now_);
  receiver_.Receive(now_, before);
  receiver_.RecordSenderReport(now_, NtpTime(uint64_t{1} << 32), 5);
  receiver_.Rebind(Ssrc(0x3333));
  RtpPacket after = Builder(7).WithSsrc(0x3333).Build(pool_, {}, now_);
  EXPECT_TRUE(Accepted(receiver_.Receive(now_, after)));
  EXPECT_GT(after.unwrapped_seq(), before.unwrapped_seq());
  EXPECT_EQ(receiver_.TakeReportBlock(now_).source, Ssrc(0x3333));
  EXPECT_FALSE(receiver_.sender_clock());
}

TEST_F(StreamReceiverTest, ReportBlockSaysWhatTheRfcWants) {
  receiver_.RecordSenderReport(kStart, NtpTime(0x1122334455667788), 90'000);
  for (uint16_t seq : std::initializer_list<uint16_t>{65'534, 65'535, 1, 2}) Receive(seq);
  now_ += milliseconds(500);
  const ReportBlock block = receiver_.TakeReportBlock(now_);
  EXPECT_EQ(block.source, kSsrc);
  EXPECT_EQ(block.highest_sequence, 0x10002u);
  EXPECT_EQ(block.cumulative_lost, 1);
  EXPECT_EQ(block.fraction_lost, 256 / 5);
  EXPECT_EQ(block.last_sender_report, 0x33445566u);
  EXPECT_EQ(block.delay_since_last, 0x8000u);
  EXPECT_EQ(receiver_.TakeReportBlock(now_).fraction_lost, 0);
}

TEST_F(StreamReceiverTest, ReportBlockBeforeAnythingCameIsEmpty) {
  ReportBlock expected;
  expected.source = kSsrc;
  EXPECT_EQ(receiver_.TakeReportBlock(now_), expected);
}

TEST_F(StreamReceiverTest, ScoreFallsWithLossAndToZeroInSilence) {
  EXPECT_EQ(receiver_.score(now_), 0);
  for (uint16_t seq = 0; seq < 100; ++seq) Receive(seq);
  receiver_.TakeReportBlock(now_);
  EXPECT_EQ(receiver_.score(now_), 10);
  for (uint16_t seq = 100; seq < 200; seq += 2) Receive(seq);
  receiver_.TakeReportBlock(now_);
  EXPECT_LT(receiver_.score(now_), 5);
  EXPECT_EQ(receiver_.score(now_ + seconds(3)), 0);
  EXPECT_FALSE(receiver_.IsActive(now_ + seconds(3)));
}

TEST_F(StreamReceiverTest, MeasuresItsRate) {
  for (uint16_t seq = 0; seq < 300; ++seq) {
    Receive(seq);
    now_ += milliseconds(10);
  }
  const auto stats = receiver_.stats(now_);
  const double size = static_cast<double>(stats.bytes) / static_cast<double>(stats.packets);
  EXPECT_NEAR(static_cast<double>(stats.rate.bps()), size * 800, size * 80);
}

// Three wraps with 5 % loss, reordering and duplicates, every request answered: each packet goes on
// exactly once, and nothing stays missing.
TEST_F(StreamReceiverTest, EveryPacketGoesOnExactlyOnce) {
  std::mt19937 random(5);
  std::set<int64_t> seen;
  std::vector<uint16_t> delayed;
  const auto count = [&](const Result& result) {
    if (!Accepted(result)) return;
    ASSERT_TRUE(seen.insert(std::get<RtpSeq>(result).value).second);
  };
  constexpr int kPackets = 200'000;
  for (int i = 0; i < kPackets; ++i) {
    now_ += milliseconds(2);
    const auto seq = static_cast<uint16_t>(i);
    const auto dice = random() % 100;
    // The first and last must arrive, or nobody could know of them.
    if (dice < 5 && i > 0 && i < kPackets - 1) continue;
    if (dice < 10 && i > 0) {
      delayed.push_back(seq);
      continue;
    }
    count(Receive(seq));
    if (dice == 99) count(Receive(seq));
    for (uint16_t late : std::exchange(delayed, {})) count(Receive(late));
    for (uint16_t missing : PollNack()) count(ReceiveRetransmission(missing));
  }
  for (int i = 0; i < 20 && receiver_.NextTimeout(); ++i) {
    now_ = *receiver_.NextTimeout();
    for (uint16_t missing : PollNack()) count(ReceiveRetransmission(missing));
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(kPackets));
  EXPECT_EQ(receiver_.stats(now_).missing, 0u);
  EXPECT_FALSE(receiver_.TakeKeyFrameNeed());
}

}  // namespace
}  // namespace sluice::rtp
