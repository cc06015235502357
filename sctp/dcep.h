// The Data Channel Establishment Protocol (RFC 8832): two messages, as bytes and back.

#ifndef SLUICE_SCTP_DCEP_H_
#define SLUICE_SCTP_DCEP_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "sctp/message.h"

namespace sluice::sctp {

// RFC 8832 §5.1: DATA_CHANNEL_OPEN.
struct DataChannelOpen {
  // RFC 8831 §6.4 names 128, 256, 512 and 1024; any is allowed.
  uint16_t priority = 256;
  Reliability reliability = {};
  std::string label = {};     // UTF-8, like the protocol
  std::string protocol = {};  // a name out of IANA's registry of WebSocket subprotocols, or empty

  bool operator==(const DataChannelOpen&) const = default;
};

// RFC 8832 §5.2: DATA_CHANNEL_ACK.
struct DataChannelAck {
  bool operator==(const DataChannelAck&) const = default;
};

using DcepMessage = std::variant<DataChannelOpen, DataChannelAck>;

// InvalidArgument says what is wrong: empty, no such message, truncated or longer than its fields,
// no such channel type, text that is no UTF-8.
absl::StatusOr<DcepMessage> ParseDcep(ByteView message);

// Label and protocol are at most 65,535 bytes each, and at most one of the limits of reliability is
// set; a lifetime is cut to milliseconds.
std::vector<uint8_t> WriteDcep(const DataChannelOpen& open);
std::vector<uint8_t> WriteDcep(const DataChannelAck& ack);

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_DCEP_H_
