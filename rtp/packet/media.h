// The two kinds of media a stream can carry.

#ifndef SLUICE_RTP_PACKET_MEDIA_H_
#define SLUICE_RTP_PACKET_MEDIA_H_

#include <cstdint>

namespace sluice::rtp {

enum class MediaKind : uint8_t { kAudio, kVideo };

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_MEDIA_H_
