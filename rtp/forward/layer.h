// How layers of a video stream are named.

#ifndef SLUICE_RTP_FORWARD_LAYER_H_
#define SLUICE_RTP_FORWARD_LAYER_H_

#include <compare>
#include <cstddef>
#include <cstdint>

namespace sluice::rtp {

// Encodings of one producer, each a stream with its own SSRC: what publishers send at the most.
inline constexpr size_t kMaxEncodings = 4;
// Sizes and frame rates of one picture. Scalability modes know three of each (W3C webrtc-svc §5);
// one more of both leaves room for what dependency descriptors can say.
inline constexpr size_t kMaxSpatialLayers = 4;
inline constexpr size_t kMaxTemporalLayers = 4;

// `spatial` counts sizes and `temporal` frame rates, both from 0, the lowest. Of two layers the one
// with the larger picture is the higher one.
struct LayerId {
  uint8_t spatial = 0;
  uint8_t temporal = 0;

  constexpr auto operator<=>(const LayerId&) const = default;
};

// Where a layer is found: in which encoding of the producer, by its index in
// rtpParameters.encodings, and as which layer inside of it. Inside, `spatial` is 0 unless the
// encoding is scalable itself (SVC).
struct LayerTarget {
  uint8_t encoding = 0;
  LayerId layer;

  constexpr bool operator==(const LayerTarget&) const = default;
};

// What a picture of a scalable encoding needs of its lower layers: there are none, all pictures of
// them, or those of key pictures only (K-SVC).
enum class SvcMode : uint8_t { kNone, kFull, kKey };

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_LAYER_H_
