// What a publisher sends, one clear RTP packet after the other: VP8 pictures or Opus sound with the
// sizes that browsers give them.

#ifndef SLUICE_BENCH_SUPPORT_MEDIA_SOURCE_H_
#define SLUICE_BENCH_SUPPORT_MEDIA_SOURCE_H_

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/time.h"
#include "rtp/packet/media.h"
#include "tests/support/packet_builders.h"

namespace sluice::bench {

// How long the packets of a picture are.
enum class PictureShape : uint8_t {
  // Full packets and an odd rest.
  kFullAndRest,
  // What libwebrtc makes of VP8, VP9 and H.264: all alike to a byte, the longer ones last.
  kAboutEqual,
  // Every packet is full: what a measurement of trains wants.
  kAllFull,
};

class MediaSource {
 public:
  static constexpr Ssrc kSsrc = Ssrc(0x51c0de);

  struct Options {
    rtp::MediaKind kind = rtp::MediaKind::kVideo;
    PictureShape shape = PictureShape::kFullAndRest;
    int packets_per_picture = 6;
    Ssrc ssrc = kSsrc;
    // One picture of so many is a key frame. Zero: the first, and no other.
    uint64_t key_frame_every = 0;
    // Numbers for transport-wide feedback and send times are written.
    bool numbered = true;
  };

  // What fits a packet of 1,200 bytes, to which browsers fill them so that they fit any tunnel:
  // less the header, and MID, send time and number in one-byte extensions.
  static constexpr size_t kFullPayload = 1200 - (12 + 4 + 12);

  explicit MediaSource(const Options& options) : options_(options) {}

  test::Bytes Next(Timestamp now) { return Next(now, static_cast<uint16_t>(packets_)); }
  // With a number for transport-wide feedback that does not count this source's packets alone.
  test::Bytes Next(Timestamp now, uint16_t number);

  // The next packet begins a picture. Always, for sound.
  bool at_start() const { return place_ == 0; }
  Duration interval() const;
  int packets_per_picture() const {
    return options_.kind == rtp::MediaKind::kAudio ? 1 : options_.packets_per_picture;
  }
  Ssrc ssrc() const { return options_.ssrc; }
  uint64_t packets() const { return packets_; }

 private:
  test::Bytes Picture();
  size_t PictureSize() const;

  const Options options_;
  uint64_t packets_ = 0;
  uint64_t pictures_ = 0;
  int place_ = 0;  // in the picture
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_MEDIA_SOURCE_H_
