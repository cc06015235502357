// Blocks of a capture file (pcapng, IETF draft-ietf-opsawg-pcapng): packets as IP and UDP without a
// link layer (LINKTYPE_RAW), times in nanoseconds, one interface for each direction.
//
// The section is written in network byte order, which its byte-order magic declares, so that every
// number leaves through ByteWriter. Nothing is kept: each call appends whole blocks or none.

#ifndef SLUICE_WORKER_ENGINE_PCAPNG_WRITER_H_
#define SLUICE_WORKER_ENGINE_PCAPNG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/endpoint.h"

namespace sluice::worker {

// Also the number of the interface.
enum class TapDirection : uint8_t { kIn = 0, kOut = 1 };

// A datagram, or what is kept of it.
struct PcapngPacket {
  TapDirection direction = TapDirection::kIn;
  // Since 1970.
  uint64_t nanoseconds = 0;
  // Of the same family; otherwise IPv4 is written as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2).
  Endpoint source;
  Endpoint destination;
  // The first bytes of what UDP carried, in two pieces, and how long all of it was.
  ByteView front;
  ByteView rest;
  size_t original_size = 0;
};

class PcapngWriter {
 public:
  // What a comment may be; the rest of a longer one is cut off.
  static constexpr size_t kMaxComment = 256;

  // Section header and both interfaces. False, and `out` is not ok() any more, if they do not fit.
  static bool WriteBegin(ByteWriter& out, std::string_view application);

  // One enhanced packet block. False likewise.
  static bool WritePacket(ByteWriter& out, const PcapngPacket& packet);

  // Adds a comment to a packet block, which stands at `begin` of `buffer` and ends at `end`.
  // Returns where it ends now: still there if `buffer` has no room.
  static size_t AddComment(ByteSpan buffer, size_t begin, size_t end, std::string_view comment);
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PCAPNG_WRITER_H_
