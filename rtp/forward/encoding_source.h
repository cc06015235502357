// What all consumers share about one encoding of a producer: whatever outlives a packet and would
// otherwise be found out again for every receiver.

#ifndef SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_
#define SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "rtp/packet/dependency_tracker.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

struct EncodingSource {
  // Two readings of the publisher's clocks at one moment, out of its latest sender report.
  // `capture` is on one time line for all encodings of a publisher.
  struct Clock {
    Timestamp capture;
    uint32_t rtp_timestamp = 0;
  };

  uint8_t index = 0;  // of the encoding
  // Nothing until a sender report has come; to be forgotten when the encoding gets another SSRC.
  std::optional<Clock> clock;
  DependencyTracker dependencies;

  // Describes `packet`, once and in the order of arrival: by its payload of codec `kind`, and by
  // its dependency descriptor, which knows better where it can be understood.
  void Describe(codec::Kind kind, RtpPacket& packet);
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_
