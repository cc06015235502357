#include "rtp/codec/descriptor.h"

#include <algorithm>

#include "rtp/codec/av1.h"
#include "rtp/codec/h264.h"
#include "rtp/codec/h265.h"
#include "rtp/codec/opus.h"
#include "rtp/codec/red.h"
#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"

namespace sluice::rtp::codec {
namespace {

struct MimeName {
  std::string_view mime;
  Kind kind;
};

constexpr MimeName kMimeNames[] = {
    {"audio/opus", Kind::kOpus},       {"audio/multiopus", Kind::kMultiOpus},
    {"audio/PCMU", Kind::kPcmu},       {"audio/PCMA", Kind::kPcma},
    {"audio/G722", Kind::kG722},       {"audio/telephone-event", Kind::kTelephoneEvent},
    {"audio/CN", Kind::kComfortNoise}, {"audio/rtx", Kind::kRtx},
    {"audio/red", Kind::kRed},         {"video/VP8", Kind::kVp8},
    {"video/VP9", Kind::kVp9},         {"video/H264", Kind::kH264},
    {"video/H265", Kind::kH265},       {"video/AV1", Kind::kAv1},
    {"video/rtx", Kind::kRtx},
};

// RFC 6838 §4.2: the names of media types are ASCII, and case does not matter.
bool StartsWith(std::string_view text, std::string_view prefix) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return text.size() >= prefix.size() &&
         std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, lower, lower);
}

// Codecs without a structure of their own: every packet is a frame, or as good as one.
Description DescribeWholeFrame(ByteView payload) {
  Description description;
  description.frame_start = !payload.empty();
  description.frame_end = !payload.empty();
  return description;
}

}  // namespace

Kind KindFromMime(std::string_view mime) {
  for (const MimeName& name : kMimeNames) {
    if (mime.size() == name.mime.size() && StartsWith(mime, name.mime)) return name.kind;
  }
  return Kind::kUnknown;
}

std::optional<MediaKind> MediaKindFromMime(std::string_view mime) {
  if (StartsWith(mime, "audio/")) return MediaKind::kAudio;
  if (StartsWith(mime, "video/")) return MediaKind::kVideo;
  return std::nullopt;
}

bool HasKeyFrames(Kind kind) {
  return kind == Kind::kVp8 || kind == Kind::kVp9 || kind == Kind::kH264 || kind == Kind::kH265 ||
         kind == Kind::kAv1;
}

Description Describe(Kind kind, ByteView payload, bool marker,
                     std::optional<ByteView> dependency_descriptor) {
  switch (kind) {
    case Kind::kOpus:
      return DescribeOpus(payload);
    case Kind::kRed:
      return DescribeRed(payload);
    case Kind::kMultiOpus:
    case Kind::kPcmu:
    case Kind::kPcma:
    case Kind::kG722:
    case Kind::kTelephoneEvent:
    case Kind::kComfortNoise:
      return DescribeWholeFrame(payload);
    case Kind::kVp8:
      return DescribeVp8(payload, marker);
    case Kind::kVp9:
      return DescribeVp9(payload);
    case Kind::kH264:
      return DescribeH264(payload, marker);
    case Kind::kH265:
      return DescribeH265(payload, marker);
    case Kind::kAv1:
      return DescribeAv1(payload, marker, dependency_descriptor);
    case Kind::kUnknown:
    case Kind::kRtx:
      break;
  }
  return {};
}

}  // namespace sluice::rtp::codec
