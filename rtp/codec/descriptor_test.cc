#include "rtp/codec/descriptor.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;

constexpr Kind kAllKinds[] = {
    Kind::kUnknown, Kind::kOpus,           Kind::kMultiOpus,    Kind::kPcmu, Kind::kPcma,
    Kind::kG722,    Kind::kTelephoneEvent, Kind::kComfortNoise, Kind::kVp8,  Kind::kVp9,
    Kind::kH264,    Kind::kH265,           Kind::kAv1,          Kind::kRtx};

TEST(DescriptorTest, MimeNamesInAnyCase) {
  EXPECT_EQ(KindFromMime("audio/opus"), Kind::kOpus);
  EXPECT_EQ(KindFromMime("AUDIO/Opus"), Kind::kOpus);
  EXPECT_EQ(KindFromMime("audio/multiopus"), Kind::kMultiOpus);
  EXPECT_EQ(KindFromMime("audio/pcmu"), Kind::kPcmu);
  EXPECT_EQ(KindFromMime("audio/PCMA"), Kind::kPcma);
  EXPECT_EQ(KindFromMime("audio/G722"), Kind::kG722);
  EXPECT_EQ(KindFromMime("audio/telephone-event"), Kind::kTelephoneEvent);
  EXPECT_EQ(KindFromMime("audio/CN"), Kind::kComfortNoise);
  EXPECT_EQ(KindFromMime("video/vp8"), Kind::kVp8);
  EXPECT_EQ(KindFromMime("video/VP9"), Kind::kVp9);
  EXPECT_EQ(KindFromMime("video/H264"), Kind::kH264);
  EXPECT_EQ(KindFromMime("video/h265"), Kind::kH265);
  EXPECT_EQ(KindFromMime("video/AV1"), Kind::kAv1);
  EXPECT_EQ(KindFromMime("video/rtx"), Kind::kRtx);
  EXPECT_EQ(KindFromMime("audio/rtx"), Kind::kRtx);
}

TEST(DescriptorTest, OtherMimeNamesAreUnknown) {
  for (const std::string_view mime :
       {"", "opus", "video/opus", "audio/opus ", "audio/opu", "audio/opuss", "video/ulpfec"}) {
    EXPECT_EQ(KindFromMime(mime), Kind::kUnknown) << mime;
  }
}

TEST(DescriptorTest, MediaKindIsThePartBeforeTheSlash) {
  EXPECT_EQ(MediaKindFromMime("audio/anything"), MediaKind::kAudio);
  EXPECT_EQ(MediaKindFromMime("Video/rtx"), MediaKind::kVideo);
  EXPECT_EQ(MediaKindFromMime("application/x"), std::nullopt);
  EXPECT_EQ(MediaKindFromMime("audio"), std::nullopt);
}

TEST(DescriptorTest, EveryVideoCodecShowsItsKeyFrames) {
  const auto key_frame = [](Kind kind, const Bytes& payload) {
    EXPECT_TRUE(HasKeyFrames(kind));
    const Description description = Describe(kind, payload, false);
    return description.key_frame && description.frame_start;
  };
  EXPECT_TRUE(key_frame(Kind::kVp8, test::Vp8Payload({.key_frame = true})));
  EXPECT_TRUE(key_frame(Kind::kVp9, test::Vp9Payload({.key_frame = true})));
  EXPECT_TRUE(key_frame(Kind::kH264, test::H264Payload(true)));
  EXPECT_TRUE(key_frame(Kind::kH265, test::H265Payload(true)));
  EXPECT_TRUE(key_frame(Kind::kAv1, test::Av1Payload({.key_frame = true})));
  EXPECT_FALSE(key_frame(Kind::kVp8, test::Vp8Payload({})));
  EXPECT_FALSE(key_frame(Kind::kVp9, test::Vp9Payload({})));
  EXPECT_FALSE(key_frame(Kind::kH264, test::H264Payload(false)));
  EXPECT_FALSE(key_frame(Kind::kH265, test::H265Payload(false)));
  EXPECT_FALSE(key_frame(Kind::kAv1, test::Av1Payload({})));
}

TEST(DescriptorTest, EveryAudioPacketIsAFrame) {
  for (const Kind kind : {Kind::kOpus, Kind::kMultiOpus, Kind::kPcmu, Kind::kPcma, Kind::kG722,
                          Kind::kTelephoneEvent, Kind::kComfortNoise}) {
    EXPECT_FALSE(HasKeyFrames(kind));
    EXPECT_EQ(Describe(kind, test::OpusPayload(), false),
              (Description{.frame_start = true, .frame_end = true}));
  }
}

TEST(DescriptorTest, EmptyPayloadDescribesAsNothing) {
  for (const Kind kind : kAllKinds) EXPECT_EQ(Describe(kind, {}, true), Description());
}

TEST(DescriptorTest, UnknownDescribesAsNothing) {
  EXPECT_EQ(Describe(Kind::kUnknown, test::Vp8Payload({.key_frame = true}), true), Description());
  EXPECT_EQ(Describe(Kind::kRtx, test::Vp8Payload({.key_frame = true}), true), Description());
}

TEST(DescriptorTest, DependencyDescriptorCountsForAv1Only) {
  const Bytes value = test::DependencyDescriptorValue({.frame_number = 5, .structure = true});
  EXPECT_EQ(Describe(Kind::kAv1, test::Av1Payload({}), true, value).picture_id, 5);
  EXPECT_EQ(Describe(Kind::kVp8, test::Vp8Payload({}), true, value),
            Describe(Kind::kVp8, test::Vp8Payload({}), true));
}

}  // namespace
}  // namespace sluice::rtp::codec
