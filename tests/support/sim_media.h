// What the media of a simulation looks like: payload types, extension ids, RtpParameters, and the
// mark by which a receiver recognises every single packet of a sender.
//
// Producers use other payload types than the router, as browsers do, so that mapping is part of
// every scenario.

#ifndef SLUICE_TESTS_SUPPORT_SIM_MEDIA_H_
#define SLUICE_TESTS_SUPPORT_SIM_MEDIA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "control-api/request.h"
#include "rtp/packet/media.h"

namespace sluice::test {

// Of a track: what both ends of a hop must agree on.
struct SimTrackOptions {
  rtp::MediaKind kind = rtp::MediaKind::kVideo;
  std::string mid = "0";
  Ssrc ssrc = {};
  std::optional<Ssrc> rtx_ssrc = std::nullopt;
  PayloadType payload_type = {};
  PayloadType rtx_payload_type = {};
  // The receiver may ask for retransmissions. Without an RTX stream they come as they were.
  bool nack = true;
  // Of an encoding among several.
  std::string rid = {};
  // False: only MID and RID are said, and packets have to tell whose they are, as with a browser
  // that sends several sizes.
  bool signals_ssrcs = true;
  uint32_t max_bitrate = 0;
};

inline constexpr uint8_t kMidExtensionId = 1;
inline constexpr uint8_t kSendTimeExtensionId = 2;
inline constexpr uint8_t kTransportSequenceExtensionId = 3;
inline constexpr uint8_t kAudioLevelExtensionId = 4;  // of sound
// Where SSRCs are not signalled.
inline constexpr uint8_t kRidExtensionId = 5;
inline constexpr uint8_t kRepairedRidExtensionId = 6;

// As the producer names them, and as the router does.
inline constexpr PayloadType kProducerVideo(100), kProducerRtx(101), kProducerAudio(109);
inline constexpr PayloadType kRouterVideo(96), kRouterRtx(97), kRouterAudio(111);

// What the wall clocks of simulated browsers are ahead of the simulation's time. Not what the
// worker's is: clocks of different machines agree on nothing.
inline constexpr Duration kPeerUnixOffset = std::chrono::hours(24 * 365 * 56);

constexpr uint32_t ClockRate(rtp::MediaKind kind) {
  return kind == rtp::MediaKind::kVideo ? 90'000 : 48'000;
}

schema::MediaKind SchemaKind(rtp::MediaKind kind);
// One encoding of VP8 or Opus, as a browser describes what it sends or is asked to receive.
std::unique_ptr<schema::RtpParametersT> DescribeTrack(const SimTrackOptions& track,
                                                      const std::string& cname);
// The same picture in several encodings (simulcast), all of one MID.
std::unique_ptr<schema::RtpParametersT> DescribeEncodings(
    const std::vector<SimTrackOptions>& encodings, const std::string& cname);
std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> DescribeMapping(rtp::MediaKind kind);

// The last bytes of every payload: which track it belongs to and the how manieth packet it is.
struct MediaMark {
  static constexpr size_t kSize = 16;

  uint32_t track = 0;  // the sender's own SSRC, whatever it is called on the way
  uint32_t index = 0;

  void WriteTo(ByteSpan payload) const;
  // Nothing if the payload is not as some sender made it.
  static std::optional<MediaMark> Read(ByteView payload);
  bool operator==(const MediaMark&) const = default;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_MEDIA_H_
