// The first byte of an Opus packet (RFC 6716 §3.1): how long it plays, and whether anybody speaks.

#ifndef SLUICE_RTP_CODEC_OPUS_H_
#define SLUICE_RTP_CODEC_OPUS_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct Opus {
  uint8_t config = 0;  // 0..31: mode, bandwidth and frame duration
  bool stereo = false;
  uint8_t frame_count = 0;  // 1..48
  Duration frame_duration{};
  // Nothing but an announcement of silence (discontinuous transmission).
  bool silence = false;

  Duration duration() const { return frame_duration * frame_count; }

  // Nothing if the packet breaks the rules of RFC 6716 §3.4 about counts and durations.
  static std::optional<Opus> Parse(ByteView payload);
};

Description DescribeOpus(ByteView payload);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_OPUS_H_
