#include "tests/support/sim_media.h"

#include <utility>

#include "base/check.h"
#include "rtp/packet/extension_map.h"

namespace sluice::test {
namespace {

constexpr uint32_t kMagic = 0x51c0de55;

std::unique_ptr<schema::RtcpFeedbackT> Feedback(const char* type, const char* parameter = "") {
  auto feedback = std::make_unique<schema::RtcpFeedbackT>();
  feedback->type = type;
  feedback->parameter = parameter;
  return feedback;
}

std::unique_ptr<schema::RtpCodecParametersT> Codec(const char* mime, PayloadType payload_type,
                                                   uint32_t clock_rate) {
  auto codec = std::make_unique<schema::RtpCodecParametersT>();
  codec->mime_type = mime;
  codec->payload_type = payload_type.value();
  codec->clock_rate = clock_rate;
  return codec;
}

std::unique_ptr<schema::RtpHeaderExtensionParametersT> Header(uint8_t id,
                                                              rtp::Extension extension) {
  auto header = std::make_unique<schema::RtpHeaderExtensionParametersT>();
  header->id = id;
  header->uri = rtp::ExtensionUri(extension);
  return header;
}

}  // namespace

schema::MediaKind SchemaKind(rtp::MediaKind kind) {
  return kind == rtp::MediaKind::kAudio ? schema::MediaKind::Audio : schema::MediaKind::Video;
}

std::unique_ptr<schema::RtpParametersT> DescribeTrack(const SimTrackOptions& track,
                                                      const std::string& cname) {
  auto parameters = std::make_unique<schema::RtpParametersT>();
  parameters->mid = track.mid;
  const bool video = track.kind == rtp::MediaKind::kVideo;
  auto codec = Codec(video ? "video/VP8" : "audio/opus", track.payload_type, ClockRate(track.kind));
  if (!video) codec->channels = 2;
  if (track.nack) codec->rtcp_feedback.push_back(Feedback("nack"));
  if (video) {
    codec->rtcp_feedback.push_back(Feedback("nack", "pli"));
    codec->rtcp_feedback.push_back(Feedback("ccm", "fir"));
  }
  codec->rtcp_feedback.push_back(Feedback("transport-cc"));
  parameters->codecs.push_back(std::move(codec));
  auto encoding = std::make_unique<schema::RtpEncodingParametersT>();
  if (track.signals_ssrcs) encoding->ssrc = track.ssrc.value();
  if (track.rtx_ssrc) {
    auto rtx = Codec("video/rtx", track.rtx_payload_type, ClockRate(track.kind));
    auto apt = std::make_unique<schema::ParameterT>();
    apt->name = "apt";
    apt->value = std::to_string(track.payload_type.value());
    rtx->parameters.push_back(std::move(apt));
    parameters->codecs.push_back(std::move(rtx));
    if (track.signals_ssrcs) encoding->rtx_ssrc = track.rtx_ssrc->value();
  }
  encoding->rid = track.rid;
  encoding->max_bitrate = track.max_bitrate;
  parameters->encodings.push_back(std::move(encoding));
  using rtp::Extension;
  parameters->header_extensions.push_back(Header(kMidExtensionId, Extension::kMid));
  parameters->header_extensions.push_back(Header(kSendTimeExtensionId, Extension::kAbsSendTime));
  parameters->header_extensions.push_back(
      Header(kTransportSequenceExtensionId, Extension::kTransportSequence));
  if (!video) {
    parameters->header_extensions.push_back(Header(kAudioLevelExtensionId, Extension::kAudioLevel));
  }
  if (!track.signals_ssrcs) {
    parameters->header_extensions.push_back(Header(kRidExtensionId, Extension::kRid));
    parameters->header_extensions.push_back(
        Header(kRepairedRidExtensionId, Extension::kRepairedRid));
  }
  parameters->rtcp = std::make_unique<schema::RtcpParametersT>();
  parameters->rtcp->cname = cname;
  return parameters;
}

std::unique_ptr<schema::RtpParametersT> DescribeEncodings(
    const std::vector<SimTrackOptions>& encodings, const std::string& cname) {
  std::unique_ptr<schema::RtpParametersT> all = DescribeTrack(encodings.front(), cname);
  for (size_t i = 1; i < encodings.size(); ++i) {
    std::unique_ptr<schema::RtpParametersT> one = DescribeTrack(encodings[i], cname);
    all->encodings.push_back(std::move(one->encodings.front()));
  }
  return all;
}

std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> DescribeMapping(rtp::MediaKind kind) {
  std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> mapping;
  const auto add = [&](PayloadType from, PayloadType to) {
    auto entry = std::make_unique<schema::PayloadTypeMappingT>();
    entry->payload_type = from.value();
    entry->mapped_payload_type = to.value();
    mapping.push_back(std::move(entry));
  };
  if (kind == rtp::MediaKind::kVideo) {
    add(kProducerVideo, kRouterVideo);
    add(kProducerRtx, kRouterRtx);
  } else {
    add(kProducerAudio, kRouterAudio);
  }
  return mapping;
}

void MediaMark::WriteTo(ByteSpan payload) const {
  SLUICE_CHECK(payload.size() >= kSize);
  ByteWriter out(payload.last(kSize));
  out.U32(kMagic);
  out.U32(track);
  out.U32(index);
  out.U32(kMagic ^ track ^ index);
}

std::optional<MediaMark> MediaMark::Read(ByteView payload) {
  if (payload.size() < kSize) return std::nullopt;
  ByteReader in(payload.last(kSize));
  const uint32_t magic = in.U32();
  const uint32_t track = in.U32();
  const uint32_t index = in.U32();
  const uint32_t sum = in.U32();
  if (magic != kMagic || sum != (kMagic ^ track ^ index)) return std::nullopt;
  return MediaMark{track, index};
}

}  // namespace sluice::test
