#include "bench/traffic/trace.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace sluice::bench {
namespace {

using rtp::codec::Kind;

constexpr std::string_view kMagic = "SLUICETRACE1";

// The bits of a packet's first byte; the upper three are the encoding.
constexpr uint8_t kMarker = 1, kKeyFrame = 2, kNewTimestamp = 4, kHasDescriptor = 8, kHasLevel = 16;
constexpr int kEncodingShift = 5;

// The shape of a file's numbers: seven bits a byte, the lowest first.
constexpr int kVarintBits = 7;
constexpr size_t kMaxVarint = 5;

struct Codec {
  Kind kind;
  std::string_view mime;
  uint32_t clock_rate;
};
constexpr std::array<Codec, 5> kCodecs{{{Kind::kOpus, "audio/opus", 48'000},
                                        {Kind::kVp8, "video/VP8", 90'000},
                                        {Kind::kVp9, "video/VP9", 90'000},
                                        {Kind::kH264, "video/H264", 90'000},
                                        {Kind::kAv1, "video/AV1", 90'000}}};

const Codec* CodecNamed(std::string_view mime) {
  const auto* const found = std::ranges::find(kCodecs, mime, &Codec::mime);
  return found == kCodecs.end() ? nullptr : found;
}

std::optional<uint32_t> ReadVarint(ByteReader& in) {
  uint64_t value = 0;
  for (size_t i = 0; i < kMaxVarint; ++i) {
    const uint8_t byte = in.U8();
    value |= uint64_t{byte & 0x7fu} << (kVarintBits * i);
    if ((byte & 0x80) != 0) continue;
    if (!in.ok() || value > UINT32_MAX) return std::nullopt;
    return static_cast<uint32_t>(value);
  }
  return std::nullopt;
}

void AppendVarint(std::vector<uint8_t>& out, uint32_t value) {
  for (; value >= 0x80; value >>= kVarintBits) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

void Append(std::vector<uint8_t>& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Differences between timestamps are small and may be negative.
uint32_t Folded(uint32_t difference) {
  const auto value = static_cast<int32_t>(difference);
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
uint32_t Unfolded(uint32_t folded) { return (folded >> 1) ^ (0u - (folded & 1)); }

class TraceReader {
 public:
  explicit TraceReader(ByteView file) : in_(file) {}

  std::optional<Trace> Read() {
    const auto count = ReadHead();
    if (!count) return std::nullopt;
    trace_.packets.reserve(*count);
    for (uint32_t i = 0; i < *count; ++i) {
      if (!ReadPacket()) return std::nullopt;
    }
    if (!in_.empty() || !IsPlayable()) return std::nullopt;
    return std::move(trace_);
  }

 private:
  std::optional<uint32_t> ReadHead() {
    if (AsText(in_.Bytes(kMagic.size())) != kMagic) return std::nullopt;
    const Codec* const codec = CodecNamed(AsText(in_.Bytes(in_.U8())));
    trace_.encodings = in_.U8();
    const uint32_t count = in_.U32();
    trace_.duration = Duration(in_.U32());
    if (!in_.ok() || codec == nullptr) return std::nullopt;
    trace_.codec = codec->kind;
    trace_.clock_rate = codec->clock_rate;
    const bool sane = trace_.encodings > 0 && trace_.encodings <= Trace::kMaxEncodings &&
                      count > 0 && count <= Trace::kMaxPackets && trace_.duration > Duration(0) &&
                      trace_.duration <= Trace::kMaxDuration;
    return sane ? std::optional(count) : std::nullopt;
  }

  bool ReadPacket() {
    TracePacket packet;
    const uint8_t flags = in_.U8();
    packet.marker = (flags & kMarker) != 0;
    packet.key_frame = (flags & kKeyFrame) != 0;
    packet.encoding = static_cast<uint8_t>(flags >> kEncodingShift);
    if (!ReadTimes(packet, (flags & kNewTimestamp) != 0)) return false;
    const auto size = ReadVarint(in_);
    if (!size || *size > Trace::kMaxPayload) return false;
    packet.payload_size = static_cast<uint16_t>(*size);
    packet.header_size = in_.U8();
    packet.offset = static_cast<uint32_t>(trace_.bytes.size());
    packet.prefix_size = Keep();
    if ((flags & kHasDescriptor) != 0) packet.descriptor_size = Keep();
    if ((flags & kHasLevel) != 0) packet.audio_level = in_.U8();
    if (!in_.ok() || packet.prefix_size > std::min<size_t>(*size, Trace::kMaxPrefix)) return false;
    trace_.packets.push_back(packet);
    return true;
  }

  bool ReadTimes(TracePacket& packet, bool new_timestamp) {
    const auto step = ReadVarint(in_);
    if (!step || *step > Trace::kMaxDuration.count() - time_us_) return false;
    packet.time_us = time_us_ += *step;
    uint32_t& timestamp = timestamps_[packet.encoding];
    if (new_timestamp) {
      const auto difference = ReadVarint(in_);
      if (!difference) return false;
      timestamp += Unfolded(*difference);
    }
    packet.timestamp = timestamp;
    return packet.encoding < trace_.encodings;
  }

  uint8_t Keep() {
    const ByteView bytes = in_.Bytes(in_.U8());
    Append(trace_.bytes, bytes);
    return static_cast<uint8_t>(bytes.size());
  }

  // Every encoding is there, begins with a key frame and ends with a whole one, where there are
  // frames.
  bool IsPlayable() const {
    const bool video = trace_.codec != Kind::kOpus;
    for (uint8_t encoding = 0; encoding < trace_.encodings; ++encoding) {
      const auto of_it = [&](const TracePacket& packet) { return packet.encoding == encoding; };
      const auto first = std::ranges::find_if(trace_.packets, of_it);
      const auto last = std::find_if(trace_.packets.rbegin(), trace_.packets.rend(), of_it);
      if (first == trace_.packets.end()) return false;
      if (video && !(first->key_frame && last->marker)) return false;
    }
    return true;
  }

  ByteReader in_;
  Trace trace_;
  uint32_t time_us_ = 0;
  std::array<uint32_t, Trace::kMaxEncodings> timestamps_{};
};

}  // namespace

std::optional<Trace> ParseTrace(ByteView file) { return TraceReader(file).Read(); }

std::optional<Trace> LoadTrace(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes(Trace::kMaxFile + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.is_open() || file.bad() || !file.eof()) return std::nullopt;
  return ParseTrace(ByteView(bytes).first(static_cast<size_t>(file.gcount())));
}

std::vector<uint8_t> SerializeTrace(const Trace& trace) {
  std::vector<uint8_t> out;
  const Codec& codec = *std::ranges::find(kCodecs, trace.codec, &Codec::kind);
  Append(out, AsBytes(kMagic));
  out.push_back(static_cast<uint8_t>(codec.mime.size()));
  Append(out, AsBytes(codec.mime));
  out.push_back(trace.encodings);
  std::array<uint8_t, 8> numbers;
  ByteWriter head(numbers);
  head.U32(static_cast<uint32_t>(trace.packets.size()));
  head.U32(static_cast<uint32_t>(trace.duration.count()));
  Append(out, head.written());
  uint32_t time_us = 0;
  std::array<uint32_t, Trace::kMaxEncodings> timestamps{};
  for (const TracePacket& packet : trace.packets) {
    uint32_t& timestamp = timestamps[packet.encoding];
    const bool new_timestamp = packet.timestamp != timestamp;
    out.push_back(static_cast<uint8_t>(
        (packet.marker ? kMarker : 0) | (packet.key_frame ? kKeyFrame : 0) |
        (new_timestamp ? kNewTimestamp : 0) | (packet.descriptor_size > 0 ? kHasDescriptor : 0) |
        (packet.audio_level ? kHasLevel : 0) | packet.encoding << kEncodingShift));
    AppendVarint(out, packet.time_us - std::exchange(time_us, packet.time_us));
    if (new_timestamp) {
      AppendVarint(out, Folded(packet.timestamp - std::exchange(timestamp, packet.timestamp)));
    }
    AppendVarint(out, packet.payload_size);
    out.push_back(packet.header_size);
    out.push_back(packet.prefix_size);
    Append(out, trace.PrefixOf(packet));
    if (packet.descriptor_size > 0) {
      out.push_back(packet.descriptor_size);
      Append(out, trace.DescriptorOf(packet));
    }
    if (packet.audio_level) out.push_back(*packet.audio_level);
  }
  return out;
}

}  // namespace sluice::bench
