#include "worker/engine/media_plan.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "worker/engine/limits.h"

namespace sluice::worker {
namespace {

using rtp::MediaKind;
using rtp::codec::Kind;

absl::Status Bad(absl::string_view field, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("rtpParameters.", field, ": ", why));
}

const std::string* FindParameter(const schema::RtpCodecParametersT& codec, absl::string_view name) {
  for (const auto& parameter : codec.parameters) {
    if (absl::EqualsIgnoreCase(parameter->name, name)) return &parameter->value;
  }
  return nullptr;
}

void ReadFeedback(const schema::RtpCodecParametersT& codec, CodecPlan& plan) {
  for (const auto& feedback : codec.rtcp_feedback) {
    if (feedback->type == "nack" && feedback->parameter.empty()) plan.nack = true;
    if (feedback->type == "nack" && feedback->parameter == "pli") plan.pli = true;
    if (feedback->type == "ccm" && feedback->parameter == "fir") plan.fir = true;
    if (feedback->type == "transport-cc") plan.transport_feedback = true;
    if (feedback->type == "goog-remb") plan.remb = true;
  }
}

absl::StatusOr<CodecPlan> ReadCodec(const schema::RtpCodecParametersT& codec, MediaKind kind,
                                    const std::string& field) {
  if (codec.payload_type > 127) return Bad(field + ".payloadType", "above 127");
  // RFC 5761 §4: these would look like RTCP once the marker bit is set.
  if (codec.payload_type >= 64 && codec.payload_type <= 95) {
    return Bad(field + ".payloadType", "64 to 95 cannot be told from RTCP (RFC 5761)");
  }
  if (codec.clock_rate == 0) return Bad(field + ".clockRate", "zero");
  const absl::string_view prefix = kind == MediaKind::kAudio ? "audio/" : "video/";
  if (!absl::StartsWithIgnoreCase(codec.mime_type, prefix)) {
    return Bad(field + ".mimeType", absl::StrCat("'", absl::CHexEscape(codec.mime_type),
                                                 "' does not begin with ", prefix));
  }
  CodecPlan plan;
  plan.payload_type = PayloadType(codec.payload_type);
  plan.kind = rtp::codec::KindFromMime(codec.mime_type);
  plan.mime_type = codec.mime_type;
  plan.clock_rate = codec.clock_rate;
  ReadFeedback(codec, plan);
  const std::string* dtx = FindParameter(codec, "usedtx");
  plan.dtx = dtx != nullptr && *dtx == "1";
  if (plan.kind == Kind::kRtx) {
    const std::string* apt = FindParameter(codec, "apt");
    uint32_t repeated = 0;
    if (apt == nullptr || !absl::SimpleAtoi(*apt, &repeated) || repeated > 127) {
      return Bad(field + ".parameters.apt", "missing or not a payload type");
    }
    plan.repeats = PayloadType(static_cast<uint8_t>(repeated));
  }
  return plan;
}

absl::Status ReadCodecs(const schema::RtpParametersT& parameters, MediaPlan& plan) {
  if (parameters.codecs.empty()) return Bad("codecs", "empty");
  for (size_t i = 0; i < parameters.codecs.size(); ++i) {
    const std::string field = absl::StrCat("codecs[", i, "]");
    absl::StatusOr<CodecPlan> codec = ReadCodec(*parameters.codecs[i], plan.kind, field);
    if (!codec.ok()) return codec.status();
    for (const CodecPlan& other : plan.codecs) {
      if (other.payload_type == codec->payload_type) {
        return Bad(field + ".payloadType", "used twice");
      }
    }
    plan.codecs.push_back(*std::move(codec));
  }
  if (plan.codecs.front().kind == Kind::kRtx) {
    return Bad("codecs[0].mimeType", "the first codec must carry media, not retransmissions");
  }
  for (size_t i = 0; i < plan.codecs.size(); ++i) {
    const std::optional<PayloadType> repeats = plan.codecs[i].repeats;
    if (!repeats) continue;
    const bool known = std::ranges::any_of(plan.codecs, [&](const CodecPlan& other) {
      return other.payload_type == *repeats && other.kind != Kind::kRtx;
    });
    if (!known) {
      return Bad(absl::StrCat("codecs[", i, "].parameters.apt"), "names no codec of this list");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadExtensions(const schema::RtpParametersT& parameters, MediaPlan& plan) {
  rtp::ExtensionMap seen;
  for (size_t i = 0; i < parameters.header_extensions.size(); ++i) {
    const auto& extension = *parameters.header_extensions[i];
    const std::string field = absl::StrCat("headerExtensions[", i, "].id");
    // RFC 8285 §4.2 and §4.3: 0 is padding, 15 is reserved in the one-byte form.
    if (extension.id == 0 || extension.id == 15) return Bad(field, "0 and 15 are reserved");
    const std::optional<rtp::Extension> meaning = rtp::ExtensionFromUri(extension.uri);
    if (!meaning) continue;  // Not ours to understand: never read, never written.
    if (!seen.Add(extension.id, *meaning)) return Bad(field, "id or uri used twice");
    plan.extensions.emplace_back(extension.id, *meaning);
  }
  return absl::OkStatus();
}

// W3C webrtc-svc §5: "L3T3", "L2T2h", "S3T3", "L3T3_KEY", "L2T2_KEY_SHIFT". What is not named is
// taken for the general case, in which every layer may need all below it.
rtp::SvcMode ReadScalability(absl::string_view mode) {
  if (absl::StartsWith(mode, "S")) return rtp::SvcMode::kNone;
  return absl::StrContains(mode, "_KEY") ? rtp::SvcMode::kKey : rtp::SvcMode::kFull;
}

absl::Status ReadDeclared(const schema::RtpEncodingParametersT& source, const std::string& field,
                          EncodingPlan& encoding) {
  if (source.scale_resolution_down_by != 0) {
    // Written so that what is no number is refused as well.
    if (!(source.scale_resolution_down_by >= 1 && source.scale_resolution_down_by <= 1024)) {
      return Bad(field + ".scaleResolutionDownBy", "neither 0 nor 1 to 1024");
    }
    encoding.declared.scale_down_by = source.scale_resolution_down_by;
  }
  if (source.max_bitrate != 0) encoding.declared.max_rate = BitRate::Bps(source.max_bitrate);
  const std::string& mode = source.scalability_mode;
  encoding.svc = ReadScalability(mode);
  if (mode.size() >= 2 && (mode[0] == 'L' || mode[0] == 'S') && mode[1] >= '1' && mode[1] <= '4') {
    encoding.spatial_layers = static_cast<uint8_t>(mode[1] - '0');
  }
  return absl::OkStatus();
}

absl::Status ReadEncodings(const schema::RtpParametersT& parameters, MediaPlan& plan) {
  if (parameters.encodings.empty()) return Bad("encodings", "empty");
  if (parameters.encodings.size() > kMaxEncodings) return Bad("encodings", "more than 4");
  for (size_t i = 0; i < parameters.encodings.size(); ++i) {
    const auto& source = *parameters.encodings[i];
    const std::string field = absl::StrCat("encodings[", i, "]");
    EncodingPlan encoding;
    if (source.ssrc.has_value()) encoding.ssrc = Ssrc(*source.ssrc);
    if (source.rtx_ssrc.has_value()) encoding.rtx_ssrc = Ssrc(*source.rtx_ssrc);
    encoding.rid = source.rid;
    if (absl::Status status = ReadDeclared(source, field, encoding); !status.ok()) return status;
    if (encoding.rid.size() > kMaxRid) return Bad(field + ".rid", "longer than 16 characters");
    if (encoding.ssrc && encoding.ssrc == encoding.rtx_ssrc) {
      return Bad(field + ".rtx.ssrc", "same as ssrc");
    }
    for (const EncodingPlan& other : plan.encodings) {
      if (!encoding.rid.empty() && other.rid == encoding.rid)
        return Bad(field + ".rid", "used twice");
      if (encoding.ssrc && (other.ssrc == encoding.ssrc || other.rtx_ssrc == encoding.ssrc)) {
        return Bad(field + ".ssrc", "used twice");
      }
      if (encoding.rtx_ssrc &&
          (other.ssrc == encoding.rtx_ssrc || other.rtx_ssrc == encoding.rtx_ssrc)) {
        return Bad(field + ".rtx.ssrc", "used twice");
      }
    }
    if (!encoding.ssrc && encoding.rid.empty() &&
        (parameters.encodings.size() > 1 || plan.mid.empty())) {
      return Bad(field, "needs ssrc or rid");
    }
    plan.encodings.push_back(std::move(encoding));
  }
  return absl::OkStatus();
}

}  // namespace

rtp::LayerId MediaPlan::ReadLayers(const schema::ConsumerLayersT& layers) const {
  size_t sizes = encodings.size() > 1 ? encodings.size() : encodings.front().spatial_layers;
  // Some build sizes upon each other without declaring it.
  if (sizes <= 1) sizes = rtp::kMaxSpatialLayers;
  return {std::min(layers.spatial_layer, static_cast<uint8_t>(sizes - 1)),
          std::min<uint8_t>(layers.temporal_layer, rtp::kMaxTemporalLayers - 1)};
}

const CodecPlan& MediaPlan::main_codec() const { return codecs.front(); }

const CodecPlan* MediaPlan::RtxFor(PayloadType payload_type) const {
  for (const CodecPlan& codec : codecs) {
    if (codec.repeats == payload_type) return &codec;
  }
  return nullptr;
}

absl::StatusOr<MediaPlan> ReadMediaPlan(const schema::RtpParametersT& parameters,
                                        schema::MediaKind kind) {
  MediaPlan plan;
  switch (kind) {
    case schema::MediaKind::Audio:
      plan.kind = MediaKind::kAudio;
      break;
    case schema::MediaKind::Video:
      plan.kind = MediaKind::kVideo;
      break;
    default:
      return absl::InvalidArgumentError("kind: neither audio nor video");
  }
  plan.mid = parameters.mid;
  if (plan.mid.size() > kMaxMid) return Bad("mid", "longer than 16 characters");
  if (parameters.rtcp) plan.cname = parameters.rtcp->cname;
  // RFC 3550 §6.5: an item's length is one byte.
  if (plan.cname.size() > 255) return Bad("rtcp.cname", "longer than 255 characters");
  if (absl::Status status = ReadCodecs(parameters, plan); !status.ok()) return status;
  if (absl::Status status = ReadExtensions(parameters, plan); !status.ok()) return status;
  if (absl::Status status = ReadEncodings(parameters, plan); !status.ok()) return status;
  return plan;
}

absl::StatusOr<PayloadMap> ReadPayloadMap(
    const std::vector<std::unique_ptr<schema::PayloadTypeMappingT>>& mapping,
    const MediaPlan& plan) {
  PayloadMap map{};
  for (size_t i = 0; i < mapping.size(); ++i) {
    const auto& entry = *mapping[i];
    if (entry.payload_type > 127 || entry.mapped_payload_type > 127) {
      return absl::InvalidArgumentError(absl::StrCat("mapping[", i, "]: payload type above 127"));
    }
    map[entry.payload_type] = PayloadType(entry.mapped_payload_type);
  }
  for (const CodecPlan& codec : plan.codecs) {
    if (codec.kind != Kind::kRtx && !map[codec.payload_type.value()]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "mapping: payload type ", codec.payload_type.value(), " is mapped to nothing"));
    }
  }
  return map;
}

absl::StatusOr<PayloadMap> ReadConsumerPayloadMap(
    const std::vector<std::unique_ptr<schema::PayloadTypeMappingT>>& mapping,
    const MediaPlan& plan) {
  if (!mapping.empty()) return ReadPayloadMap(mapping, plan);
  PayloadMap map{};
  for (const CodecPlan& codec : plan.codecs) map[codec.payload_type.value()] = codec.payload_type;
  return map;
}

}  // namespace sluice::worker
