// Makes RTP packets for tests, byte by byte and independently of the code that reads them.
//
//   RtpPacketBuilder().WithSsrc(7).WithSeq(65535).WithExtension(4, {1, 2, 3})
//       .WithPayload(Vp8Payload({.key_frame = true})).Build(pool, map)
//
// Payloads are as short as their descriptor allows and then filled up: they say what a real
// encoder's would, and no decoder could show them.

#ifndef SLUICE_TESTS_SUPPORT_PACKET_BUILDERS_H_
#define SLUICE_TESTS_SUPPORT_PACKET_BUILDERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/packet_pool.h"
#include "base/time.h"
#include "rtp/packet/extension_map.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::test {

using Bytes = std::vector<uint8_t>;

class RtpPacketBuilder {
 public:
  RtpPacketBuilder& WithSsrc(uint32_t ssrc);
  RtpPacketBuilder& WithPayloadType(uint8_t payload_type);
  RtpPacketBuilder& WithSeq(uint16_t seq);
  RtpPacketBuilder& WithTimestamp(uint32_t timestamp);
  RtpPacketBuilder& WithMarker(bool marker = true);
  RtpPacketBuilder& WithCsrc(uint32_t csrc);
  RtpPacketBuilder& WithPayload(Bytes payload);
  // `size` bytes, the last of which says so; 1..255.
  RtpPacketBuilder& WithPadding(uint8_t size);

  // One-byte form unless an element does not fit it (RFC 8285 §4.1.2), or WithTwoByteForm.
  RtpPacketBuilder& WithExtension(uint8_t id, Bytes value);
  RtpPacketBuilder& WithTextExtension(uint8_t id, std::string_view text);
  RtpPacketBuilder& WithTwoByteForm();
  // An extension block as given: 16 bits of profile, and a body of whole 32-bit words.
  RtpPacketBuilder& WithRawExtensionBlock(uint16_t profile, Bytes body);

  // RFC 4588 §4: makes a retransmission of what was built so far. The sequence number so far goes
  // in front of the payload.
  RtpPacketBuilder& WrappedInRtx(uint32_t rtx_ssrc, uint8_t rtx_payload_type, uint16_t rtx_seq);

  Bytes ToBytes() const;
  // In a slot of `pool`, which must have one.
  PacketRef Store(PacketPool& pool, Timestamp arrival = Timestamp()) const;
  // Parsed, which must succeed.
  rtp::RtpPacket Build(PacketPool& pool, const rtp::ExtensionMap& map = {},
                       Timestamp arrival = Timestamp()) const;
  // Parsed and described.
  rtp::RtpPacket Build(PacketPool& pool, rtp::codec::Kind codec, const rtp::ExtensionMap& map = {},
                       Timestamp arrival = Timestamp()) const;

 private:
  void AppendExtensions(Bytes& out) const;
  bool NeedsTwoByteForm() const;

  uint32_t ssrc_ = 0x11223344;
  uint8_t payload_type_ = 96;
  uint16_t seq_ = 1;
  uint32_t timestamp_ = 0;
  bool marker_ = false;
  bool two_byte_form_ = false;
  uint8_t padding_ = 0;
  std::vector<uint32_t> csrcs_;
  std::vector<std::pair<uint8_t, Bytes>> extensions_;
  std::optional<std::pair<uint16_t, Bytes>> raw_block_;
  Bytes payload_ = {0xde, 0xad, 0xbe, 0xef};
};

// RFC 7741 §4.2. Absent fields are left out of the descriptor.
struct Vp8PayloadOptions {
  bool key_frame = false;
  bool start = true;  // first packet of the frame
  bool non_reference = false;
  std::optional<uint16_t> picture_id = std::nullopt;
  bool short_picture_id = false;  // 7 bits
  std::optional<uint8_t> base_index = std::nullopt;
  std::optional<uint8_t> temporal = std::nullopt;
  bool layer_sync = false;
  std::optional<uint8_t> key_index = std::nullopt;
  uint16_t width = 640, height = 360;
  size_t size = 100;
};
Bytes Vp8Payload(const Vp8PayloadOptions& options);

// RFC 9628 §4.2.
struct Vp9PayloadOptions {
  bool key_frame = false;
  bool start = true;  // B
  bool end = true;    // E
  std::optional<uint16_t> picture_id = std::nullopt;
  bool short_picture_id = false;
  bool layers = false;  // L: `temporal` to `base_index` are there
  uint8_t temporal = 0, spatial = 0;
  bool switching_up = false;             // U
  bool inter_layer = false;              // D
  uint8_t base_index = 0;                // in non-flexible mode only
  bool flexible = false;                 // F
  std::vector<uint8_t> references = {};  // P_DIFF, at most three, in flexible mode only
  bool no_upper_reference = false;       // Z
  // V: a scalability structure with one resolution per spatial layer.
  std::vector<std::pair<uint16_t, uint16_t>> resolutions = {};
  size_t size = 100;
};
Bytes Vp9Payload(const Vp9PayloadOptions& options);

// RFC 6184. NAL units without start codes.
Bytes H264Sps(uint8_t profile_idc = 0x42, uint8_t constraints = 0xe0, uint8_t level_idc = 0x1f);
Bytes H264Pps();
Bytes H264Slice(bool key_frame, size_t size = 100, bool first_in_picture = true);
Bytes H264StapA(const std::vector<Bytes>& nal_units);
enum class Fragment { kFirst, kMiddle, kLast };
// A fragment of `nal_unit` that carries `size` bytes of it.
Bytes H264FuA(const Bytes& nal_unit, Fragment part, size_t size = 100);
// What Chromium sends first in a key frame (parameter sets and slice in one STAP-A), or a slice.
Bytes H264Payload(bool key_frame, size_t size = 100);

// RFC 7798.
Bytes H265Nal(uint8_t type, size_t size = 100, uint8_t temporal = 0, uint8_t layer = 0,
              bool first_in_picture = true);
Bytes H265Aggregate(const std::vector<Bytes>& nal_units);
Bytes H265Fragment(const Bytes& nal_unit, Fragment part, size_t size = 100);
Bytes H265Payload(bool key_frame, size_t size = 100);

// AV1 RTP payload format §4.
struct Av1PayloadOptions {
  bool key_frame = false;     // N, and a sequence header in front
  bool continuation = false;  // Z
  bool continues = false;     // Y
  bool layers = false;        // an OBU extension header
  uint8_t temporal = 0, spatial = 0;
  size_t size = 100;
};
Bytes Av1Payload(const Av1PayloadOptions& options);

// AV1 RTP payload format, appendix A.8: the mandatory fields; with `structure`, an extended
// descriptor that attaches the one of L1T1.
struct DependencyDescriptorOptions {
  bool start_of_frame = true, end_of_frame = true;
  uint8_t template_id = 0;
  uint16_t frame_number = 0;
  bool structure = false;
};
Bytes DependencyDescriptorValue(const DependencyDescriptorOptions& options);

// RFC 6716 §3.1: 20 ms of full-band CELT, one frame; a single byte in silence.
Bytes OpusPayload(bool silence = false, size_t size = 60);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_PACKET_BUILDERS_H_
