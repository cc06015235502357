// Layers, encodings and holes, claim by claim. That nothing of it ever goes wrong together is what
// layer_switching_test.cc asks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rtp/forward/forwarder.h"
#include "tests/support/dependency_descriptor_builder.h"
#include "tests/support/matchers.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using codec::Kind;
using test::Bytes;
using test::ForwardedAs;
using test::WasDropped;
using ::testing::Optional;

constexpr PayloadType kMedia{96};
constexpr uint16_t kFirstSeq = 500;
constexpr uint32_t kFrameTicks = 3000;
constexpr Duration kFrameTime = std::chrono::microseconds(33'333);
constexpr uint8_t kDescriptorId = 9;

Forwarder::Options OptionsFor(Kind codec, SvcMode svc = SvcMode::kNone) {
  Forwarder::Options options;
  options.kind =
      codec == Kind::kOpus || codec == Kind::kRed ? MediaKind::kAudio : MediaKind::kVideo;
  options.first_seq = SeqNo(kFirstSeq);
  options.needs_key_frame = options.kind == MediaKind::kVideo;
  options.payload_types.Add(kMedia);
  options.codec = codec;
  options.svc = svc;
  options.dependency_descriptor = true;
  return options;
}

ExtensionMap Extensions() {
  ExtensionMap map;
  map.Add(kDescriptorId, Extension::kDependencyDescriptor);
  return map;
}

struct Sent {
  uint8_t encoding = 0;
  int64_t seq = 0;
  int frame = 0;  // counts frame times
  bool marker = true;
  Bytes payload = {};
  std::optional<Bytes> descriptor = std::nullopt;
};

class ForwarderLayersTest : public testing::Test {
 protected:
  ForwarderLayersTest() {
    for (uint8_t i = 0; i < kMaxEncodings; ++i) sources_[i].index = i;
  }

  Verdict Admit(const Sent& sent) {
    test::RtpPacketBuilder builder;
    builder.WithSsrc(0xa0u + sent.encoding).WithPayloadType(kMedia.value());
    builder.WithSeq(static_cast<uint16_t>(sent.seq)).WithMarker(sent.marker);
    builder.WithTimestamp(TimestampOf(sent.encoding, sent.frame)).WithPayload(sent.payload);
    if (sent.descriptor) builder.WithExtension(kDescriptorId, *sent.descriptor);
    now_ = std::max(now_, Timestamp(std::chrono::seconds(100)) + sent.frame * kFrameTime);
    RtpPacket packet = builder.Build(pool_, Extensions(), now_);
    EncodingSource& source = sources_[sent.encoding];
    source.Describe(options_.codec, packet);
    packet.set_unwrapped({sent.seq + 65'536});
    return forwarder_.Admit(packet, kMedia, source, source.Record(packet));
  }
  // Every encoding has a clock of its own.
  static uint32_t TimestampOf(uint8_t encoding, int frame) {
    return 0x10000000u * (encoding + 1u) + static_cast<uint32_t>(frame) * kFrameTicks;
  }
  Rewrite Passed(const Sent& sent) {
    const Verdict verdict = Admit(sent);
    const auto* rewrite = std::get_if<Rewrite>(&verdict);
    EXPECT_NE(rewrite, nullptr) << "encoding " << int{sent.encoding} << " seq " << sent.seq;
    return rewrite == nullptr ? Rewrite() : *rewrite;
  }
  void Use(const Forwarder::Options& options) {
    options_ = options;
    forwarder_ = Forwarder(options);
  }

  // VP8 with the numbers that matter.
  static Bytes Vp8(uint16_t picture, uint8_t temporal, bool key = false, bool sync = false,
                   uint8_t base = 7) {
    return test::Vp8Payload({.key_frame = key,
                             .picture_id = picture,
                             .base_index = base,
                             .temporal = temporal,
                             .layer_sync = sync,
                             .key_index = 3});
  }

  PacketPool pool_{64};
  Timestamp now_{};
  std::array<EncodingSource, kMaxEncodings> sources_;
  Forwarder::Options options_ = OptionsFor(Kind::kVp8);
  Forwarder forwarder_{options_};
};

TEST_F(ForwarderLayersTest, WithoutATargetTheFirstEncodingThatComesStays) {
  Passed({.encoding = 1, .seq = 1, .payload = Vp8(1, 0, true)});
  EXPECT_THAT(Admit({.encoding = 2, .seq = 1, .payload = Vp8(1, 0, true)}),
              WasDropped(DropReason::kOtherLayer));
  EXPECT_THAT(forwarder_.current(), Optional(LayerTarget{1, {0, 0}}));
}

TEST_F(ForwarderLayersTest, OldEncodingPlaysOnUntilTheNewOneHasAKeyFrame) {
  Passed({.encoding = 0, .seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{1, {0, 2}});
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(1));
  EXPECT_THAT(Admit({.encoding = 1, .seq = 50, .payload = Vp8(1, 0)}),
              WasDropped(DropReason::kAwaitingKeyframe));
  Passed({.encoding = 0, .seq = 2, .frame = 1, .payload = Vp8(2, 0)});
  EXPECT_THAT(Admit({.encoding = 1, .seq = 51, .frame = 2, .payload = Vp8(2, 0, true)}),
              ForwardedAs(kFirstSeq + 2));
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.encoding = 0, .seq = 3, .frame = 2, .payload = Vp8(3, 0)}),
              WasDropped(DropReason::kOtherLayer));
}

TEST_F(ForwarderLayersTest, ConcernedByWhatFlowsAndWhatIsWanted) {
  EXPECT_EQ(forwarder_.ConcernedBy(now_), 0b1111) << "the first that comes is taken";
  Passed({.encoding = 1, .seq = 1, .payload = Vp8(1, 0, true)});
  EXPECT_EQ(forwarder_.ConcernedBy(now_), 0b0010);
  forwarder_.SetTarget(LayerTarget{2, {0, 2}});
  EXPECT_EQ(forwarder_.ConcernedBy(now_), 0b0110);
  Passed({.encoding = 2, .seq = 50, .frame = 1, .payload = Vp8(1, 0, true)});
  EXPECT_EQ(forwarder_.ConcernedBy(now_), 0b0110) << "late packets of the old one are of use";
  EXPECT_EQ(forwarder_.ConcernedBy(now_ + 2 * Forwarder::kSourceSettles), 0b0100);
}

TEST_F(ForwarderLayersTest, DeadEncodingIsLeftAtTheNextKeyFrameOfTheTarget) {
  Passed({.encoding = 2, .seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_THAT(Admit({.encoding = 0, .seq = 9, .frame = 400, .payload = Vp8(1, 0, true)}),
              ForwardedAs(kFirstSeq + 1));
}

TEST_F(ForwarderLayersTest, KeyFrameThatComesAgainAfterWhatFollowedItIsNoPlaceToEnter) {
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  Admit({.seq = 11, .frame = 1, .payload = Vp8(2, 0)});
  EXPECT_THAT(Admit({.seq = 10, .payload = Vp8(1, 0, true)}), WasDropped(DropReason::kTooLate));
}

TEST_F(ForwarderLayersTest, WithoutReportsANewEncodingGoesOnByTimeOfArrival) {
  const Rewrite first = Passed({.encoding = 0, .seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{1, {0, 2}});
  const Rewrite next = Passed({.encoding = 1, .seq = 1, .frame = 3, .payload = Vp8(1, 0, true)});
  EXPECT_NEAR(next.timestamp - first.timestamp, 3.0 * kFrameTicks, 2);
}

TEST_F(ForwarderLayersTest, WithReportsANewEncodingIsPutWhereItWasCaptured) {
  const Timestamp start(std::chrono::seconds(99));
  sources_[0].clock = {start, TimestampOf(0, -30)};
  sources_[1].clock = {start + std::chrono::milliseconds(500), TimestampOf(1, -15)};
  const Rewrite first = Passed({.encoding = 0, .seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{1, {0, 2}});
  // It comes eight frame times later than it was captured.
  now_ += 10 * kFrameTime;
  const Rewrite next = Passed({.encoding = 1, .seq = 1, .frame = 2, .payload = Vp8(1, 0, true)});
  EXPECT_EQ(next.timestamp - first.timestamp, 2 * kFrameTicks);
}

TEST_F(ForwarderLayersTest, NumbersOfPicturesGoOnOverEncodings) {
  const Rewrite first = Passed({.seq = 1, .payload = Vp8(0x7fff, 0, true)});
  EXPECT_EQ(first.patch, PayloadPatch::kNone);
  forwarder_.SetTarget(LayerTarget{1, {0, 2}});
  const Rewrite next =
      Passed({.encoding = 1, .seq = 1, .frame = 1, .payload = Vp8(1234, 0, true, false, 99)});
  EXPECT_EQ(next.patch, PayloadPatch::kVp8);
  EXPECT_EQ(next.picture_id, 0);
  EXPECT_EQ(next.base_index, 8);
  EXPECT_EQ(next.key_index, 4);
}

TEST_F(ForwarderLayersTest, PictureIdsCloseUpOverFramesThatAreLeftOut) {
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{0, {0, 1}});
  EXPECT_THAT(Admit({.seq = 2, .frame = 1, .payload = Vp8(2, 2)}),
              WasDropped(DropReason::kOtherLayer));
  const Rewrite next = Passed({.seq = 3, .frame = 2, .payload = Vp8(3, 1)});
  EXPECT_EQ(next.picture_id, 2);
  EXPECT_EQ(next.seq, SeqNo(kFirstSeq + 1));
}

TEST_F(ForwarderLayersTest, PictureIdOfALostFrameStaysOpen) {
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  EXPECT_EQ(Passed({.seq = 3, .frame = 2, .payload = Vp8(3, 0, false, false, 8)}).picture_id, 3);
  EXPECT_EQ(Passed({.seq = 2, .frame = 1, .payload = Vp8(2, 2)}).picture_id, 2);
}

TEST_F(ForwarderLayersTest, BaseIndexTellsWhichLostFramesNobodyWants) {
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  // Pictures 2 and 3 are missing, and no base frame with them.
  EXPECT_EQ(Passed({.seq = 4, .frame = 3, .payload = Vp8(4, 0, false, false, 8)}).picture_id, 2);
  // Pictures 5 to 7 are missing, and one was a base frame.
  EXPECT_EQ(Passed({.seq = 8, .frame = 7, .payload = Vp8(8, 0, false, false, 10)}).picture_id, 6);
}

TEST_F(ForwarderLayersTest, EncoderThatCountsAnewGoesOn) {
  Passed({.seq = 1, .payload = Vp8(900, 0, true)});
  EXPECT_EQ(Passed({.seq = 2, .frame = 1, .payload = Vp8(5, 0)}).picture_id, 901);
  EXPECT_EQ(Passed({.seq = 3, .frame = 2, .payload = Vp8(5, 0)}).picture_id, 902);
}

TEST_F(ForwarderLayersTest, TemporalLayersAreEnteredAtTheirSync) {
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(Admit({.seq = 2, .frame = 1, .payload = Vp8(2, 1)}),
              WasDropped(DropReason::kOtherLayer));
  Passed({.seq = 3, .frame = 2, .payload = Vp8(3, 2, false, true)});
  // It may depend on the layer below, which is not there yet.
  EXPECT_THAT(Admit({.seq = 4, .frame = 3, .payload = Vp8(4, 2)}),
              WasDropped(DropReason::kOtherLayer));
  Passed({.seq = 5, .frame = 4, .payload = Vp8(5, 1, false, true)});
  Passed({.seq = 6, .frame = 5, .payload = Vp8(6, 2)});
  EXPECT_THAT(forwarder_.current(), Optional(LayerTarget{0, {0, 2}}));
}

TEST_F(ForwarderLayersTest, AllPacketsOfAFrameShareTheFateOfItsPlace) {
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  // The target changed while packet 2 of a frame that began before was late.
  Passed({.seq = 4, .frame = 2, .payload = Vp8(3, 0, false, false, 8)});
  EXPECT_THAT(Admit({.seq = 3, .frame = 1, .payload = Vp8(2, 2)}), ForwardedAs(kFirstSeq + 2));
  EXPECT_THAT(Admit({.seq = 2, .frame = 1, .payload = Vp8(2, 2)}), ForwardedAs(kFirstSeq + 1));
  EXPECT_THAT(Admit({.seq = 5, .frame = 3, .payload = Vp8(4, 2, false, false, 8)}),
              WasDropped(DropReason::kOtherLayer));
}

TEST_F(ForwarderLayersTest, HoleOfAnUnwantedPacketIsFilledWithPadding) {
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  Passed({.seq = 3, .frame = 2, .payload = Vp8(3, 0, false, false, 8)});
  const Rewrite late = Passed({.seq = 2, .frame = 1, .payload = Vp8(2, 2)});
  EXPECT_TRUE(late.padding_only);
  EXPECT_EQ(late.seq, SeqNo(kFirstSeq + 1));
  EXPECT_FALSE(late.marker);
}

TEST_F(ForwarderLayersTest, LatePacketsOfTheEncodingBeforeKeepTheirNumbers) {
  Passed({.encoding = 0, .seq = 1, .payload = Vp8(1, 0, true)});
  Passed({.encoding = 0, .seq = 3, .frame = 2, .payload = Vp8(3, 0)});
  forwarder_.SetTarget(LayerTarget{1, {0, 2}});
  Passed({.encoding = 1, .seq = 70, .frame = 3, .payload = Vp8(9, 0, true)});
  const Rewrite late = Passed({.encoding = 0, .seq = 2, .frame = 1, .payload = Vp8(2, 0)});
  EXPECT_EQ(late.seq, SeqNo(kFirstSeq + 1));
  EXPECT_EQ(late.picture_id, 2);
  EXPECT_FALSE(late.padding_only);
}

TEST_F(ForwarderLayersTest, NoTargetIsNoPicture) {
  Passed({.seq = 1, .payload = Vp8(1, 0, true)});
  forwarder_.SetTarget(std::nullopt);
  EXPECT_THAT(Admit({.seq = 2, .payload = Vp8(2, 0)}), WasDropped(DropReason::kConsumerPaused));
  EXPECT_EQ(forwarder_.current(), std::nullopt);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  EXPECT_THAT(Admit({.seq = 9, .frame = 9, .payload = Vp8(9, 0, true)}),
              ForwardedAs(kFirstSeq + 1));
}

class Vp9ForwarderTest : public ForwarderLayersTest {
 protected:
  Vp9ForwarderTest() { Use(OptionsFor(Kind::kVp9, SvcMode::kFull)); }

  static Bytes Vp9(uint16_t picture, uint8_t spatial, uint8_t temporal, bool key = false,
                   bool up = false) {
    return test::Vp9Payload({.key_frame = key,
                             .picture_id = picture,
                             .layers = true,
                             .temporal = temporal,
                             .spatial = spatial,
                             .switching_up = up,
                             .inter_layer = spatial > 0,
                             .base_index = static_cast<uint8_t>(picture)});
  }
  // One picture of three sizes, of which those up to `expected` pass, the last with the marker.
  void Picture(int frame, bool key, int expected) {
    for (uint8_t spatial = 0; spatial < 3; ++spatial) {
      const Verdict verdict =
          Admit({.seq = next_seq_++,
                 .frame = frame,
                 .marker = spatial == 2,
                 .payload = Vp9(static_cast<uint16_t>(frame), spatial, 0, key)});
      const auto* rewrite = std::get_if<Rewrite>(&verdict);
      ASSERT_EQ(rewrite != nullptr, spatial <= expected) << "picture " << frame;
      if (rewrite != nullptr) {
        EXPECT_EQ(rewrite->marker, spatial == expected);
      }
    }
  }
  int64_t next_seq_ = 1;
};

TEST_F(Vp9ForwarderTest, LargerSizeComesWithAKeyPictureAndSmallerAtOnce) {
  forwarder_.SetTarget(LayerTarget{0, {1, 2}});
  Picture(1, true, 1);
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  Picture(2, false, 1);
  Picture(3, true, 2);
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  Picture(4, false, 0);
}

TEST_F(Vp9ForwarderTest, SizeThatIsNotSentIsNotAskedFor) {
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  Passed({.seq = 1, .payload = Vp9(1, 0, 0, true)});
  Passed({.seq = 2, .payload = Vp9(1, 1, 0, true)});
  Passed({.seq = 3, .frame = 1, .payload = Vp9(2, 0, 0)});
  EXPECT_EQ(forwarder_.awaiting_key_frame(), std::nullopt);
  EXPECT_THAT(forwarder_.current(), Optional(LayerTarget{0, {1, 0}}));
}

TEST_F(Vp9ForwarderTest, PictureIdsKeepTheirDistances) {
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  Passed({.seq = 1, .payload = Vp9(1, 0, 0, true)});
  Admit({.seq = 2, .frame = 1, .payload = Vp9(2, 0, 1)});
  const Rewrite next = Passed({.seq = 3, .frame = 2, .payload = Vp9(3, 0, 0)});
  EXPECT_EQ(next.patch, PayloadPatch::kNone);
  EXPECT_EQ(next.picture_id, 3);
}

TEST_F(Vp9ForwarderTest, TemporalLayersComeBehindASwitchingPoint) {
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  Passed({.seq = 1, .payload = Vp9(1, 0, 0, true)});
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_THAT(Admit({.seq = 2, .frame = 1, .payload = Vp9(2, 0, 2, false, true)}),
              WasDropped(DropReason::kOtherLayer));
  Passed({.seq = 3, .frame = 2, .payload = Vp9(3, 0, 0, false, true)});
  Passed({.seq = 4, .frame = 3, .payload = Vp9(4, 0, 2)});
}

TEST_F(Vp9ForwarderTest, KSvcPassesOneSizeBetweenKeyPictures) {
  Use(OptionsFor(Kind::kVp9, SvcMode::kKey));
  forwarder_.SetTarget(LayerTarget{0, {1, 2}});
  Picture(1, true, 1);
  EXPECT_THAT(Admit({.seq = next_seq_++, .frame = 2, .payload = Vp9(2, 0, 0)}),
              WasDropped(DropReason::kOtherLayer));
  Passed({.seq = next_seq_++, .frame = 2, .payload = Vp9(2, 1, 0)});
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  EXPECT_THAT(Admit({.seq = next_seq_++, .frame = 3, .payload = Vp9(3, 0, 0)}),
              WasDropped(DropReason::kOtherLayer));
  Picture(4, true, 0);
}

TEST_F(Vp9ForwarderTest, KSvcWithoutTheWantedSizeShowsTheLargestThereIs) {
  Use(OptionsFor(Kind::kVp9, SvcMode::kKey));
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  Passed({.seq = 1, .payload = Vp9(1, 0, 0, true)});
  Passed({.seq = 2, .payload = Vp9(1, 1, 0, true)});
  EXPECT_THAT(Admit({.seq = 3, .frame = 1, .payload = Vp9(2, 0, 0)}),
              WasDropped(DropReason::kOtherLayer));
  Passed({.seq = 4, .frame = 1, .payload = Vp9(2, 1, 0)});
}

class DescriptorForwarderTest : public ForwarderLayersTest {
 protected:
  DescriptorForwarderTest() { Use(OptionsFor(Kind::kAv1)); }

  Verdict Offer(const test::ScalableStream& stream, const test::ScalableFrame& frame,
                uint8_t encoding = 0) {
    // What cannot be read must not matter.
    const Bytes noise(40, static_cast<uint8_t>(next_seq_ * 37));
    return Admit({.encoding = encoding,
                  .seq = next_seq_++,
                  .frame = picture_,
                  .marker = frame.last_of_picture,
                  .payload = noise,
                  .descriptor = stream.Describe(frame)});
  }
  // Which sizes of the next picture pass, one letter each.
  std::string NextPicture(test::ScalableStream& stream, bool key = false) {
    std::string passed;
    ++picture_;
    for (const test::ScalableFrame& frame : stream.NextPicture(key)) {
      const Verdict verdict = Offer(stream, frame);
      if (std::holds_alternative<Rewrite>(verdict)) last_ = std::get<Rewrite>(verdict);
      passed += std::holds_alternative<Rewrite>(verdict) ? 'x' : '-';
    }
    return passed;
  }

  int64_t next_seq_ = 1;
  int picture_ = 0;
  Rewrite last_;
};

TEST_F(DescriptorForwarderTest, EncryptedStreamIsEnteredWithItsStructure) {
  test::ScalableStream stream("L1T2");
  const auto key = stream.NextPicture();
  EXPECT_THAT(Offer(stream, stream.NextPicture()[0]), WasDropped(DropReason::kAwaitingKeyframe));
  EXPECT_EQ(NextPicture(stream, true), "x");
}

TEST_F(DescriptorForwarderTest, SizesOfL3T3FollowTheTarget) {
  test::ScalableStream stream("L3T3");
  forwarder_.SetTarget(LayerTarget{0, {1, 0}});
  EXPECT_EQ(NextPicture(stream), "xx-");
  EXPECT_TRUE(last_.marker);
  EXPECT_EQ(NextPicture(stream), "---");  // T2
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  EXPECT_EQ(NextPicture(stream, true), "xxx");
  EXPECT_EQ(NextPicture(stream), "xxx");
  forwarder_.SetTarget(LayerTarget{0, {0, 2}});
  EXPECT_EQ(NextPicture(stream), "x--");
}

TEST_F(DescriptorForwarderTest, ActiveTargetsSayWhatPasses) {
  test::ScalableStream stream("L3T3");
  forwarder_.SetTarget(LayerTarget{0, {1, 1}});
  NextPicture(stream);
  EXPECT_EQ(last_.target_count, 9);
  EXPECT_EQ(last_.active_targets, 0b000'011'011u);
}

TEST_F(DescriptorForwarderTest, EverythingNeedsNoStatement) {
  test::ScalableStream stream("L3T3");
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  NextPicture(stream);
  EXPECT_EQ(last_.target_count, 0);
}

TEST_F(DescriptorForwarderTest, KSvcGoesDownAtAKeyPictureAndAsksForIt) {
  test::ScalableStream stream("L3T3_KEY");
  forwarder_.SetTarget(LayerTarget{0, {2, 2}});
  EXPECT_EQ(NextPicture(stream), "xxx");
  EXPECT_EQ(NextPicture(stream), "--x");
  forwarder_.SetTarget(LayerTarget{0, {1, 2}});
  EXPECT_EQ(NextPicture(stream), "--x");
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  EXPECT_EQ(NextPicture(stream, true), "xx-");
}

TEST_F(DescriptorForwarderTest, StreamsInsideOfAStreamAreSwitchedLikeEncodings) {
  test::ScalableStream stream("S3T1");
  forwarder_.SetTarget(LayerTarget{0, {0, 0}});
  EXPECT_EQ(NextPicture(stream), "x--");
  EXPECT_EQ(NextPicture(stream), "x--");
  const Rewrite before = last_;
  forwarder_.SetTarget(LayerTarget{0, {2, 0}});
  EXPECT_EQ(NextPicture(stream), "x--");
  EXPECT_THAT(forwarder_.awaiting_key_frame(), Optional(0));
  // The small one had gone out when the large one turned out to be independent.
  EXPECT_EQ(NextPicture(stream, true), "x-x");
  EXPECT_EQ(last_.timestamp, before.timestamp + 2 * kFrameTicks + 1);
  EXPECT_EQ(NextPicture(stream), "--x");
}

TEST_F(DescriptorForwarderTest, FrameThatBringsTheStructurePassesForItsSake) {
  test::ScalableStream stream("S3T1");
  forwarder_.SetTarget(LayerTarget{0, {2, 0}});
  EXPECT_EQ(NextPicture(stream), "x-x");
  EXPECT_EQ(NextPicture(stream), "--x");
}

TEST_F(DescriptorForwarderTest, FrameNumbersGoOnOverEncodings) {
  test::ScalableStream first("L1T1", 65'535), second("L1T1", 700);
  Offer(first, first.NextPicture()[0]);
  forwarder_.SetTarget(LayerTarget{1, {0, 0}});
  ++picture_;
  const Verdict verdict = Offer(second, second.NextPicture()[0], 1);
  ASSERT_TRUE(std::holds_alternative<Rewrite>(verdict));
  EXPECT_TRUE(std::get<Rewrite>(verdict).renumbers_frame);
  EXPECT_EQ(std::get<Rewrite>(verdict).frame_number, 0);
}

TEST_F(DescriptorForwarderTest, WhatIsNotUnderstoodYetPasses) {
  test::ScalableStream first("L1T2", 0, 0), second("L1T3", 50, 30);
  NextPicture(first);
  // The structure of the second is lost on the way.
  const auto lost = second.NextPicture();
  const int64_t lost_seq = next_seq_++;
  ++picture_;
  EXPECT_TRUE(std::holds_alternative<Rewrite>(Offer(second, second.NextPicture()[0])));
  const Verdict late = Admit({.seq = lost_seq,
                              .frame = picture_ - 1,
                              .payload = Bytes(40, 1),
                              .descriptor = second.Describe(lost[0])});
  EXPECT_THAT(late, ForwardedAs(kFirstSeq + 1));
}

TEST_F(ForwarderLayersTest, SilenceIsLeftOutWithoutAGapIfToldSo) {
  Forwarder::Options options = OptionsFor(Kind::kOpus);
  options.ignore_dtx = true;
  Use(options);
  Passed({.seq = 1, .payload = test::OpusPayload()});
  EXPECT_THAT(Admit({.seq = 2, .frame = 1, .payload = test::OpusPayload(true)}),
              WasDropped(DropReason::kOtherLayer));
  EXPECT_THAT(Admit({.seq = 3, .frame = 9, .payload = test::OpusPayload()}),
              ForwardedAs(kFirstSeq + 1));
}

TEST_F(ForwarderLayersTest, SilencePassesOtherwise) {
  Use(OptionsFor(Kind::kOpus));
  Passed({.seq = 1, .payload = test::OpusPayload(true)});
}

TEST_F(ForwarderLayersTest, BlocksOfRedGetTheReceiversName) {
  Forwarder::Options options = OptionsFor(Kind::kRed);
  options.red = {kMedia, PayloadType(111)};
  Use(options);
  const Rewrite rewrite = Passed({.seq = 1, .payload = {0x64, 0xfc, 1, 2, 3}});
  EXPECT_EQ(rewrite.patch, PayloadPatch::kRed);
  EXPECT_EQ(rewrite.key_index, 111);
}

}  // namespace
}  // namespace sluice::rtp
