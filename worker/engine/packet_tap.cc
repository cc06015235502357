#include "worker/engine/packet_tap.h"

#include <algorithm>

namespace sluice::worker {
namespace {

constexpr size_t kRtpHeader = 12;
constexpr size_t kRtcpHeader = 8;
constexpr uint8_t kApplicationDefined = 204;  // RFC 3550 §6.7
constexpr size_t kApplicationHeader = 12;

// RFC 3550 §5.1, §5.3.1. All there is if the lengths in it make no sense.
size_t RtpHeaderSize(ByteView packet) {
  if (packet.size() < kRtpHeader) return packet.size();
  size_t size = kRtpHeader + size_t{4} * (packet[0] & 0x0f);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < size + 4) return packet.size();
    const auto words = static_cast<size_t>(packet[size + 2] << 8 | packet[size + 3]);
    size += 4 + 4 * words;
  }
  return std::min(size, packet.size());
}

}  // namespace

PacketTap::PacketTap(const Options& options) : options_(options), buffer_(kBuffer) {
  ByteWriter out(buffer_);
  PcapngWriter::WriteBegin(out, "sluice-worker " SLUICE_VERSION);
  used_ = out.size();
  // A file without packets is a file as well.
  due_ = Timestamp();
}

// What is kept is what a reader needs to see how a packet is built, and not what is said in it.
size_t PacketTap::KeptOf(const Seen& seen, ByteView front, size_t size) const {
  if (seen.refused) return std::min(size, seen.rtcp ? kRtcpHeader : RtpHeaderSize(front));
  if (!seen.rtcp) return std::min(size, RtpHeaderSize(front) + options_.payload_bytes);
  // Pipes carry the messages of data channels in these.
  const bool speaks = front.size() > 1 && front[1] == kApplicationDefined;
  return speaks ? std::min(size, kApplicationHeader + options_.payload_bytes) : size;
}

bool PacketTap::TakesTurn(TapDirection direction) {
  uint32_t& passed = passed_[static_cast<size_t>(direction)];
  const bool takes = passed == 0;
  passed = passed + 1 == options_.sampling ? 0 : passed + 1;
  return takes;
}

Endpoint PacketTap::LocalOf(const Path* path) const {
  if (path == nullptr) return {};
  for (const auto& [socket, local] : options_.places) {
    if (socket == path->socket) return local;
  }
  return {};
}

void PacketTap::Record(const Seen& seen, ByteView front, ByteView rest) {
  recorded_last_ = false;
  if (full_ || !TakesTurn(seen.direction)) return;
  const size_t size = front.size() + rest.size();
  const size_t kept = KeptOf(seen, front, size);
  const size_t of_front = std::min(kept, front.size());
  const Endpoint local = LocalOf(seen.path);
  const Endpoint remote = seen.path == nullptr ? Endpoint() : seen.path->remote;
  const bool in = seen.direction == TapDirection::kIn;
  const int64_t micros = (seen.at.time_since_epoch() + options_.unix_offset).count();
  PcapngPacket packet;
  packet.direction = seen.direction;
  packet.nanoseconds = static_cast<uint64_t>(std::max<int64_t>(micros, 0)) * 1000;
  packet.source = in ? remote : local;
  packet.destination = in ? local : remote;
  packet.front = front.first(of_front);
  packet.rest = rest.first(kept - of_front);
  packet.original_size = size;
  ByteWriter out(ByteSpan(buffer_).subspan(used_));
  if (!PcapngWriter::WritePacket(out, packet)) {
    ++left_out_;
    return;
  }
  // Comments may take it a little over.
  if (given_ + used_ + out.size() > options_.max_bytes) {
    full_ = true;
    due_ = Timestamp();
    return;
  }
  last_ = used_;
  used_ += out.size();
  recorded_last_ = true;
  ++packets_;
  if (used_ >= kChunk) {
    due_ = Timestamp();
  } else if (!due_) {
    due_ = seen.at + kMaxWait;
  }
}

void PacketTap::Annotate(std::string_view comment) {
  if (!recorded_last_) return;
  used_ = PcapngWriter::AddComment(buffer_, last_, used_, comment);
}

void PacketTap::Clear() {
  given_ += used_;
  used_ = 0;
  recorded_last_ = false;
  due_.reset();
}

}  // namespace sluice::worker
