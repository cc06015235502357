// RtpParameters (ORTC) after every check: what a producer sends or a consumer is sent, in types
// that cannot be wrong any more.

#ifndef SLUICE_WORKER_ENGINE_MEDIA_PLAN_H_
#define SLUICE_WORKER_ENGINE_MEDIA_PLAN_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "control-api/request.h"
#include "rtp/codec/descriptor.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/extension_map.h"
#include "rtp/packet/media.h"
#include "rtp/receive/layer_catalog.h"

namespace sluice::worker {

struct CodecPlan {
  PayloadType payload_type;
  rtp::codec::Kind kind = rtp::codec::Kind::kUnknown;
  std::string mime_type;
  uint32_t clock_rate = 0;
  // For retransmissions: the payload type they repeat (RFC 4588 §8.1, "apt").
  std::optional<PayloadType> repeats;
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool transport_feedback = false;
  bool remb = false;
  // Audio that may fall silent on purpose (usedtx).
  bool dtx = false;
};

struct EncodingPlan {
  std::optional<Ssrc> ssrc;
  std::optional<Ssrc> rtx_ssrc;
  std::string rid;
  // As the publisher declares them.
  rtp::LayerCatalog::Declared declared;
  rtp::SvcMode svc = rtp::SvcMode::kNone;
  // As its scalability mode says.
  uint8_t spatial_layers = 1;
};

struct MediaPlan {
  rtp::MediaKind kind = rtp::MediaKind::kAudio;
  std::string mid;
  std::string cname;
  std::vector<CodecPlan> codecs;
  std::vector<std::pair<uint8_t, rtp::Extension>> extensions;
  std::vector<EncodingPlan> encodings;

  // The codec that carries media, as opposed to retransmissions or comfort noise.
  const CodecPlan& main_codec() const;
  // The retransmission codec of `payload_type`, if there is one.
  const CodecPlan* RtxFor(PayloadType payload_type) const;
  // The layers of a consumer of this producer, no more than there can be; 255 stands for all.
  rtp::LayerId ReadLayers(const schema::ConsumerLayersT& layers) const;
};

// What the payload types of a producer, or of a consumer, are called in the router.
using PayloadMap = std::array<std::optional<PayloadType>, 128>;

// InvalidArgument names the field, as in "rtpParameters.codecs[1].payloadType: above 127".
absl::StatusOr<MediaPlan> ReadMediaPlan(const schema::RtpParametersT& parameters,
                                        schema::MediaKind kind);
absl::StatusOr<PayloadMap> ReadPayloadMap(
    const std::vector<std::unique_ptr<schema::PayloadTypeMappingT>>& mapping,
    const MediaPlan& plan);
// As ReadPayloadMap, but what is missing altogether is in the router's numbers.
absl::StatusOr<PayloadMap> ReadConsumerPayloadMap(
    const std::vector<std::unique_ptr<schema::PayloadTypeMappingT>>& mapping,
    const MediaPlan& plan);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_MEDIA_PLAN_H_
