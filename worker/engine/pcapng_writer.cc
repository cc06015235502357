#include "worker/engine/pcapng_writer.h"

#include <algorithm>
#include <array>

namespace sluice::worker {
namespace {

// Block types.
constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kEnhancedPacket = 6;

constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint64_t kUnknownLength = ~uint64_t{0};
constexpr uint16_t kLinkTypeRaw = 101;

// Options; the same number means something else in each kind of block.
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kSectionApplication = 4;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kInterfaceDescriptionText = 3;
constexpr uint16_t kTimeResolution = 9;
constexpr uint16_t kPacketFlags = 2;

// What ends each of our blocks: an end of options, and the length again.
constexpr size_t kTrailer = 8;
constexpr size_t kLengthOffset = 4;

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kUdpHeader = 8;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kHops = 64;

size_t PaddingFor(size_t size) { return (4 - size % 4) % 4; }

void WriteOption(ByteWriter& out, uint16_t code, ByteView value) {
  out.U16(code);
  out.U16(static_cast<uint16_t>(value.size()));
  out.Bytes(value);
  out.Zeros(PaddingFor(value.size()));
}

void PatchLength(ByteSpan block, size_t length) {
  ByteWriter(block.subspan(kLengthOffset)).U32(static_cast<uint32_t>(length));
}

// The block that began at `begin` of what was written.
bool EndBlock(ByteWriter& out, size_t begin) {
  out.U16(kEndOfOptions);
  out.U16(0);
  const size_t length = out.size() - begin + sizeof(uint32_t);
  out.U32(static_cast<uint32_t>(length));
  if (!out.ok()) return false;
  PatchLength(out.written().subspan(begin), length);
  return true;
}

void BeginBlock(ByteWriter& out, uint32_t type) {
  out.U32(type);
  out.U32(0);  // The length, once it is known.
}

bool WriteInterface(ByteWriter& out, std::string_view name, std::string_view description) {
  const size_t begin = out.size();
  BeginBlock(out, kInterfaceDescription);
  out.U16(kLinkTypeRaw);
  out.U16(0);
  out.U32(0);  // No bound of ours on what is captured of a packet.
  WriteOption(out, kInterfaceName, AsBytes(name));
  WriteOption(out, kInterfaceDescriptionText, AsBytes(description));
  WriteOption(out, kTimeResolution, std::array<uint8_t, 1>{9});  // 10^-9 s
  return EndBlock(out, begin);
}

// RFC 791 §3.1.
uint16_t HeaderChecksum(ByteView header) {
  uint32_t sum = 0;
  for (ByteReader in(header); !in.empty();) sum += in.U16();
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

void WriteIpv4(ByteWriter& out, const PcapngPacket& packet, size_t udp_size) {
  std::array<uint8_t, kIpv4Header> header{};
  ByteWriter ip(header);
  ip.U16(0x4500);
  ip.U16(static_cast<uint16_t>(kIpv4Header + udp_size));
  ip.U32(0x00004000);  // Not a fragment, and not to be made into some.
  ip.U8(kHops);
  ip.U8(kUdp);
  const size_t checksum = ip.size();
  ip.U16(0);
  ip.Bytes(packet.source.address.bytes());
  ip.Bytes(packet.destination.address.bytes());
  ip.PatchU16(checksum, HeaderChecksum(header));
  out.Bytes(header);
}

void WriteIpv6Address(ByteWriter& out, const IpAddress& address) {
  if (address.is_v4()) {
    out.Zeros(10);
    out.U16(0xffff);
  }
  out.Bytes(address.bytes());
}

void WriteIpv6(ByteWriter& out, const PcapngPacket& packet, size_t udp_size) {
  out.U32(0x60000000);
  out.U16(static_cast<uint16_t>(udp_size));
  out.U8(kUdp);
  out.U8(kHops);
  WriteIpv6Address(out, packet.source.address);
  WriteIpv6Address(out, packet.destination.address);
}

// RFC 768. The datagram never was what it is here, so its checksum is none; over IPv6 it may not be
// zero (RFC 8200 §8.1), and readers do not look at others unless they are told to.
void WriteUdp(ByteWriter& out, const PcapngPacket& packet, size_t udp_size, bool v4) {
  out.U16(packet.source.port);
  out.U16(packet.destination.port);
  out.U16(static_cast<uint16_t>(udp_size));
  out.U16(v4 ? 0 : 0xffff);
}

}  // namespace

bool PcapngWriter::WriteBegin(ByteWriter& out, std::string_view application) {
  const size_t begin = out.size();
  BeginBlock(out, kSectionHeader);
  out.U32(kByteOrderMagic);
  out.U32(0x00010000);  // Version 1.0.
  out.U64(kUnknownLength);
  WriteOption(out, kSectionApplication, AsBytes(application.substr(0, kMaxComment)));
  return EndBlock(out, begin) && WriteInterface(out, "in", "what the transport received") &&
         WriteInterface(out, "out", "what the transport sent");
}

bool PcapngWriter::WritePacket(ByteWriter& out, const PcapngPacket& packet) {
  const bool v4 = packet.source.address.is_v4() && packet.destination.address.is_v4();
  const size_t headers = (v4 ? kIpv4Header : kIpv6Header) + kUdpHeader;
  const size_t udp_size = kUdpHeader + packet.original_size;
  const size_t captured = headers + packet.front.size() + packet.rest.size();
  const size_t begin = out.size();
  BeginBlock(out, kEnhancedPacket);
  out.U32(static_cast<uint32_t>(packet.direction));
  out.U64(packet.nanoseconds);
  out.U32(static_cast<uint32_t>(captured));
  out.U32(static_cast<uint32_t>(headers + packet.original_size));
  if (v4) {
    WriteIpv4(out, packet, udp_size);
  } else {
    WriteIpv6(out, packet, udp_size);
  }
  WriteUdp(out, packet, udp_size, v4);
  out.Bytes(packet.front);
  out.Bytes(packet.rest);
  out.Zeros(PaddingFor(captured));
  // Bits 0 and 1: 1 is inbound, 2 is outbound.
  const uint8_t flags = packet.direction == TapDirection::kIn ? 1 : 2;
  WriteOption(out, kPacketFlags, std::array<uint8_t, 4>{0, 0, 0, flags});
  return EndBlock(out, begin);
}

size_t PcapngWriter::AddComment(ByteSpan buffer, size_t begin, size_t end,
                                std::string_view comment) {
  const size_t length = end - begin;
  ByteWriter out(buffer.subspan(end - kTrailer));
  const ByteView text = AsBytes(comment.substr(0, kMaxComment));
  const size_t added = 4 + text.size() + PaddingFor(text.size());
  if (out.room() < added + kTrailer) return end;
  WriteOption(out, kComment, text);
  out.U16(kEndOfOptions);
  out.U16(0);
  out.U32(static_cast<uint32_t>(length + added));
  PatchLength(buffer.subspan(begin), length + added);
  return end + added;
}

}  // namespace sluice::worker
