// Chooses what a probe is filled with when there is not enough media.
//
// Best are packets that were sent a moment ago, once more on their retransmission stream: if the
// path has lost one, the repetition is even of use. The newest come first, each at most a few times
// in a probe. When there are none, it is packets of padding alone on a stream that receivers of the
// SDK listen to for this.
//
// It only chooses: EgressWriter::WriteRtx writes what is repeated, PaddingWriter the rest.

#ifndef SLUICE_RTP_SEND_PROBE_SOURCE_H_
#define SLUICE_RTP_SEND_PROBE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "rtp/send/padding_writer.h"
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
    RetransmissionCache::Entry entry;
  };

  // How often one packet is repeated in one probe.
  static constexpr int kMaxRounds = 2;
  // How many numbers are looked at for one packet.
  static constexpr int kMaxSteps = 64;
  // A packet so many times larger than what is wanted is passed over, and so is one so many times
  // smaller: few of either make a probe of the right length.
  static constexpr size_t kTooLarge = 2;
  static constexpr size_t kTooSmall = 4;

  // `first_seq` is the first number of the probation stream, below 2^15: SRTP receivers guess the
  // rollover counter of what they have not seen yet (RFC 3711 §3.3.1).
  explicit ProbeSource(SeqNo first_seq) : next_seq_(first_seq) {}

  // The packet to repeat for `probe`, the number of one that runs (not zero). The streams are to be
  // the same ones in the same order while it does. Nothing if there is none (any more): pad.
  std::optional<Choice> Repeat(Timestamp now, uint32_t probe, std::span<const Stream> streams,
                               size_t wanted);

  // The header of the next packet on the probation stream; counts it as sent.
  PaddingWriter::Header NextPadding(Timestamp now);

 private:
  // Goes on to the next stream, or the next round.
  void Turn(size_t streams);

  uint32_t probe_ = 0;
  int round_ = 0;
  size_t stream_ = 0;
  // The next number to repeat; nothing at the beginning of a stream.
  std::optional<int64_t> next_;
  SeqNo next_seq_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PROBE_SOURCE_H_
