#include "bench/load/sluice_media.h"

#include <utility>

#include "rtp/packet/extension_map.h"

namespace sluice::load {
namespace {

using rtp::Extension;
using rtp::codec::Kind;

constexpr const char* kMimes[] = {"audio/opus", "video/VP8", "video/VP9", "video/H264",
                                  "video/AV1"};

const char* MimeOf(Kind codec) {
  for (const char* mime : kMimes) {
    if (rtp::codec::KindFromMime(mime) == codec) return mime;
  }
  return "";
}

std::unique_ptr<schema::RtcpFeedbackT> Feedback(const char* type, const char* parameter = "") {
  auto feedback = std::make_unique<schema::RtcpFeedbackT>();
  feedback->type = type;
  feedback->parameter = parameter;
  return feedback;
}

std::unique_ptr<schema::ParameterT> Parameter(const char* name, std::string value) {
  auto parameter = std::make_unique<schema::ParameterT>();
  parameter->name = name;
  parameter->value = std::move(value);
  return parameter;
}

std::unique_ptr<schema::RtpHeaderExtensionParametersT> Header(uint8_t id, Extension extension) {
  auto header = std::make_unique<schema::RtpHeaderExtensionParametersT>();
  header->id = id;
  header->uri = rtp::ExtensionUri(extension);
  return header;
}

std::unique_ptr<schema::RtpCodecParametersT> MainCodec(const TrackDescription& track, bool twcc) {
  const CodecNumbers& numbers = NumbersOf(track.codec);
  auto codec = std::make_unique<schema::RtpCodecParametersT>();
  codec->mime_type = MimeOf(track.codec);
  codec->payload_type = numbers.payload_type;
  codec->clock_rate = numbers.clock_rate;
  if (!track.video()) codec->channels = 2;
  if (track.codec == Kind::kVp9) codec->parameters.push_back(Parameter("profile-id", "0"));
  if (track.codec == Kind::kH264) {
    codec->parameters.push_back(Parameter("profile-level-id", "42e01f"));
    codec->parameters.push_back(Parameter("packetization-mode", "1"));
    codec->parameters.push_back(Parameter("level-asymmetry-allowed", "1"));
  }
  if (track.video()) {
    codec->rtcp_feedback.push_back(Feedback("nack"));
    codec->rtcp_feedback.push_back(Feedback("nack", "pli"));
    codec->rtcp_feedback.push_back(Feedback("ccm", "fir"));
  }
  if (twcc) codec->rtcp_feedback.push_back(Feedback("transport-cc"));
  return codec;
}

std::unique_ptr<schema::RtpCodecParametersT> RtxCodec(const TrackDescription& track) {
  const CodecNumbers& numbers = NumbersOf(track.codec);
  auto codec = std::make_unique<schema::RtpCodecParametersT>();
  codec->mime_type = "video/rtx";
  codec->payload_type = numbers.rtx_payload_type;
  codec->clock_rate = numbers.clock_rate;
  codec->parameters.push_back(Parameter("apt", std::to_string(numbers.payload_type)));
  return codec;
}

std::unique_ptr<schema::RtpParametersT> DescribeCommon(const TrackDescription& track, bool twcc,
                                                       bool rtx) {
  auto parameters = std::make_unique<schema::RtpParametersT>();
  parameters->codecs.push_back(MainCodec(track, twcc));
  if (rtx) parameters->codecs.push_back(RtxCodec(track));
  auto& headers = parameters->header_extensions;
  headers.push_back(Header(kMidId, Extension::kMid));
  headers.push_back(Header(kAbsSendTimeId, Extension::kAbsSendTime));
  if (twcc) headers.push_back(Header(kTransportSequenceId, Extension::kTransportSequence));
  if (!track.video()) headers.push_back(Header(kAudioLevelId, Extension::kAudioLevel));
  if (track.codec == Kind::kAv1 || track.codec == Kind::kVp9) {
    headers.push_back(Header(kDependencyId, Extension::kDependencyDescriptor));
  }
  parameters->rtcp = std::make_unique<schema::RtcpParametersT>();
  parameters->rtcp->cname = "load";
  return parameters;
}

}  // namespace

schema::MediaKind KindOf(const TrackDescription& track) {
  return track.video() ? schema::MediaKind::Video : schema::MediaKind::Audio;
}

std::unique_ptr<schema::RtpParametersT> DescribeSent(const TrackDescription& track, bool twcc) {
  auto parameters = DescribeCommon(track, twcc, !track.rtx_ssrcs.empty());
  parameters->mid = track.mid;
  const size_t count = track.ssrcs.size();
  if (count > 1) parameters->header_extensions.push_back(Header(kRidId, Extension::kRid));
  for (size_t i = 0; i < count; ++i) {
    auto encoding = std::make_unique<schema::RtpEncodingParametersT>();
    encoding->ssrc = track.ssrcs[i];
    if (i < track.rtx_ssrcs.size()) encoding->rtx_ssrc = track.rtx_ssrcs[i];
    if (count > 1) {
      encoding->rid = RidOf(i);
      encoding->scale_resolution_down_by = static_cast<float>(1u << (count - 1 - i));
    }
    if (track.svc) encoding->scalability_mode = "L3T3_KEY";
    parameters->encodings.push_back(std::move(encoding));
  }
  return parameters;
}

std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> DescribeMapping(
    const TrackDescription& track) {
  std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> mapping;
  const CodecNumbers& numbers = NumbersOf(track.codec);
  for (const uint8_t payload_type : {numbers.payload_type, numbers.rtx_payload_type}) {
    if (payload_type == 0) continue;
    auto entry = std::make_unique<schema::PayloadTypeMappingT>();
    entry->payload_type = payload_type;
    entry->mapped_payload_type = payload_type;
    mapping.push_back(std::move(entry));
  }
  return mapping;
}

std::unique_ptr<schema::RtpParametersT> DescribeReceived(const TrackDescription& track, bool twcc,
                                                         StreamDescription& stream) {
  const CodecNumbers& numbers = NumbersOf(track.codec);
  const bool rtx = track.video() && !track.rtx_ssrcs.empty();
  auto parameters = DescribeCommon(track, twcc, rtx);
  if (!rtx) stream.rtx_ssrc = 0;
  stream.payload_type = numbers.payload_type;
  stream.rtx_payload_type = numbers.rtx_payload_type;
  stream.video = track.video();
  auto encoding = std::make_unique<schema::RtpEncodingParametersT>();
  encoding->ssrc = stream.ssrc;
  if (rtx) encoding->rtx_ssrc = stream.rtx_ssrc;
  parameters->encodings.push_back(std::move(encoding));
  return parameters;
}

}  // namespace sluice::load
