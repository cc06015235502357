#include "rtp/receive/stream_binder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using test::RtpPacketBuilder;
using Binding = StreamBinder::Binding;
using Collision = StreamBinder::Collision;
using Result = std::variant<Binding, DropReason>;

constexpr uint8_t kMediaType = 96;
constexpr uint8_t kRtxType = 97;
constexpr uint8_t kMidId = 1;
constexpr uint8_t kRidId = 2;
constexpr uint8_t kRepairedRidId = 3;

class StreamBinderTest : public testing::Test {
 protected:
  StreamBinderTest() {
    map_.Add(kMidId, Extension::kMid);
    map_.Add(kRidId, Extension::kRid);
    map_.Add(kRepairedRidId, Extension::kRepairedRid);
  }

  static StreamBinder::Description Described(std::string mid, std::string rid = "") {
    StreamBinder::Description description;
    description.mid = std::move(mid);
    description.rid = std::move(rid);
    description.payload_types.set(kMediaType);
    description.rtx_payload_types.set(kRtxType);
    return description;
  }

  static StreamBinder::Description WithSsrcs(uint32_t ssrc, uint32_t rtx_ssrc) {
    auto description = Described("");
    description.ssrc = Ssrc(ssrc);
    description.rtx_ssrc = Ssrc(rtx_ssrc);
    return description;
  }

  static RtpPacketBuilder Packet(uint32_t ssrc, uint8_t payload_type = kMediaType) {
    return RtpPacketBuilder().WithSsrc(ssrc).WithPayloadType(payload_type);
  }
  static RtpPacketBuilder Named(uint32_t ssrc, std::string_view mid,
                                uint8_t payload_type = kMediaType) {
    return Packet(ssrc, payload_type).WithTextExtension(kMidId, mid);
  }

  Result Bind(const RtpPacketBuilder& builder) { return binder_.Bind(builder.Build(pool_, map_)); }

  static Result To(uint32_t stream, bool rtx = false) { return Binding{StreamIndex(stream), rtx}; }

  PacketPool pool_;
  ExtensionMap map_;
  StreamBinder binder_;
};

TEST_F(StreamBinderTest, KnowsSignalledSsrcs) {
  EXPECT_FALSE(binder_.Add(StreamIndex(1), WithSsrcs(10, 11)));
  EXPECT_EQ(Bind(Packet(10)), To(1));
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(1, true));
  EXPECT_EQ(Bind(Packet(12)), Result(DropReason::kRtpUnknownStream));
}

TEST_F(StreamBinderTest, RefusesPayloadTypesThatWereNotNegotiated) {
  binder_.Add(StreamIndex(1), WithSsrcs(10, 11));
  EXPECT_EQ(Bind(Packet(10, 100)), Result(DropReason::kRtpUnknownPayload));
  EXPECT_EQ(Bind(Packet(10, kRtxType)), Result(DropReason::kRtpUnknownPayload));
  EXPECT_EQ(Bind(Packet(11, kMediaType)), Result(DropReason::kRtpUnknownPayload));
}

TEST_F(StreamBinderTest, LearnsAnSsrcFromItsMid) {
  binder_.Add(StreamIndex(1), Described("0"));
  binder_.Add(StreamIndex(2), Described("1"));
  EXPECT_EQ(Bind(Packet(10)), Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Named(10, "1")), To(2));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(binder_.learnt(), 1u);
}

TEST_F(StreamBinderTest, TellsRetransmissionsWithoutRidByTheirPayloadType) {
  binder_.Add(StreamIndex(1), Described("0"));
  EXPECT_EQ(Bind(Named(10, "0")), To(1));
  EXPECT_EQ(Bind(Named(11, "0", kRtxType)), To(1, true));
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(1, true));
  EXPECT_EQ(Bind(Packet(11, kMediaType)), Result(DropReason::kRtpUnknownPayload));
  EXPECT_EQ(Bind(Named(12, "0", 100)), Result(DropReason::kRtpUnknownPayload));
  EXPECT_EQ(binder_.learnt(), 2u);
}

TEST_F(StreamBinderTest, TellsSimulcastStreamsByTheirRids) {
  binder_.Add(StreamIndex(1), Described("0", "r0"));
  binder_.Add(StreamIndex(2), Described("0", "r1"));
  binder_.Add(StreamIndex(3), Described("1", "r0"));
  EXPECT_EQ(Bind(Named(10, "0").WithTextExtension(kRidId, "r0")), To(1));
  EXPECT_EQ(Bind(Named(20, "0").WithTextExtension(kRidId, "r1")), To(2));
  EXPECT_EQ(Bind(Named(30, "1").WithTextExtension(kRidId, "r0")), To(3));
  EXPECT_EQ(Bind(Named(21, "0", kRtxType).WithTextExtension(kRepairedRidId, "r1")), To(2, true));
  EXPECT_EQ(Bind(Packet(21, kRtxType)), To(2, true));
  EXPECT_EQ(Bind(Named(40, "0").WithTextExtension(kRidId, "r9")),
            Result(DropReason::kRtpUnknownStream));
  // A RID means nothing without its MID, nor a MID without RID where there are several.
  EXPECT_EQ(Bind(Packet(41).WithTextExtension(kRidId, "r0")),
            Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Named(42, "0")), Result(DropReason::kRtpUnknownStream));
}

TEST_F(StreamBinderTest, ARidAloneServesStreamsSignalledWithoutMid) {
  binder_.Add(StreamIndex(1), Described("", "hi"));
  EXPECT_EQ(Bind(Packet(10).WithTextExtension(kRidId, "hi")), To(1));
}

TEST_F(StreamBinderTest, ALearntSsrcMovesWhereItsPacketsSay) {
  binder_.Add(StreamIndex(1), Described("0"));
  binder_.Add(StreamIndex(2), Described("1"));
  Bind(Named(10, "0"));
  EXPECT_EQ(Bind(Named(10, "1")), To(2));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(binder_.learnt(), 1u);
}

TEST_F(StreamBinderTest, ASignalledSsrcStaysWhereItIs) {
  auto description = Described("0");
  description.ssrc = Ssrc(10);
  binder_.Add(StreamIndex(1), description);
  binder_.Add(StreamIndex(2), Described("1"));
  EXPECT_EQ(Bind(Named(10, "1")), To(1));
}

TEST_F(StreamBinderTest, NamesTheFieldThatCollides) {
  auto description = Described("0", "r0");
  description.ssrc = Ssrc(10);
  description.rtx_ssrc = Ssrc(11);
  ASSERT_FALSE(binder_.Add(StreamIndex(1), description));
  EXPECT_EQ(binder_.Add(StreamIndex(2), WithSsrcs(10, 99)), Collision::kSsrc);
  EXPECT_EQ(binder_.Add(StreamIndex(2), WithSsrcs(11, 99)), Collision::kSsrc);
  EXPECT_EQ(binder_.Add(StreamIndex(2), WithSsrcs(99, 10)), Collision::kRtxSsrc);
  EXPECT_EQ(binder_.Add(StreamIndex(2), WithSsrcs(99, 99)), Collision::kRtxSsrc);
  EXPECT_EQ(binder_.Add(StreamIndex(2), Described("0", "r0")), Collision::kRid);
  EXPECT_EQ(binder_.Add(StreamIndex(2), Described("0")), Collision::kMid);
  EXPECT_EQ(binder_.Add(StreamIndex(2), Described("")), Collision::kMid);
  EXPECT_EQ(CollisionName(Collision::kRtxSsrc), "rtxSsrc");
  // Nothing of what was refused has stayed.
  EXPECT_EQ(Bind(Packet(99)), Result(DropReason::kRtpUnknownStream));
  EXPECT_FALSE(binder_.Add(StreamIndex(2), WithSsrcs(99, 98)));
}

TEST_F(StreamBinderTest, StreamsOfOneProducerMayShareAMidIfTheirSsrcsTellThemApart) {
  auto first = Described("0");
  first.ssrc = Ssrc(10);
  first.group = 1;
  auto second = Described("0");
  second.ssrc = Ssrc(20);
  second.group = 1;
  EXPECT_FALSE(binder_.Add(StreamIndex(1), first));
  EXPECT_FALSE(binder_.Add(StreamIndex(2), second));
  EXPECT_EQ(Bind(Named(20, "0")), To(2));
  EXPECT_EQ(Bind(Named(30, "0")), Result(DropReason::kRtpUnknownStream));

  auto stranger = Described("0");
  stranger.ssrc = Ssrc(40);
  stranger.group = 2;
  EXPECT_EQ(binder_.Add(StreamIndex(3), stranger), Collision::kMid);
}

TEST_F(StreamBinderTest, RemovingAStreamForgetsAllOfIt) {
  auto description = Described("0");
  description.ssrc = Ssrc(10);
  binder_.Add(StreamIndex(1), description);
  binder_.Add(StreamIndex(2), Described("1"));
  Bind(Named(11, "0", kRtxType));
  Bind(Named(20, "1"));
  binder_.Remove(StreamIndex(1));
  EXPECT_EQ(Bind(Packet(10)), Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Packet(11, kRtxType)), Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Packet(20)), To(2));
  EXPECT_EQ(binder_.learnt(), 1u);
  EXPECT_FALSE(binder_.Add(StreamIndex(3), description));
}

TEST_F(StreamBinderTest, AStreamThatChangesItsSsrcWithoutEndDisplacesOnlyItself) {
  binder_.Add(StreamIndex(1), Described("0"));
  binder_.Add(StreamIndex(2), Described("1"));
  Bind(Named(5, "1"));
  for (uint32_t ssrc = 1000; ssrc < 11'000; ++ssrc) EXPECT_EQ(Bind(Named(ssrc, "0")), To(1));
  EXPECT_EQ(binder_.learnt(), StreamBinder::kMaxLearntPerStream + 1);
  EXPECT_EQ(Bind(Packet(10'999)), To(1));
  EXPECT_EQ(Bind(Packet(1000)), Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Packet(5)), To(2));
}

TEST_F(StreamBinderTest, LearnsNoMoreThanItsBound) {
  for (uint32_t stream = 0; stream < 70; ++stream) {
    binder_.Add(StreamIndex(stream), Described("m" + std::to_string(stream)));
    const Result bound = Bind(Named(1000 + stream, "m" + std::to_string(stream)));
    EXPECT_EQ(bound,
              stream < StreamBinder::kMaxLearnt ? To(stream) : Result(DropReason::kTooManyStreams));
  }
}

TEST_F(StreamBinderTest, WhatIsSignalledReplacesWhatWasLearnt) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  binder_.Add(StreamIndex(2), WithSsrcs(10, 11));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(binder_.learnt(), 0u);
}

// The next stream of a section, as long as its packets do not say where they belong.
class StreamBinderMemoryTest : public StreamBinderTest {
 protected:
  static constexpr Result kUnknown{DropReason::kRtpUnknownStream};

  // Ends the stream and adds another one, described as it was.
  void BeginAnew(uint32_t stream, const StreamBinder::Description& description) {
    binder_.Remove(StreamIndex(stream));
    ASSERT_FALSE(binder_.Add(StreamIndex(stream), description));
  }
};

TEST_F(StreamBinderMemoryTest, TheNextStreamOfAMidHasTheSsrcsOfTheLast) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  Bind(Named(11, "0", kRtxType));
  binder_.Remove(StreamIndex(1));
  EXPECT_EQ(Bind(Packet(10)), kUnknown) << "while there is no stream";
  binder_.Add(StreamIndex(2), Described("0"));
  EXPECT_EQ(binder_.learnt(), 0u);
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(2, true));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(Bind(Packet(10, kRtxType)), Result(DropReason::kRtpUnknownPayload));
  EXPECT_EQ(binder_.learnt(), 2u);
  // And so on, although nobody has named anything since.
  BeginAnew(2, Described("0"));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(2, true));
}

TEST_F(StreamBinderMemoryTest, EverySizeHasItsOwnSsrcsBack) {
  binder_.Add(StreamIndex(1), Described("0", "r0"));
  binder_.Add(StreamIndex(2), Described("0", "r1"));
  Bind(Named(10, "0").WithTextExtension(kRidId, "r0"));
  Bind(Named(20, "0").WithTextExtension(kRidId, "r1"));
  Bind(Named(21, "0", kRtxType).WithTextExtension(kRepairedRidId, "r1"));
  binder_.Remove(StreamIndex(1));
  binder_.Remove(StreamIndex(2));
  binder_.Add(StreamIndex(1), Described("0", "r1"));
  binder_.Add(StreamIndex(2), Described("0", "r0"));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  EXPECT_EQ(Bind(Packet(20)), To(1));
  // What says less than all is helped out as well.
  EXPECT_EQ(Bind(Packet(21, kRtxType).WithTextExtension(kMidId, "0")), To(1, true));
}

TEST_F(StreamBinderMemoryTest, OneSizeOfSeveralIsNotTheOnlyOne) {
  binder_.Add(StreamIndex(1), Described("0", "r0"));
  Bind(Named(10, "0").WithTextExtension(kRidId, "r0"));
  BeginAnew(1, Described("0"));
  EXPECT_EQ(Bind(Packet(10)), kUnknown);
}

TEST_F(StreamBinderMemoryTest, StreamsOfOtherSectionsGetNothing) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  BeginAnew(1, Described("1"));
  binder_.Add(StreamIndex(2), Described("", "0"));
  EXPECT_EQ(Bind(Packet(10)), kUnknown);
}

TEST_F(StreamBinderMemoryTest, ASignalledSsrcIsRememberedForAStreamThatSignalsNone) {
  auto description = Described("0");
  description.ssrc = Ssrc(10);
  binder_.Add(StreamIndex(1), description);
  BeginAnew(1, Described("0"));
  EXPECT_EQ(Bind(Packet(10)), To(1));
}

TEST_F(StreamBinderMemoryTest, WhoSignalsAnSsrcIsGivenNoOther) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  Bind(Named(11, "0", kRtxType));
  auto description = Described("0");
  description.ssrc = Ssrc(20);
  BeginAnew(1, description);
  EXPECT_EQ(Bind(Packet(10)), kUnknown);
  // It has not said what its retransmissions come under.
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(1, true));
}

TEST_F(StreamBinderMemoryTest, WhatIsNamedLastTakesThePlace) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  Bind(Named(20, "0"));
  BeginAnew(1, Described("0"));
  EXPECT_EQ(Bind(Packet(10)), kUnknown) << "late, of an encoder before the last";
  EXPECT_EQ(Bind(Named(30, "0")), To(1));
  EXPECT_EQ(Bind(Packet(20)), kUnknown) << "late, since 30 has come";
  EXPECT_EQ(Bind(Packet(30)), To(1));
}

TEST_F(StreamBinderMemoryTest, AnSsrcThatNamesAnotherSectionHasLeftItsOwn) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  binder_.Remove(StreamIndex(1));
  EXPECT_EQ(Bind(Named(10, "1")), kUnknown);
  binder_.Add(StreamIndex(1), Described("0"));
  EXPECT_EQ(Bind(Packet(10)), kUnknown);
  binder_.Add(StreamIndex(2), Described("1"));
  EXPECT_EQ(Bind(Named(10, "1")), To(2));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  BeginAnew(2, Described("1"));
  EXPECT_EQ(Bind(Packet(10)), To(2));
}

TEST_F(StreamBinderMemoryTest, ANameThatWasNotSignalledIsNoOtherSection) {
  binder_.Add(StreamIndex(1), Described("0"));
  const auto named = Named(10, "0").WithTextExtension(kRidId, "hi");
  ASSERT_EQ(Bind(named), To(1));
  binder_.Remove(StreamIndex(1));
  EXPECT_EQ(Bind(named), kUnknown) << "while there is no stream";
  binder_.Add(StreamIndex(2), Described("0"));
  EXPECT_EQ(Bind(Packet(10)), To(2));
}

TEST_F(StreamBinderMemoryTest, WhatIsSignalledNeedsNoMemory) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  BeginAnew(1, Described("0"));
  binder_.Add(StreamIndex(2), WithSsrcs(10, 11));
  EXPECT_EQ(Bind(Packet(10)), To(2));
  binder_.Remove(StreamIndex(2));
  EXPECT_EQ(Bind(Packet(10)), kUnknown) << "it was another stream's since";
}

TEST_F(StreamBinderMemoryTest, WhatIsWithdrawnLeavesTheMemoryAsItWas) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  binder_.Remove(StreamIndex(1));
  auto description = Described("1");
  description.ssrc = Ssrc(10);
  description.rtx_ssrc = Ssrc(11);
  binder_.Add(StreamIndex(2), description);
  binder_.Withdraw(StreamIndex(2));
  EXPECT_EQ(binder_.ended().size(), 1u);
  binder_.Add(StreamIndex(1), Described("0"));
  EXPECT_EQ(Bind(Packet(10)), To(1));
}

TEST_F(StreamBinderMemoryTest, WhatIsWithdrawnGivesBackWhatItTook) {
  binder_.Add(StreamIndex(1), Described("0"));
  Bind(Named(10, "0"));
  Bind(Named(11, "0", kRtxType));
  auto description = Described("1");
  description.ssrc = Ssrc(10);
  description.rtx_ssrc = Ssrc(11);
  binder_.Add(StreamIndex(2), description);
  EXPECT_EQ(Bind(Packet(10)), To(2));
  binder_.Withdraw(StreamIndex(2));
  EXPECT_EQ(Bind(Packet(10)), To(1));
  EXPECT_EQ(Bind(Packet(11, kRtxType)), To(1, true));
  EXPECT_EQ(binder_.learnt(), 2u);
}

TEST_F(StreamBinderMemoryTest, ManyEndedStreamsDisplaceTheOldestAndNoneThatLives) {
  constexpr auto kMax = static_cast<uint32_t>(EndedStreams::kMax);
  binder_.Add(StreamIndex(0), Described("m0"));
  Bind(Named(1000, "m0"));
  BeginAnew(0, Described("m0"));
  ASSERT_EQ(Bind(Packet(1000)), To(0));
  for (uint32_t i = 1; i <= 1000; ++i) {
    const std::string mid = "m" + std::to_string(i);
    binder_.Add(StreamIndex(i), Described(mid));
    Bind(Named(1000 + i, mid));
    binder_.Remove(StreamIndex(i));
    const auto forgotten = binder_.TakeForgotten();
    if (i <= kMax) {
      EXPECT_TRUE(forgotten.empty()) << "1000 is in use, and the others fit";
    } else {
      EXPECT_EQ(forgotten, std::vector{Ssrc(1000 + i - kMax)});
    }
  }
  EXPECT_EQ(binder_.ended().size(), kMax);
  EXPECT_EQ(binder_.ended().displaced(), 1000 + 1 - kMax);
  EXPECT_EQ(Bind(Packet(1000)), To(0));
}

TEST_F(StreamBinderTest, IgnoresNamesThatAreNone) {
  binder_.Add(StreamIndex(1), Described("0"));
  EXPECT_EQ(Bind(Packet(10).WithExtension(kMidId, {})), Result(DropReason::kRtpUnknownStream));
  EXPECT_EQ(Bind(Packet(10).WithExtension(kMidId, {0x07})), Result(DropReason::kRtpUnknownStream));
}

}  // namespace
}  // namespace sluice::rtp
