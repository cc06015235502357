#include "tests/support/sctp_forger.h"

#include <algorithm>

namespace sluice::test {
namespace {

constexpr uint16_t kPort = 5000;
constexpr uint8_t kData = 0;
constexpr uint8_t kInit = 1;
constexpr uint8_t kReconfig = 130;

// Bit by bit: it is called for a few thousand packets.
uint32_t Crc32c(ByteView bytes) {
  uint32_t crc = 0xffffffff;
  for (uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

std::vector<uint8_t> Header(uint32_t tag) {
  std::vector<uint8_t> header(12);
  ByteWriter out(header);
  out.U16(kPort);
  out.U16(kPort);
  out.U32(tag);
  return header;
}

// An INIT, whose two numbers are where a sender's data and resets begin (RFC 6525 §4.1).
bool IsInit(ByteView packet) { return packet.size() >= 32 && (packet[12] == 1 || packet[12] == 2); }

}  // namespace

void SctpForger::Seal(std::vector<uint8_t>& packet) {
  std::fill(packet.begin() + 8, packet.begin() + 12, uint8_t{0});
  const uint32_t crc = Crc32c(packet);
  // RFC 9260 appendix A: the bytes of the remainder are in the order of the bits.
  for (size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<uint8_t>(crc >> (8 * i));
}

void SctpForger::Learn(ByteView packet) {
  ByteReader in(packet);
  in.Skip(4);
  const uint32_t tag = in.U32();
  if (tag != 0) tag_ = tag;
  in.Skip(4);
  if (IsInit(packet)) {
    in.Skip(16);
    next_tsn_ = in.U32();
    next_reset_ = next_tsn_;
  } else if (in.U8() == kData) {
    in.Skip(3);
    next_tsn_ = in.U32() + 1;
  }
}

std::vector<uint8_t> SctpForger::Packet(std::vector<uint8_t> chunks) const {
  std::vector<uint8_t> packet = Header(tag_);
  packet.insert(packet.end(), chunks.begin(), chunks.end());
  Seal(packet);
  return packet;
}

std::vector<uint8_t> SctpForger::Init(uint16_t outgoing_streams, uint16_t incoming_streams) {
  std::vector<uint8_t> packet = Header(0);
  packet.resize(32);
  ByteWriter out(ByteSpan(packet).subspan(12));
  out.U8(kInit);
  out.U8(0);
  out.U16(20);
  out.U32(next_init_tag_++);
  out.U32(1'000'000);
  out.U16(outgoing_streams);
  out.U16(incoming_streams);
  out.U32(1);
  Seal(packet);
  return packet;
}

std::vector<uint8_t> SctpForger::Data(const DataOptions& options) {
  constexpr size_t kHeader = 16;
  const size_t size = kHeader + options.payload.size();
  std::vector<uint8_t> chunk((size + 3) / 4 * 4);
  ByteWriter out(chunk);
  out.U8(kData);
  out.U8(options.flags);
  out.U16(static_cast<uint16_t>(size));
  out.U32(next_tsn_++);
  out.U16(options.stream);
  out.U16(options.sequence);
  out.U32(options.ppid);
  out.Bytes(options.payload);
  return Packet(std::move(chunk));
}

std::vector<uint8_t> SctpForger::ResetAll() {
  std::vector<uint8_t> chunk(20);
  ByteWriter out(chunk);
  out.U8(kReconfig);
  out.U8(0);
  out.U16(20);
  out.U16(13);  // Outgoing SSN Reset Request
  out.U16(16);
  out.U32(next_reset_++);
  out.U32(0);
  out.U32(next_tsn_ - 1);
  return Packet(std::move(chunk));
}

}  // namespace sluice::test
