// What the numbers of RTP header extensions mean (RFC 8285 §5): negotiated id <-> meaning.
//
// One map belongs to one direction of one transport: ids are a matter between two ends, and every
// receiver may have its own. Extensions we do not know have no place here, and are skipped.

#ifndef SLUICE_RTP_PACKET_EXTENSION_MAP_H_
#define SLUICE_RTP_PACKET_EXTENSION_MAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::rtp {

enum class Extension : uint8_t {
  kMid,                   // RFC 8843 §15
  kRid,                   // RFC 8852 §3.1
  kRepairedRid,           // RFC 8852 §3.2
  kAbsSendTime,           // when the packet left, 24 bits of NTP time
  kTransportSequence,     // one number space for all streams of a transport
  kAudioLevel,            // RFC 6464
  kDependencyDescriptor,  // AV1 RTP payload format, appendix A
  kVideoOrientation,      // 3GPP TS 26.114 §7.4.5
  kTimeOffset,            // RFC 5450
  kAbsCaptureTime,        // when the frame was captured
  kPlayoutDelay,          // bounds of the receiver's jitter buffer
};
inline constexpr size_t kExtensionCount = 11;

std::optional<Extension> ExtensionFromUri(std::string_view uri);
std::string_view ExtensionUri(Extension extension);

class ExtensionMap {
 public:
  ExtensionMap() { meaning_.fill(kNothing); }

  // Adding what is already so changes nothing and is true. False, and nothing changes, if the id
  // is 0 (padding) or has another meaning, or if the extension has another id.
  bool Add(uint8_t id, Extension extension);

  std::optional<Extension> Meaning(uint8_t id) const {
    if (meaning_[id] == kNothing) return std::nullopt;
    return static_cast<Extension>(meaning_[id]);
  }
  // Zero means that it was not negotiated.
  uint8_t Id(Extension extension) const { return id_[static_cast<size_t>(extension)]; }

 private:
  static constexpr uint8_t kNothing = 0xff;

  // Indexed by id, for one load per element of a packet that is parsed.
  std::array<uint8_t, 256> meaning_;
  std::array<uint8_t, kExtensionCount> id_{};
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_EXTENSION_MAP_H_
