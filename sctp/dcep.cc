#include "sctp/dcep.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/check.h"
#include "sctp/utf8.h"

namespace sluice::sctp {
namespace {

// RFC 8832 §8.2.1.
constexpr uint8_t kAck = 0x02;
constexpr uint8_t kOpen = 0x03;

// RFC 8832 §8.2.2: the low bits are the kind, the high bit makes it unordered.
constexpr uint8_t kReliable = 0x00;
constexpr uint8_t kLimitedRetransmits = 0x01;
constexpr uint8_t kLimitedLifetime = 0x02;
constexpr uint8_t kUnordered = 0x80;

constexpr uint32_t kMaxParameter = std::numeric_limits<uint16_t>::max();

// The parameter is a number of retransmissions or of milliseconds. It has 32 bits here but 16 in
// the API of browsers (W3C WebRTC §6.2), and more of either is as good as no limit below what a
// user would wait for, so it is cut rather than refused.
std::optional<Reliability> ReadReliability(uint8_t type, uint32_t parameter) {
  Reliability reliability{.ordered = (type & kUnordered) == 0};
  const auto limit = static_cast<uint16_t>(std::min(parameter, kMaxParameter));
  switch (type & ~kUnordered) {
    case kReliable:
      return reliability;  // §5.1: the parameter is ignored.
    case kLimitedRetransmits:
      reliability.max_retransmits = limit;
      return reliability;
    case kLimitedLifetime:
      reliability.max_lifetime = std::chrono::milliseconds(limit);
      return reliability;
    default:
      return std::nullopt;
  }
}

absl::StatusOr<DataChannelOpen> ParseOpen(ByteReader in) {
  const uint8_t type = in.U8();
  DataChannelOpen open;
  open.priority = in.U16();
  const uint32_t parameter = in.U32();
  const uint16_t label_size = in.U16();
  const uint16_t protocol_size = in.U16();
  open.label = AsText(in.Bytes(label_size));
  open.protocol = AsText(in.Bytes(protocol_size));
  if (!in.ok()) return absl::InvalidArgumentError("DATA_CHANNEL_OPEN is truncated");
  if (!in.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("DATA_CHANNEL_OPEN is followed by ", in.remaining(), " bytes"));
  }
  const std::optional<Reliability> reliability = ReadReliability(type, parameter);
  if (!reliability) {
    return absl::InvalidArgumentError(absl::StrCat("there is no channel type ", type));
  }
  open.reliability = *reliability;
  if (!IsUtf8(open.label)) return absl::InvalidArgumentError("the label is not UTF-8");
  if (!IsUtf8(open.protocol)) return absl::InvalidArgumentError("the protocol is not UTF-8");
  return open;
}

}  // namespace

absl::StatusOr<DcepMessage> ParseDcep(ByteView message) {
  if (message.empty()) return absl::InvalidArgumentError("the message is empty");
  ByteReader in(message);
  const uint8_t type = in.U8();
  if (type == kAck) {
    // §5.2 knows no fields. Senders that add padding exist, and it says nothing.
    return DataChannelAck{};
  }
  if (type != kOpen) return absl::InvalidArgumentError(absl::StrCat("there is no message ", type));
  absl::StatusOr<DataChannelOpen> open = ParseOpen(in);
  if (!open.ok()) return open.status();
  return *std::move(open);
}

std::vector<uint8_t> WriteDcep(const DataChannelOpen& open) {
  constexpr size_t kFixedSize = 12;
  SLUICE_CHECK(open.label.size() <= kMaxParameter && open.protocol.size() <= kMaxParameter);
  uint8_t type = open.reliability.ordered ? 0 : kUnordered;
  uint32_t parameter = 0;
  if (open.reliability.max_retransmits) {
    type |= kLimitedRetransmits;
    parameter = *open.reliability.max_retransmits;
  } else if (open.reliability.max_lifetime) {
    type |= kLimitedLifetime;
    parameter = static_cast<uint32_t>(
        std::chrono::floor<std::chrono::milliseconds>(*open.reliability.max_lifetime).count());
  }
  std::vector<uint8_t> message(kFixedSize + open.label.size() + open.protocol.size());
  ByteWriter out(message);
  out.U8(kOpen);
  out.U8(type);
  out.U16(open.priority);
  out.U32(parameter);
  out.U16(static_cast<uint16_t>(open.label.size()));
  out.U16(static_cast<uint16_t>(open.protocol.size()));
  out.Bytes(AsBytes(open.label));
  out.Bytes(AsBytes(open.protocol));
  SLUICE_CHECK(out.ok());
  return message;
}

std::vector<uint8_t> WriteDcep(const DataChannelAck&) { return {kAck}; }

}  // namespace sluice::sctp
