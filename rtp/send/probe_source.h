// Chooses what a probe is filled with when there is not enough media.
//
// Best are packets that were sent a moment ago, once more on their retransmission stream: if the
// path has lost one, the repetition is even of use. The newest come first, each at most a few times
// in a probe. When there are none it is packets of padding alone, on a stream that every receiver
// of the SDK listens to for this (RFC 3550 §5.1 allows 255 bytes of it in a packet).
//
// It only chooses; EgressWriter::WriteRtx and PaddingWriter write.

#ifndef SLUICE_RTP_SEND_PROBE_SOURCE_H_
#define SLUICE_RTP_SEND_PROBE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "rtp/send/retransmission_cache.h"

namespace sluice::rtp {

// As receivers of the SDK expect it: a stream that carries nothing, under its own MID.
inline constexpr Ssrc kProbationSsrc{1234};
inline constexpr PayloadType kProbationPayloadType{127};
inline constexpr std::string_view kProbationMid = "probator";

class ProbeSource {
 public:
  // A stream whose packets may be repeated: one with a retransmission stream.
  struct Stream {
    uint32_t owner = 0;
    const RetransmissionCache* cache = nullptr;
  };
  struct Choice {
    uint32_t owner = 0;
    const RetransmissionCache::Entry* entry = nullptr;
  };

  // How often one packet is repeated in one probe: more of the same would help nobody, and rounds
  // of a short cache look alike to a receiver.
  static constexpr int kMaxRounds = 2;
  // Looked at to find a packet that may be repeated.
  static constexpr int kMaxSteps = 64;

  // The packet to repeat for probe `probe`, whose streams are the same ones in the same order until
  // it ends. Nothing if there is none (any more): pad instead. `wanted` is what is asked for, in
  // bytes; a packet of more than twice as much is passed over.
  std::optional<Choice> Next(Timestamp now, uint32_t probe, std::span<const Stream> streams,
                             size_t wanted);

 private:
  uint32_t probe_ = 0;
  int round_ = 0;
  size_t stream_ = 0;
  // The next number to repeat; nothing before the newest of the stream has been.
  std::optional<int64_t> next_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PROBE_SOURCE_H_
