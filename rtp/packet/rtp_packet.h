// A received RTP packet: parsed once, then shared by everybody it is forwarded to (RFC 3550 §5.1,
// RFC 8285).
//
// The object is a counted reference; what was parsed stands in the note of the packet's slot, as
// offsets into the bytes. Copying it copies eight bytes, and no two holders can disagree.
//
// The setters serve the receive path, which is alone with the packet. Once a packet has been given
// to a consumer nothing about it changes: what a consumer must see differently is a Rewrite.

#ifndef SLUICE_RTP_PACKET_RTP_PACKET_H_
#define SLUICE_RTP_PACKET_RTP_PACKET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/packet_pool.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "rtp/packet/extension_map.h"

namespace sluice::rtp {

// What forwarding needs of a packet's dependency descriptor, once it was understood. Masks have bit
// i for decode target i.
struct PacketDependencies {
  uint32_t present_mask = 0;  // the frame is part of these decode targets
  uint32_t switch_mask = 0;   // these may be entered with this frame, if it can be decoded
  uint32_t active_mask = 0;   // these are served by the sender
  uint16_t frame_number = 0;
  bool independent = false;    // the frame refers to no other
  bool has_structure = false;  // attached to this packet
  bool states_active = false;  // `active_mask` stands in this packet
};

class RtpPacket {
 public:
  static constexpr size_t kFixedHeaderSize = 12;

  // Names no packet; only assignment, destruction and the test for it are allowed then.
  RtpPacket() = default;

  // Nothing if the bytes are no RTP packet. Header extensions that are broken do not make it one
  // that is not: those before the break are kept, the rest are ignored.
  static std::optional<RtpPacket> Parse(PacketRef bytes, const ExtensionMap& map);

  explicit operator bool() const { return static_cast<bool>(ref_); }

  Ssrc ssrc() const { return fields().ssrc; }
  PayloadType payload_type() const { return fields().payload_type; }
  SeqNo seq() const { return fields().seq; }
  uint32_t timestamp() const { return fields().timestamp; }
  bool marker() const { return fields().marker; }

  // Without padding; without the original sequence number if this was a retransmission. Empty in
  // a packet that only probes the path.
  ByteView payload() const {
    return ref_.bytes().subspan(fields().payload_offset, fields().payload_size);
  }
  // Bytes of padding, the one that counts them included.
  size_t padding() const { return fields().padding; }
  // The whole packet, as it came in.
  size_t size() const { return ref_.size(); }
  // Fixed header, contributing sources and extension block.
  size_t header_size() const { return fields().header_size; }

  // The value of a header extension; empty views are values, too (RFC 8285 §4.3).
  std::optional<ByteView> extension(Extension extension) const {
    const auto index = static_cast<size_t>(extension);
    const uint16_t offset = fields().extension_offset[index];
    if (offset == 0) return std::nullopt;
    return ref_.bytes().subspan(offset, fields().extension_size[index]);
  }

  // When the kernel received it.
  Timestamp arrival() const { return ref_.arrival(); }
  const PacketRef& ref() const { return ref_; }

  // RFC 4588 §4: turns this retransmission into the packet it repeats. Only parsed fields change,
  // no bytes move. False, and nothing changes, if the payload has no room for the original
  // sequence number: senders probe the path with empty retransmissions.
  bool UnwrapRtx(Ssrc media_ssrc, PayloadType media_payload_type);
  bool was_retransmission() const { return fields().retransmission; }

  void set_description(const codec::Description& description) {
    fields().description = description;
  }
  const codec::Description& description() const { return fields().description; }

  void set_dependencies(const PacketDependencies& dependencies) {
    fields().dependencies = dependencies;
    fields().has_dependencies = true;
  }
  // Null if the packet has no dependency descriptor, or none that was understood.
  const PacketDependencies* dependencies() const {
    return fields().has_dependencies ? &fields().dependencies : nullptr;
  }

  // The sequence number without wrap, once the stream's receiver has placed it.
  void set_unwrapped(RtpSeq seq) { fields().unwrapped = seq; }
  RtpSeq unwrapped_seq() const { return fields().unwrapped; }

 private:
  // What stands in the slot's note.
  struct Fields {
    RtpSeq unwrapped;
    Ssrc ssrc;
    uint32_t timestamp = 0;
    SeqNo seq;
    uint16_t header_size = 0;
    uint16_t payload_offset = 0;
    uint16_t payload_size = 0;
    uint16_t padding = 0;
    PayloadType payload_type;
    bool marker = false;
    bool retransmission = false;
    bool has_dependencies = false;
    codec::Description description;
    PacketDependencies dependencies;
    // By Extension. Offset zero, where no extension can stand, means absent.
    std::array<uint16_t, kExtensionCount> extension_offset{};
    std::array<uint8_t, kExtensionCount> extension_size{};
  };
  static_assert(std::is_trivially_destructible_v<Fields>);

  explicit RtpPacket(PacketRef ref) : ref_(std::move(ref)) {}

  // Where the elements stand, and what the 16 bits before their length say about their form.
  struct ExtensionBlock {
    size_t begin;
    size_t end;
    uint16_t profile;
  };
  static void IndexExtensions(ByteView packet, const ExtensionBlock& block, const ExtensionMap& map,
                              Fields& fields);
  Fields& fields() const { return ref_.Note<Fields>(); }

  PacketRef ref_;
};
static_assert(sizeof(RtpPacket) == 8);

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_RTP_PACKET_H_
