#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {
namespace {

// RFC 8285 §4.2 and §4.3: what the 16 bits before the block say about its form. The low four bits
// of the two-byte profile are free for applications.
constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr uint16_t kTwoByteProfileMask = 0xfff0;
// RFC 8285 §4.2: reserved in the one-byte form; a reader that meets it must stop.
constexpr uint8_t kReservedOneByteId = 15;

struct Element {
  uint8_t id;
  size_t offset;  // of the value
  size_t size;
};

// Steps over the elements of an extension block, in either form.
class ElementReader {
 public:
  ElementReader(ByteView packet, size_t begin, size_t end, bool two_byte)
      : packet_(packet), position_(begin), end_(end), two_byte_(two_byte) {}

  // The next element that has an id. Nothing at the end, and nothing from a break on: the
  // boundaries of whatever follows one cannot be trusted.
  std::optional<Element> Next() {
    // RFC 8285 §4.2: a zero byte is padding, alone and without a length, wherever it stands.
    while (position_ < end_ && packet_[position_] == 0) ++position_;
    Element element{};
    if (!(two_byte_ ? ReadTwoByteHead(element) : ReadOneByteHead(element))) return std::nullopt;
    if (element.size > end_ - element.offset) return std::nullopt;
    position_ = element.offset + element.size;
    return element;
  }

 private:
  bool ReadOneByteHead(Element& element) {
    if (position_ >= end_) return false;
    const uint8_t head = packet_[position_];
    // Id 0 with a length is neither padding nor an element; ending here is what browsers do.
    element.id = head >> 4;
    if (element.id == 0 || element.id == kReservedOneByteId) return false;
    element.size = (head & 0x0fu) + 1u;
    element.offset = position_ + 1;
    return true;
  }

  bool ReadTwoByteHead(Element& element) {
    if (end_ - position_ < 2) return false;
    element.id = packet_[position_];
    element.size = packet_[position_ + 1];
    element.offset = position_ + 2;
    return true;
  }

  const ByteView packet_;
  size_t position_;
  const size_t end_;
  const bool two_byte_;
};

}  // namespace

std::optional<RtpPacket> RtpPacket::Parse(PacketRef bytes, const ExtensionMap& map) {
  const ByteView packet = bytes.bytes();
  ByteReader in(packet);
  const uint8_t first = in.U8();
  const uint8_t second = in.U8();
  if (first >> 6 != 2) return std::nullopt;

  auto& fields = bytes.MakeNote<Fields>();
  fields.marker = (second & 0x80) != 0;
  fields.payload_type = PayloadType(second & 0x7f);
  fields.seq = SeqNo(in.U16());
  fields.timestamp = in.U32();
  fields.ssrc = Ssrc(in.U32());
  in.Skip(size_t{4} * (first & 0x0f));  // RFC 3550 §5.1: contributing sources
  if ((first & 0x10) != 0) {
    const uint16_t profile = in.U16();
    const size_t block_size = size_t{4} * in.U16();
    const size_t begin = packet.size() - in.remaining();
    in.Skip(block_size);
    if (in.ok()) IndexExtensions(packet, {begin, begin + block_size, profile}, map, fields);
  }
  if (!in.ok()) return std::nullopt;

  const size_t header_size = packet.size() - in.remaining();
  size_t padding = 0;
  if ((first & 0x20) != 0) {
    // RFC 3550 §5.1: the last byte counts the padding, itself included. A count of zero, or one
    // that reaches into the header, contradicts the bit that announced it.
    if (in.empty()) return std::nullopt;
    padding = packet.back();
    if (padding == 0 || padding > in.remaining()) return std::nullopt;
  }
  fields.header_size = static_cast<uint16_t>(header_size);
  fields.payload_offset = fields.header_size;
  fields.payload_size = static_cast<uint16_t>(packet.size() - header_size - padding);
  fields.padding = static_cast<uint16_t>(padding);
  return RtpPacket(std::move(bytes));
}

// Blocks in a form that is not RFC 8285's are somebody else's business and are skipped whole.
void RtpPacket::IndexExtensions(ByteView packet, const ExtensionBlock& block,
                                const ExtensionMap& map, Fields& fields) {
  const bool two_byte = (block.profile & kTwoByteProfileMask) == kTwoByteProfile;
  if (!two_byte && block.profile != kOneByteProfile) return;

  ElementReader reader(packet, block.begin, block.end, two_byte);
  while (const std::optional<Element> element = reader.Next()) {
    const std::optional<Extension> meaning = map.Meaning(element->id);
    if (!meaning) continue;
    const auto index = static_cast<size_t>(*meaning);
    // The first of several with one id counts: a choice, so that all readers of a packet agree.
    if (fields.extension_offset[index] != 0) continue;
    fields.extension_offset[index] = static_cast<uint16_t>(element->offset);
    fields.extension_size[index] = static_cast<uint8_t>(element->size);
  }
}

bool RtpPacket::UnwrapRtx(Ssrc media_ssrc, PayloadType media_payload_type) {
  constexpr uint16_t kOriginalSeqSize = 2;
  Fields& parsed = fields();
  // Twice would eat two bytes of the payload.
  SLUICE_DCHECK(!parsed.retransmission);
  if (parsed.payload_size < kOriginalSeqSize) return false;
  parsed.seq = SeqNo(ByteReader(payload()).U16());
  parsed.ssrc = media_ssrc;
  parsed.payload_type = media_payload_type;
  parsed.payload_offset = static_cast<uint16_t>(parsed.payload_offset + kOriginalSeqSize);
  parsed.payload_size = static_cast<uint16_t>(parsed.payload_size - kOriginalSeqSize);
  parsed.retransmission = true;
  return true;
}

}  // namespace sluice::rtp
