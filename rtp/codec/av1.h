// AV1 in RTP (AOMedia, "RTP Payload Format For AV1", §4): the aggregation header and the heads of
// the OBU elements behind it.

#ifndef SLUICE_RTP_CODEC_AV1_H_
#define SLUICE_RTP_CODEC_AV1_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct Av1 {
  bool continuation = false;         // Z: the first element began in an earlier packet
  bool continues = false;            // Y: the last element goes on in the next packet
  uint8_t element_count = 0;         // W: 1..3; 0 if every element states its length
  bool new_sequence = false;         // N: the first packet of a coded video sequence
  bool has_sequence_header = false;  // among the elements that begin here
  bool frame_start = false;          // a frame, or what comes in front of one, begins here
  // From the first OBU that begins here, if it has an extension header.
  bool has_layers = false;
  uint8_t temporal = 0;
  uint8_t spatial = 0;

  static std::optional<Av1> Parse(ByteView payload);
};

// The dependency descriptor, where there is one, knows frames better than the payload does.
Description DescribeAv1(ByteView payload, bool marker,
                        std::optional<ByteView> dependency_descriptor);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_AV1_H_
