#include "bench/traffic/record/recording.h"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace sluice::bench {
namespace {

constexpr size_t kHeadSize = 10;

}  // namespace

void RecordingWriter::Write(Duration since_1970, ByteView packet) {
  std::array<uint8_t, kHeadSize> head;
  ByteWriter out(head);
  out.U64(static_cast<uint64_t>(since_1970.count()));
  out.U16(static_cast<uint16_t>(packet.size()));
  std::fwrite(head.data(), 1, head.size(), file_);
  std::fwrite(packet.data(), 1, packet.size(), file_);
}

std::optional<std::vector<RecordedPacket>> ReadRecording(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return std::nullopt;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return std::nullopt;
  std::vector<RecordedPacket> packets;
  ByteReader in(AsBytes({bytes.data(), bytes.size()}));
  while (!in.empty()) {
    RecordedPacket packet;
    packet.since_1970 = Duration(static_cast<int64_t>(in.U64()));
    const ByteView content = in.Bytes(in.U16());
    packet.bytes.assign(content.begin(), content.end());
    if (in.ok()) packets.push_back(std::move(packet));
  }
  return packets;
}

}  // namespace sluice::bench
