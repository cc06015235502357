#include "rtp/send/probe_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProbeSourceTest : public testing::Test {
 protected:
  void Store(RetransmissionCache& cache, uint16_t seq, size_t payload = 988) {
    Rewrite rewrite;
    rewrite.seq = SeqNo(seq);
    cache.Store(now_, test::RtpPacketBuilder().WithPayload(test::Bytes(payload, 0)).Build(pool_),
                rewrite);
  }
  // Numbers of what is chosen until there is nothing more.
  std::vector<uint16_t> All(uint32_t probe, size_t wanted = 1200) {
    const ProbeSource::Stream streams[] = {{1, &first_}, {2, &second_}};
    std::vector<uint16_t> chosen;
    while (const auto choice = source_.Repeat(now_, probe, streams, wanted)) {
      chosen.push_back(choice->entry.rewrite.seq.value());
      owners_.push_back(choice->owner);
    }
    return chosen;
  }

  PacketPool pool_;
  Timestamp now_{seconds(50)};
  RetransmissionCache first_{MediaKind::kVideo};
  RetransmissionCache second_{MediaKind::kVideo};
  std::vector<uint32_t> owners_;
  ProbeSource source_{SeqNo(100)};
};

TEST_F(ProbeSourceTest, NothingStoredNothingRepeated) {
  EXPECT_THAT(All(1), IsEmpty());
  EXPECT_FALSE(source_.Repeat(now_, 2, {}, 1200).has_value());
}

TEST_F(ProbeSourceTest, NewestFirstEachAtMostTwice) {
  for (uint16_t seq = 65'534; seq != 2; ++seq) Store(first_, seq);
  EXPECT_THAT(All(1), ElementsAre(1, 0, 65'535, 65'534, 1, 0, 65'535, 65'534));
}

TEST_F(ProbeSourceTest, EveryStreamBeforeAnythingTwice) {
  Store(first_, 1);
  Store(second_, 9);
  EXPECT_THAT(All(1), ElementsAre(1, 9, 1, 9));
  EXPECT_THAT(owners_, ElementsAre(1, 2, 1, 2));
}

TEST_F(ProbeSourceTest, NextProbeBeginsAnew) {
  Store(first_, 1);
  EXPECT_THAT(All(1), ElementsAre(1, 1));
  EXPECT_THAT(All(1), IsEmpty());
  EXPECT_THAT(All(2), ElementsAre(1, 1));
}

TEST_F(ProbeSourceTest, WhatIsTooOldIsNotRepeated) {
  Store(first_, 1);
  now_ += RetransmissionCache::kVideoAge + milliseconds(2);
  EXPECT_THAT(All(1), IsEmpty());
}

TEST_F(ProbeSourceTest, WhatIsFarFromTheWantedSizeIsPassedOver) {
  Store(first_, 1, 988);
  Store(first_, 2, 188);
  Store(first_, 3, 20);
  EXPECT_THAT(All(1, 250), ElementsAre(2, 2));
}

TEST_F(ProbeSourceTest, SearchIsBounded) {
  Store(first_, 1, 20);
  Store(first_, 1000, 20);
  Store(second_, 5);
  const ProbeSource::Stream streams[] = {{1, &first_}, {2, &second_}};
  // A gap of a thousand numbers is not searched at once.
  EXPECT_FALSE(source_.Repeat(now_, 1, streams, 1200).has_value());
}

TEST_F(ProbeSourceTest, RepetitionsOfProbesDoNotCountAsAskedFor) {
  Store(first_, 1);
  All(1);
  EXPECT_TRUE(
      std::holds_alternative<RetransmissionCache::Entry>(first_.Find(now_, SeqNo(1), Duration(0))));
}

TEST_F(ProbeSourceTest, ProbationStreamCountsItsPackets) {
  const auto first = source_.NextPadding(now_);
  now_ += milliseconds(10);
  const auto second = source_.NextPadding(now_);
  EXPECT_EQ(first.ssrc, Ssrc(1234));
  EXPECT_EQ(first.payload_type, PayloadType(127));
  EXPECT_EQ(first.seq, SeqNo(100));
  EXPECT_EQ(second.seq, SeqNo(101));
  EXPECT_EQ(second.timestamp - first.timestamp, 900u);
}

}  // namespace
}  // namespace sluice::rtp
