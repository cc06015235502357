// A run: a stretch of packets of one source that a receiver gets without a break. A new run begins
// where the source changes, after a pause, and behind a gap that nobody can repair.

#ifndef SLUICE_RTP_FORWARD_SOURCE_RUN_H_
#define SLUICE_RTP_FORWARD_SOURCE_RUN_H_

#include <cstdint>

#include "base/ids.h"
#include "rtp/codec/descriptor.h"
#include "rtp/forward/layer_selector.h"
#include "rtp/forward/picture_numbers.h"
#include "rtp/forward/sequence_mapper.h"
#include "rtp/forward/timestamp_mapper.h"

namespace sluice::rtp {

// How a run is numbered and which of its layers pass. It is kept for a while after its end, for
// packets that come late.
struct SourceRun {
  SourceRun(codec::Kind codec, SvcMode svc) : pictures(codec), layers(codec, svc) {}

  // Packets before this number belong to the run before, or to nobody.
  int64_t first = 0;
  // Where the receiver entered, and the time of the frame that begins there.
  int64_t entry = 0;
  uint32_t entry_timestamp = 0;
  Ssrc ssrc;
  uint8_t encoding = 0;
  bool begun = false;
  bool layered = false;  // layers.has_layers(), at hand
  // Of the newest packet of the source, passed or not.
  uint32_t newest_timestamp = 0;
  TimestampShift time;
  SequenceMapper sequence{SeqNo(0)};
  PictureNumbers pictures;
  LayerSelector layers;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_SOURCE_RUN_H_
