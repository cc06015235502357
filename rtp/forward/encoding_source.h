// What all consumers share about one encoding of a producer: whatever outlives a packet and would
// otherwise be found out again for every receiver.

#ifndef SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_
#define SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_

#include <cstdint>
#include <optional>

#include "base/ids.h"
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

  // Where a packet came among those of its encoding.
  struct Place {
    // No packet of a later number came before it.
    bool newest = true;
    // It continues the frame time of the newest before it.
    bool goes_on = false;
  };

  uint8_t index = 0;  // of the encoding
  // Nothing until a sender report has come; to be forgotten when the encoding gets another SSRC.
  std::optional<Clock> clock;
  DependencyTracker dependencies;

  // Describes `packet`, once and in the order of arrival: by its payload of codec `kind`, and by
  // its dependency descriptor, which knows better where it can be understood.
  void Describe(codec::Kind kind, RtpPacket& packet);

  // Finds the place of `packet`, which must carry its unwrapped number: once and in the order of
  // arrival, whether or not anybody takes it.
  Place Record(const RtpPacket& packet);

 private:
  // The newest packet.
  struct Newest {
    Ssrc ssrc;
    uint32_t timestamp = 0;
    int64_t seq = 0;
  };
  std::optional<Newest> newest_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_ENCODING_SOURCE_H_
