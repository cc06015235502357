// One encoding of a producer, as it comes in.

#ifndef SLUICE_WORKER_ENGINE_INBOUND_STREAM_H_
#define SLUICE_WORKER_ENGINE_INBOUND_STREAM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "rtp/codec/picture_size.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/receive/keyframe_throttle.h"
#include "rtp/receive/stream_demand.h"
#include "rtp/receive/stream_receiver.h"
#include "worker/engine/objects.h"

namespace sluice::worker {

struct InboundStream {
  // What a payload type of the producer is.
  struct Payload {
    rtp::codec::Kind kind = rtp::codec::Kind::kUnknown;
    PayloadType mapped;
    // For retransmissions: what they repeat.
    std::optional<PayloadType> repeats;
    bool known = false;
  };

  enum class KeyFrameRequest : uint8_t { kNone, kPli, kFir };

  explicit InboundStream(Duration key_frame_quiet) : throttle(key_frame_quiet) {}

  Handle<Producer> producer;
  std::string rid;
  std::string mime_type;
  std::array<Payload, 128> payloads{};
  KeyFrameRequest key_frame_request = KeyFrameRequest::kNone;
  rtp::StreamReceiver::Options options;
  // Begins with the first packet: only then the SSRC is certain.
  std::optional<rtp::StreamReceiver> receiver;
  std::optional<Ssrc> signalled_ssrc;
  std::optional<Ssrc> rtx_ssrc;
  rtp::KeyframeThrottle throttle;
  bool key_frame_due = false;
  // Whether it is wanted, where the peer is told.
  rtp::StreamDemand demand;
  // Of the last key frame that told it; zero if none did.
  rtp::codec::PictureSize size;
  // What its consumers share of it.
  rtp::EncodingSource source;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_INBOUND_STREAM_H_
