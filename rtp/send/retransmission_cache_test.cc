#include "rtp/send/retransmission_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using ::testing::VariantWith;

constexpr Duration kRtt = milliseconds(50);

class RetransmissionCacheTest : public testing::Test {
 protected:
  static Timestamp At(Duration since_start) {
    // Close to where the milliseconds of 32 bits wrap.
    return Timestamp(milliseconds(0xffffff00)) + since_start;
  }
  void Store(RetransmissionCache& cache, Duration at, uint16_t seq) {
    Rewrite rewrite;
    rewrite.seq = SeqNo(seq);
    cache.Store(At(at), test::RtpPacketBuilder().WithSeq(seq).Build(pool_), rewrite);
  }
  static std::optional<uint16_t> Found(RetransmissionCache& cache, Duration at, uint16_t seq) {
    const auto found = cache.Find(At(at), SeqNo(seq), kRtt);
    const auto* entry = std::get_if<RetransmissionCache::Entry>(&found);
    if (entry == nullptr) return std::nullopt;
    EXPECT_EQ(entry->rewrite.seq, SeqNo(seq));
    return entry->packet.seq().value();
  }
  static std::optional<DropReason> Refused(RetransmissionCache& cache, Duration at, uint16_t seq,
                                           Duration rtt = kRtt) {
    const auto found = cache.Find(At(at), SeqNo(seq), rtt);
    const auto* reason = std::get_if<DropReason>(&found);
    return reason == nullptr ? std::nullopt : std::optional(*reason);
  }

  PacketPool pool_{8192};
  RetransmissionCache video_{MediaKind::kVideo};
  RetransmissionCache audio_{MediaKind::kAudio};
};

TEST_F(RetransmissionCacheTest, FindsWhatWasSentAndNothingElse) {
  EXPECT_EQ(Refused(video_, Duration(0), 1), DropReason::kRtxUnavailable);
  Store(video_, Duration(0), 10);
  EXPECT_EQ(Found(video_, milliseconds(5), 10), 10);
  EXPECT_EQ(Refused(video_, milliseconds(5), 11), DropReason::kRtxUnavailable);
  EXPECT_EQ(Refused(video_, milliseconds(5), 9), DropReason::kRtxUnavailable);
  EXPECT_EQ(Refused(video_, milliseconds(5), 10 + 4096), DropReason::kRtxUnavailable);
}

TEST_F(RetransmissionCacheTest, RepeatsOncePerRoundTripAndSoManyTimesInAll) {
  EXPECT_FALSE(video_.RepeatsOf(At(Duration(0)), SeqNo(10)));
  Store(video_, Duration(0), 10);
  EXPECT_EQ(video_.RepeatsOf(At(Duration(0)), SeqNo(10)), 0);
  for (int i = 0; i < RetransmissionCache::kMaxRepeats; ++i) {
    const Duration at = milliseconds(100) + i * kRtt;
    EXPECT_TRUE(Found(video_, at, 10));
    EXPECT_EQ(Refused(video_, at + kRtt - milliseconds(1), 10), DropReason::kRtxRepeated);
  }
  EXPECT_EQ(Refused(video_, milliseconds(1000), 10), DropReason::kRtxRepeated);
  EXPECT_EQ(video_.RepeatsOf(At(milliseconds(1000)), SeqNo(10)), RetransmissionCache::kMaxRepeats);
  EXPECT_FALSE(video_.RepeatsOf(At(milliseconds(2001)), SeqNo(10)));
}

TEST_F(RetransmissionCacheTest, UnknownRoundTripIsAssumed) {
  Store(video_, Duration(0), 10);
  EXPECT_EQ(Refused(video_, milliseconds(10), 10, Duration(0)), std::nullopt);
  EXPECT_EQ(Refused(video_, milliseconds(109), 10, Duration(0)), DropReason::kRtxRepeated);
  EXPECT_EQ(Refused(video_, milliseconds(110), 10, Duration(0)), std::nullopt);
}

TEST_F(RetransmissionCacheTest, HugeRoundTripDoesNotSilence) {
  Store(video_, Duration(0), 10);
  EXPECT_TRUE(Found(video_, milliseconds(10), 10));
  EXPECT_EQ(Refused(video_, milliseconds(510), 10, std::chrono::hours(1)), std::nullopt);
}

TEST_F(RetransmissionCacheTest, NameTwiceInOneNackGivesOneRepetitionOnAnyPath) {
  Store(video_, Duration(0), 10);
  EXPECT_EQ(Refused(video_, milliseconds(10), 10, Duration(1)), std::nullopt);
  EXPECT_EQ(Refused(video_, milliseconds(10), 10, Duration(1)), DropReason::kRtxRepeated);
}

TEST_F(RetransmissionCacheTest, ForgetsAfterTwoSecondsOfPictureAndOneOfSound) {
  Store(video_, Duration(0), 10);
  Store(audio_, Duration(0), 10);
  EXPECT_TRUE(Found(audio_, milliseconds(1000), 10));
  EXPECT_EQ(Refused(audio_, milliseconds(1001), 10), DropReason::kRtxUnavailable);
  EXPECT_TRUE(Found(video_, milliseconds(2000), 10));
  EXPECT_EQ(Refused(video_, milliseconds(2001), 10), DropReason::kRtxUnavailable);
}

TEST_F(RetransmissionCacheTest, SlotsGoBackToThePool) {
  for (uint16_t seq = 0; seq < 100; ++seq) Store(video_, milliseconds(seq), seq);
  EXPECT_EQ(pool_.in_use(), 100u);
  video_.Expire(At(milliseconds(2050)));
  EXPECT_EQ(pool_.in_use(), 50u);
  EXPECT_EQ(video_.stored(), 50u);
  video_.Clear();
  EXPECT_EQ(pool_.in_use(), 0u);
  EXPECT_EQ(video_.stored(), 0u);
  Store(video_, milliseconds(2100), 99);
  EXPECT_TRUE(Found(video_, milliseconds(2100), 99));
}

TEST_F(RetransmissionCacheTest, GrowsWithTheRateAndStays) {
  EXPECT_EQ(video_.capacity(), 0u);
  const auto run = [&](int from, int to, int per_second) {
    for (int i = from; i < to; ++i) {
      Store(video_, Duration(int64_t{i} * 1'000'000 / per_second), static_cast<uint16_t>(i));
    }
  };
  run(0, 1000, 100);
  const size_t capacity = video_.capacity();
  // What two seconds make, and a little more.
  EXPECT_GE(capacity, 200u);
  EXPECT_LE(capacity, 288u);
  run(1000, 5000, 100);
  EXPECT_EQ(video_.capacity(), capacity);
  EXPECT_EQ(video_.evicted(), 0u);
}

TEST_F(RetransmissionCacheTest, KeepsHowAPacketWasSent) {
  Rewrite plain;
  plain.ssrc = Ssrc(0x87654321);
  plain.timestamp = 0xfedcba98;
  plain.seq = SeqNo(65'535);
  plain.payload_type = PayloadType(127);
  plain.marker = true;
  plain.patch = PayloadPatch::kVp9;
  plain.base_index = 255;
  plain.key_index = 127;
  plain.picture_id = 0x7fff;
  Rewrite described = plain;
  described.seq = SeqNo(0);
  described.padding_only = true;
  described.renumbers_frame = true;
  described.target_count = 32;
  described.frame_number = 0xfffe;
  described.active_targets = 0xf0f0f0f0;
  for (const Rewrite& rewrite : {plain, described}) {
    video_.Store(At(Duration(0)), test::RtpPacketBuilder().Build(pool_), rewrite);
  }
  for (const Rewrite& rewrite : {plain, described}) {
    const auto found = video_.Find(At(milliseconds(5)), rewrite.seq, kRtt);
    ASSERT_TRUE(std::holds_alternative<RetransmissionCache::Entry>(found));
    EXPECT_EQ(std::get<RetransmissionCache::Entry>(found).rewrite, rewrite);
  }
}

TEST_F(RetransmissionCacheTest, WhatIsOldIsNotFoundHoweverOld) {
  Store(video_, Duration(0), 10);
  for (const int64_t age : {2'001, 65'536, 65'600, 131'072}) {
    EXPECT_FALSE(Found(video_, milliseconds(age), 10)) << age;
  }
  Store(video_, milliseconds(131'072), 11);
  EXPECT_FALSE(Found(video_, milliseconds(131'072), 10));
  EXPECT_TRUE(Found(video_, milliseconds(131'072), 11));
}

TEST_F(RetransmissionCacheTest, ClearLetsGoOfTheMemory) {
  for (uint16_t seq = 0; seq < 1000; ++seq) Store(video_, Duration(0), seq);
  video_.Clear();
  EXPECT_EQ(video_.capacity(), 0u);
  Store(video_, Duration(0), 1000);
  EXPECT_TRUE(Found(video_, Duration(0), 1000));
}

TEST_F(RetransmissionCacheTest, NumbersThatWereSkippedTakeNoMemory) {
  Store(video_, Duration(0), 100);
  Store(video_, Duration(0), 1900);
  EXPECT_TRUE(Found(video_, Duration(0), 100));
  EXPECT_FALSE(Found(video_, Duration(0), 1000));
  EXPECT_LE(video_.capacity(), 64u);
}

TEST_F(RetransmissionCacheTest, BoundHoldsAndIsCounted) {
  for (int i = 0; i < 5000; ++i) Store(video_, Duration(100 * i), static_cast<uint16_t>(i));
  EXPECT_LE(video_.capacity(), RetransmissionCache::kMaxVideoEntries * 5 / 4);
  EXPECT_EQ(video_.stored(), RetransmissionCache::kMaxVideoEntries);
  EXPECT_EQ(video_.evicted(), 5000 - RetransmissionCache::kMaxVideoEntries);
  EXPECT_TRUE(Found(video_, milliseconds(500), 5000 - RetransmissionCache::kMaxVideoEntries));
  EXPECT_FALSE(Found(video_, milliseconds(500), 4999 - RetransmissionCache::kMaxVideoEntries));
}

TEST_F(RetransmissionCacheTest, LatePacketsAreStoredWhereTheyBelong) {
  Store(video_, Duration(0), 100);
  Store(video_, Duration(0), 104);
  Store(video_, milliseconds(1), 102);
  Store(video_, milliseconds(1), 98);
  for (uint16_t seq = 97; seq <= 104; ++seq) {
    EXPECT_EQ(Found(video_, milliseconds(9), seq).has_value(), seq % 2 == 0) << seq;
  }
  EXPECT_EQ(video_.stored(), 4u);
}

TEST_F(RetransmissionCacheTest, WideGapLeavesNothingBehind) {
  Store(video_, Duration(0), 100);
  Store(video_, milliseconds(1), 30'000);
  EXPECT_FALSE(Found(video_, milliseconds(2), 100));
  EXPECT_TRUE(Found(video_, milliseconds(2), 30'000));
  EXPECT_EQ(video_.stored(), 1u);
  EXPECT_EQ(pool_.in_use(), 1u);
}

class RetransmissionCachePropertyTest : public RetransmissionCacheTest,
                                        public testing::WithParamInterface<uint32_t> {};

// Against a map that never forgets: what is found is right, and what is not found is old.
TEST_P(RetransmissionCachePropertyTest, AgreesWithAMap) {
  std::mt19937 random(GetParam());
  std::map<int64_t, Duration> stored;
  int64_t next = static_cast<int64_t>(random() % 65'536);
  Duration at{0};
  for (int step = 0; step < 8000; ++step) {
    at += Duration(static_cast<int64_t>(random() % 8000));
    const auto action = random() % 10;
    if (action == 0) next += static_cast<int64_t>(random() % (random() % 20 == 0 ? 500 : 5));
    const bool late = action == 1 && random() % 2 == 0;
    const int64_t seq = late ? next - 1 - static_cast<int64_t>(random() % 20) : next++;
    Store(video_, at, static_cast<uint16_t>(seq));
    stored[seq] = at;

    const int64_t asked = next - 1 - static_cast<int64_t>(random() % 700);
    const auto found = Found(video_, at, static_cast<uint16_t>(asked));
    const auto known = stored.find(asked);
    if (found) {
      ASSERT_TRUE(known != stored.end()) << asked;
      ASSERT_EQ(*found, static_cast<uint16_t>(asked));
      ASSERT_LE(at - known->second, RetransmissionCache::kVideoAge + milliseconds(1));
    } else if (known != stored.end() && at - known->second < RetransmissionCache::kVideoAge) {
      ASSERT_NE(Refused(video_, at, static_cast<uint16_t>(asked)), DropReason::kRtxUnavailable)
          << asked;
    }
    ASSERT_EQ(pool_.in_use(), video_.stored());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RetransmissionCachePropertyTest, testing::Range(1u, 11u));

}  // namespace
}  // namespace sluice::rtp
