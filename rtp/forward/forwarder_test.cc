#include "rtp/forward/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using test::ForwardedAs;
using test::WasDropped;
using ::testing::Optional;
using ::testing::VariantWith;

constexpr Ssrc kSource{0x1111};
constexpr Ssrc kOther{0x2222};
constexpr Ssrc kOut{0x9999};
constexpr PayloadType kMedia{101};
constexpr PayloadType kUnknown{55};
constexpr int64_t kLap = 65'536;
constexpr uint16_t kFirstSeq = 500;
constexpr uint32_t kFirstTimestamp = 700'000;

Forwarder::Options OptionsFor(MediaKind kind) {
  Forwarder::Options options;
  options.kind = kind;
  options.ssrc = kOut;
  options.first_seq = SeqNo(kFirstSeq);
  options.first_timestamp = kFirstTimestamp;
  options.clock_rate = kind == MediaKind::kVideo ? 90'000 : 48'000;
  options.needs_key_frame = kind == MediaKind::kVideo;
  options.payload_types.Add(kMedia, PayloadType(120));
  return options;
}

Rewrite Header(int seq, uint32_t timestamp, bool marker) {
  return {.ssrc = kOut,
          .timestamp = timestamp,
          .seq = SeqNo(static_cast<uint16_t>(seq)),
          .payload_type = PayloadType(120),
          .marker = marker};
}

struct Sent {
  int64_t seq = 0;  // within the lap
  uint32_t timestamp = 0;
  bool key_frame = false;
  Ssrc ssrc = kSource;
  Duration at{0};
  bool marker = false;
  bool padding_only = false;
};

class ForwarderTest : public testing::Test {
 protected:
  RtpPacket Make(const Sent& sent) {
    test::RtpPacketBuilder builder;
    builder.WithSsrc(sent.ssrc.value()).WithSeq(static_cast<uint16_t>(sent.seq));
    builder.WithTimestamp(sent.timestamp).WithMarker(sent.marker);
    builder.WithPayload(sent.padding_only ? test::Bytes{} : test::Bytes{1, 2, 3});
    if (sent.padding_only) builder.WithPadding(200);
    RtpPacket packet =
        builder.Build(pool_, ExtensionMap(), Timestamp(std::chrono::seconds(100)) + sent.at);
    packet.set_unwrapped({sent.seq + kLap});
    codec::Description description;
    description.key_frame = sent.key_frame;
    packet.set_description(description);
    return packet;
  }

  Verdict Admit(const Sent& sent, PayloadType mapped = kMedia) {
    const RtpPacket packet = Make(sent);
    return forwarder_.Admit(packet, mapped, source_, source_.Record(packet));
  }
  // The number it went out with.
  std::optional<uint16_t> Number(const Sent& sent) {
    const Verdict verdict = Admit(sent);
    const auto* rewrite = std::get_if<Rewrite>(&verdict);
    if (rewrite == nullptr) return std::nullopt;
    return rewrite->seq.value();
  }
  void Use(const Forwarder::Options& options) { forwarder_ = Forwarder(options); }

  PacketPool pool_{1024};
  EncodingSource source_;
  Forwarder forwarder_{OptionsFor(MediaKind::kVideo)};
};

class AudioForwarderTest : public ForwarderTest {
 protected:
  AudioForwarderTest() { Use(OptionsFor(MediaKind::kAudio)); }
};

TEST_F(ForwarderTest, RewritesTheFixedHeader) {
  EXPECT_THAT(Admit({.seq = 10, .timestamp = 5000, .key_frame = true, .marker = true}),
              VariantWith<Rewrite>(Header(kFirstSeq, kFirstTimestamp, true)));
}

TEST_F(ForwarderTest, PictureStartsAtAKeyFrame) {
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
  EXPECT_THAT(Admit({.seq = 10}), WasDropped(DropReason::kAwaitingKeyframe));
  EXPECT_EQ(forwarder_.source(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 12, .key_frame = true}), ForwardedAs(kFirstSeq));
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 13}), ForwardedAs(kFirstSeq + 1));
}

TEST_F(AudioForwarderTest, SoundStartsAtOnce) {
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 10}), ForwardedAs(kFirstSeq));
}

TEST_F(ForwarderTest, CodecWithoutKnownKeyFramesStartsAtOnce) {
  Forwarder::Options options = OptionsFor(MediaKind::kVideo);
  options.needs_key_frame = false;
  Use(options);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 10}), ForwardedAs(kFirstSeq));
}

TEST_F(ForwarderTest, FramesBeforeTheStartAreTooLate) {
  Number({.seq = 10, .timestamp = 9000, .key_frame = true});
  EXPECT_THAT(Admit({.seq = 9, .timestamp = 6000}), WasDropped(DropReason::kTooLate));
}

TEST_F(ForwarderTest, EarlierPacketOfTheFirstFrameMayComeLate) {
  EXPECT_THAT(Admit({.seq = 10, .timestamp = 9000, .key_frame = true}), ForwardedAs(kFirstSeq));
  EXPECT_THAT(Admit({.seq = 9, .timestamp = 9000}), ForwardedAs(kFirstSeq - 1));
}

TEST_F(AudioForwarderTest, SoundBeforeTheStartIsTooLate) {
  Number({.seq = 10, .timestamp = 960});
  EXPECT_THAT(Admit({.seq = 9, .timestamp = 0}), WasDropped(DropReason::kTooLate));
}

TEST_F(ForwarderTest, PauseOfPictureEndsAtTheNextKeyFrameWithoutAGap) {
  Number({.seq = 10, .timestamp = 0, .key_frame = true});
  forwarder_.SetPaused(true);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 11, .timestamp = 3000, .key_frame = true}),
              WasDropped(DropReason::kConsumerPaused));
  forwarder_.SetPaused(false);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
  EXPECT_THAT(Admit({.seq = 400}), WasDropped(DropReason::kAwaitingKeyframe));
  EXPECT_THAT(
      Admit({.seq = 500, .timestamp = 900'000, .key_frame = true, .at = std::chrono::seconds(10)}),
      VariantWith<Rewrite>(Header(kFirstSeq + 1, kFirstTimestamp + 900'000, false)));
}

TEST_F(ForwarderTest, PictureFromBeforeThePauseFillsItsHoleAndIsNoPlaceToGoOnFrom) {
  Number({.seq = 10, .key_frame = true});
  Number({.seq = 12});
  forwarder_.SetPaused(true);
  EXPECT_THAT(Admit({.seq = 13}), WasDropped(DropReason::kConsumerPaused));
  forwarder_.SetPaused(false);
  EXPECT_THAT(Admit({.seq = 11, .key_frame = true}), ForwardedAs(kFirstSeq + 1));
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
}

TEST_F(AudioForwarderTest, SoundFromBeforeThePauseFillsItsHole) {
  Number({.seq = 10});
  Number({.seq = 12});
  forwarder_.SetPaused(true);
  forwarder_.SetPaused(false);
  EXPECT_THAT(Admit({.seq = 11}), ForwardedAs(kFirstSeq + 1));
  EXPECT_THAT(Admit({.seq = 90}), ForwardedAs(kFirstSeq + 3));
  EXPECT_THAT(Admit({.seq = 50}), WasDropped(DropReason::kTooLate));
}

TEST_F(ForwarderTest, PausingTwiceIsPausingOnce) {
  Number({.seq = 10, .key_frame = true});
  forwarder_.SetPaused(false);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  forwarder_.SetPaused(true);
  forwarder_.SetPaused(true);
  forwarder_.SetPaused(false);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
}

TEST_F(ForwarderTest, PaddingAndForeignPayloadLeaveNoGap) {
  Number({.seq = 10, .key_frame = true});
  EXPECT_THAT(Admit({.seq = 11, .padding_only = true}), WasDropped(DropReason::kRtpPadding));
  EXPECT_THAT(Admit({.seq = 12}, kUnknown), WasDropped(DropReason::kUnsupportedPayload));
  EXPECT_THAT(Admit({.seq = 13}), ForwardedAs(kFirstSeq + 1));
}

TEST_F(ForwarderTest, PaddingAndForeignPayloadStartNothing) {
  Admit({.seq = 9, .key_frame = true, .padding_only = true});
  Admit({.seq = 10, .key_frame = true}, kUnknown);
  EXPECT_EQ(forwarder_.source(), std::nullopt);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
}

TEST_F(ForwarderTest, GapBeyondRepairWaitsForAKeyFrameAndIsClosed) {
  Number({.seq = 10, .key_frame = true});
  const int64_t far = 10 + Forwarder::kMaxGap - 1;
  EXPECT_THAT(Admit({.seq = far}), ForwardedAs(kFirstSeq + Forwarder::kMaxGap - 1));
  EXPECT_THAT(Admit({.seq = far + Forwarder::kMaxGap}), WasDropped(DropReason::kAwaitingKeyframe));
  EXPECT_EQ(forwarder_.awaiting_key_frame(), 0);
  EXPECT_THAT(Admit({.seq = far + Forwarder::kMaxGap + 1, .key_frame = true}),
              ForwardedAs(kFirstSeq + Forwarder::kMaxGap));
}

TEST_F(AudioForwarderTest, GapBeyondRepairIsClosedAtOnce) {
  Number({.seq = 10, .timestamp = 0});
  EXPECT_THAT(Admit({.seq = 4000, .timestamp = 48'000, .at = std::chrono::seconds(1)}),
              ForwardedAs(kFirstSeq + 1));
}

TEST_F(AudioForwarderTest, RestartOfTheSameSourceKeepsTimeGoing) {
  Number({.seq = 10, .timestamp = 0});
  const Verdict verdict =
      Admit({.seq = 40'000, .timestamp = 3'000'000'000, .at = std::chrono::seconds(1)});
  EXPECT_THAT(verdict,
              VariantWith<Rewrite>(Header(kFirstSeq + 1, kFirstTimestamp + 48'000, false)));
  EXPECT_THAT(Admit({.seq = 9, .timestamp = 0}), WasDropped(DropReason::kTooLate));
}

TEST_F(ForwarderTest, NewSourceTakesOverAtAKeyFrame) {
  Number({.seq = 10, .timestamp = 0, .key_frame = true});
  EXPECT_THAT(Admit({.seq = 30'000, .ssrc = kOther}), WasDropped(DropReason::kAwaitingKeyframe));
  // The old one plays on.
  EXPECT_THAT(Admit({.seq = 11, .timestamp = 3000}), ForwardedAs(kFirstSeq + 1));
  EXPECT_THAT(Admit({.seq = 30'001,
                     .timestamp = 0xabcdef,
                     .key_frame = true,
                     .ssrc = kOther,
                     .at = std::chrono::milliseconds(500)}),
              VariantWith<Rewrite>(Header(kFirstSeq + 2, kFirstTimestamp + 3000 + 45'000, false)));
  EXPECT_EQ(forwarder_.source(), kOther);
}

TEST_F(AudioForwarderTest, StragglersOfTheOldSourceDoNotBringItBack) {
  Number({.seq = 10});
  Number({.seq = 30'000, .ssrc = kOther});
  EXPECT_THAT(Admit({.seq = 11}), WasDropped(DropReason::kTooLate));
  EXPECT_THAT(Admit({.seq = 30'001, .ssrc = kOther}), ForwardedAs(kFirstSeq + 2));
  EXPECT_THAT(Admit({.seq = 12, .at = Forwarder::kSourceSettles}), ForwardedAs(kFirstSeq + 3));
}

TEST_F(ForwarderTest, TimesOfSenderReportsAreTranslatedAlike) {
  EXPECT_EQ(forwarder_.MapTimestamp(0), std::nullopt);
  Number({.seq = 10, .timestamp = 9000, .key_frame = true});
  EXPECT_THAT(forwarder_.MapTimestamp(9900), Optional(kFirstTimestamp + 900));
}

TEST_F(ForwarderTest, SeventyThousandPacketsWrapCleanly) {
  Number({.seq = 0, .key_frame = true});
  for (int64_t seq = 1; seq <= 70'000; ++seq) {
    ASSERT_EQ(Number({.seq = seq}), static_cast<uint16_t>(kFirstSeq + seq));
  }
}

class ForwarderPropertyTest : public ForwarderTest, public testing::WithParamInterface<uint32_t> {};

// Whatever happens, a receiver sees numbers that mean one packet each and grow as the packets do.
TEST_P(ForwarderPropertyTest, NumbersAreUniqueAndKeepTheOrder) {
  std::mt19937 random(GetParam());
  const auto draw = [&](uint32_t below) { return static_cast<int64_t>(random() % below); };
  if (GetParam() % 2 == 0) Use(OptionsFor(MediaKind::kAudio));

  // The order in which the sources made the packets is the order a receiver must see.
  std::map<int64_t, std::pair<Ssrc, int64_t>> seen;  // by unwrapped outgoing number
  std::map<std::pair<Ssrc, int64_t>, int64_t> given;
  Unwrapper<RtpSeq, uint16_t> out;
  Ssrc ssrc = kSource;
  Duration at{0};
  int64_t next = draw(65'536);
  bool paused = false;
  for (int step = 0; step < 10'000; ++step) {
    at += std::chrono::milliseconds(1);
    const int64_t event = draw(1000);
    if (event < 5) forwarder_.SetPaused(paused = !paused);
    if (event == 5) {
      ssrc = ssrc == kSource ? kOther : kSource;
      next = draw(65'536) + (int64_t{step} << 17);  // Never a number of that source again.
      at += Forwarder::kSourceSettles;
    }
    if (event == 6) next += draw(6000);
    const bool late = event > 900;
    const int64_t seq = late ? next - 1 - draw(50) : next++;
    const auto number = Number({.seq = seq,
                                .timestamp = static_cast<uint32_t>(seq * 90),
                                .key_frame = event % 50 == 7,
                                .ssrc = ssrc,
                                .at = at,
                                .padding_only = seq % 17 == 0});
    if (!number) continue;
    const int64_t wide = out.Unwrap(*number).value;
    const auto id = std::make_pair(ssrc, seq);
    const auto [entry, fresh] = seen.try_emplace(wide, id);
    ASSERT_EQ(entry->second, id) << "number used twice";
    given.try_emplace(id, wide);
    ASSERT_EQ(given[id], wide) << "packet numbered twice";
    const auto after = std::next(entry);
    if (after != seen.end() && after->second.first == ssrc) {
      ASSERT_LT(seq, after->second.second);
    }
    if (entry != seen.begin() && std::prev(entry)->second.first == ssrc) {
      ASSERT_GT(seq, std::prev(entry)->second.second);
    }
  }
  EXPECT_GT(seen.size(), 1000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ForwarderPropertyTest, testing::Range(1u, 21u));

TEST(PayloadTypeMapTest, RefusesWhatWasNotAdded) {
  PayloadTypeMap map;
  EXPECT_TRUE(map.Add(PayloadType(100), PayloadType(96)));
  EXPECT_TRUE(map.Add(PayloadType(0)));
  EXPECT_THAT(map.Find(PayloadType(100)), Optional(PayloadType(96)));
  EXPECT_THAT(map.Find(PayloadType(0)), Optional(PayloadType(0)));
  EXPECT_EQ(map.Find(PayloadType(96)), std::nullopt);
  EXPECT_EQ(map.Find(PayloadType(200)), std::nullopt);
  EXPECT_FALSE(map.Add(PayloadType(128), PayloadType(1)));
  EXPECT_FALSE(map.Add(PayloadType(1), PayloadType(128)));
}

}  // namespace
}  // namespace sluice::rtp
