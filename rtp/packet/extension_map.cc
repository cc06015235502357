#include "rtp/packet/extension_map.h"

namespace sluice::rtp {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, kExtensionCount> kUris = {
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    "urn:3gpp:video-orientation",
    "urn:ietf:params:rtp-hdrext:toffset",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
};

}  // namespace

std::optional<Extension> ExtensionFromUri(std::string_view uri) {
  for (size_t i = 0; i < kUris.size(); ++i) {
    if (kUris[i] == uri) return static_cast<Extension>(i);
  }
  return std::nullopt;
}

std::string_view ExtensionUri(Extension extension) { return kUris[static_cast<size_t>(extension)]; }

bool ExtensionMap::Add(uint8_t id, Extension extension) {
  if (id == 0) return false;
  const std::optional<Extension> meaning = Meaning(id);
  const uint8_t known_id = Id(extension);
  if (!meaning && known_id == 0) {
    meaning_[id] = static_cast<uint8_t>(extension);
    id_[static_cast<size_t>(extension)] = id;
    return true;
  }
  return meaning == extension && known_id == id;
}

}  // namespace sluice::rtp
