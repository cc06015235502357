#include "bench/traffic/record/trace_maker.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/packet_pool.h"
#include "bench/traffic/trace_builder.h"
#include "bench/traffic/trace_player.h"
#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "rtp/packet/extensions.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::bench {
namespace {

using rtp::Extension;
using rtp::RtpPacket;
using rtp::codec::Kind;

constexpr std::array<size_t, 8> kPrefixSizes{4, 8, 12, 16, 24, 32, 48, Trace::kMaxPrefix};
constexpr size_t kLeast = 4, kLeastOfFrame = 16, kLeastOfKeyFrame = 48;

absl::Status Missing(const std::string& what) {
  return absl::Status(absl::StatusCode::kFailedPrecondition, what);
}

// One packet of one encoding, in the order in which they came.
struct Packet {
  RtpPacket rtp;
  Duration since_1970{0};
  uint8_t encoding = 0;
  bool key_frame = false;
};

class TraceMaker {
 public:
  explicit TraceMaker(const TraceMakerOptions& options)
      : options_(options), encodings_(std::max<size_t>(options.rids.size(), 1)) {}

  absl::StatusOr<Trace> Make(std::span<const RecordedPacket> recording) {
    for (const RecordedPacket& recorded : recording) Take(recorded);
    if (packets_.empty()) return Missing("no packet of this payload type was recorded");
    if (absl::Status status = CutStart(); !status.ok()) return status;
    if (absl::Status status = CutEnd(); !status.ok()) return status;
    return Build();
  }

 private:
  bool video() const { return options_.codec != Kind::kOpus; }
  uint32_t clock_rate() const { return video() ? 90'000 : 48'000; }

  std::optional<ByteView> DescriptorOf(const RtpPacket& packet) const {
    return packet.extension(Extension::kDependencyDescriptor);
  }

  void Take(const RecordedPacket& recorded) {
    const auto parsed =
        RtpPacket::Parse(pool_.Copy(recorded.bytes, Timestamp()), options_.extensions);
    if (!parsed || parsed->payload_type() != options_.payload_type) return;
    // Empty packets probe the path; they are no media.
    if (parsed->payload().empty()) return;
    const auto encoding = EncodingOf(*parsed);
    if (!encoding) return;
    const bool key_frame = Described(*parsed, parsed->payload()).key_frame;
    packets_.push_back({*parsed, recorded.since_1970, *encoding, key_frame});
  }

  // A browser names the encoding until it knows that the receiver has understood.
  std::optional<uint8_t> EncodingOf(const RtpPacket& packet) {
    if (options_.rids.empty()) return uint8_t{0};
    if (const auto value = packet.extension(Extension::kRid)) {
      const auto name = rtp::ParseStreamName(*value);
      const auto found = std::ranges::find(options_.rids, std::string(name.value_or("")));
      if (found != options_.rids.end()) {
        by_ssrc_[packet.ssrc().value()] = static_cast<uint8_t>(found - options_.rids.begin());
      }
    }
    const auto known = by_ssrc_.find(packet.ssrc().value());
    return known == by_ssrc_.end() ? std::nullopt : std::optional(known->second);
  }

  // What an encoding sent before its key frame is left out.
  absl::Status CutStart() {
    std::vector<std::optional<Duration>> starts(encodings_);
    std::vector<Packet> kept;
    for (Packet& packet : packets_) {
      auto& start = starts[packet.encoding];
      if (!start && packet.since_1970 >= options_.from_since_1970 &&
          (packet.key_frame || !video())) {
        start = packet.since_1970;
      }
      if (start) kept.push_back(std::move(packet));
    }
    packets_ = std::move(kept);
    for (size_t i = 0; i < encodings_; ++i) {
      if (!starts[i]) return Missing("encoding " + std::to_string(i) + " has no key frame");
    }
    return absl::OkStatus();
  }

  // So is what follows its last whole frame.
  absl::Status CutEnd() {
    const Duration end = packets_.front().since_1970 + options_.length;
    if (packets_.back().since_1970 < end) return Missing("the recording ends too early");
    std::vector<size_t> last(encodings_, 0);
    for (size_t i = 0; i < packets_.size() && packets_[i].since_1970 < end; ++i) {
      if (packets_[i].rtp.marker() || !video()) last[packets_[i].encoding] = i + 1;
    }
    std::vector<Packet> kept;
    for (size_t i = 0; i < packets_.size(); ++i) {
      if (i < last[packets_[i].encoding]) kept.push_back(std::move(packets_[i]));
    }
    packets_ = std::move(kept);
    return absl::OkStatus();
  }

  // Encodings count from different numbers; what they have in common is the clock on the wall.
  void FindOrigins() {
    std::vector<bool> seen(encodings_);
    origins_.assign(encodings_, 0);
    for (const Packet& packet : packets_) {
      if (seen[packet.encoding]) continue;
      seen[packet.encoding] = true;
      const Duration late = packet.since_1970 - packets_.front().since_1970;
      origins_[packet.encoding] =
          packet.rtp.timestamp() - static_cast<uint32_t>(late.count() * clock_rate() / 1'000'000);
    }
  }

  // One mean interval behind the last frame of the encoding that sends most of them.
  Duration Length() const {
    int64_t most = 0;
    Duration length{0};
    for (uint8_t encoding = 0; encoding < encodings_; ++encoding) {
      int64_t frames = 0;
      uint32_t newest = 0;
      for (const Packet& packet : packets_) {
        if (packet.encoding != encoding) continue;
        const uint32_t timestamp = packet.rtp.timestamp() - origins_[encoding];
        if (frames == 0 || timestamp != newest) ++frames;
        newest = timestamp;
      }
      if (frames <= std::max<int64_t>(most, 1)) continue;
      most = frames;
      const int64_t micros = int64_t{newest} * 1'000'000 / clock_rate();
      length = Duration(micros + micros / (frames - 1));
    }
    return length;
  }

  Trace Build() {
    FindOrigins();
    TraceBuilder builder(options_.codec, static_cast<uint8_t>(encodings_), clock_rate());
    for (const Packet& packet : packets_) {
      TracePacket out;
      const Duration time = packet.since_1970 - packets_.front().since_1970;
      latest_ = std::max(latest_, time);
      out.time_us = static_cast<uint32_t>(latest_.count());
      out.timestamp = packet.rtp.timestamp() - origins_[packet.encoding];
      out.payload_size = static_cast<uint16_t>(packet.rtp.payload().size());
      out.marker = packet.rtp.marker();
      out.key_frame = video() && packet.key_frame;
      out.encoding = packet.encoding;
      out.header_size = static_cast<uint8_t>(std::min<size_t>(packet.rtp.header_size(), 255));
      if (const auto level = packet.rtp.extension(Extension::kAudioLevel)) {
        if (level->size() == 1) out.audio_level = level->front();
      }
      const ByteView descriptor = DescriptorOf(packet.rtp).value_or(ByteView());
      builder.Add(out, PrefixOf(packet.rtp), descriptor);
    }
    return builder.Finish(Length());
  }

  // The shortest beginning that is described as the whole, whatever is played behind it. Other
  // servers look at more than we do, at the size of the picture for example, so where a frame
  // begins it is not too short.
  ByteView PrefixOf(const RtpPacket& packet) const {
    const ByteView payload = packet.payload();
    const auto description = Described(packet, payload);
    const size_t least = description.key_frame     ? kLeastOfKeyFrame
                         : description.frame_start ? kLeastOfFrame
                                                   : kLeast;
    for (const size_t size : kPrefixSizes) {
      const ByteView prefix = payload.first(std::min(size, payload.size()));
      if (size >= least && IsEnough(packet, prefix, description)) return prefix;
    }
    return payload.first(std::min(Trace::kMaxPrefix, payload.size()));
  }

  bool IsEnough(const RtpPacket& packet, ByteView prefix,
                const rtp::codec::Description& wanted) const {
    if (!HasNumbers(prefix)) return false;
    std::vector<uint8_t> played(packet.payload().size());
    PlayedPacket likeness;
    likeness.prefix = prefix;
    // With these every byte behind the prefix has had every value.
    for (uint16_t seq = 0; seq < 256; ++seq) {
      likeness.seq = SeqNo(seq);
      likeness.WritePayload(played);
      if (Described(packet, played) != wanted) return false;
    }
    return true;
  }

  // The player counts pictures on, which it can only where it finds their numbers.
  bool HasNumbers(ByteView prefix) const {
    if (options_.codec == Kind::kVp8) return rtp::codec::Vp8::Parse(prefix).has_value();
    if (options_.codec == Kind::kVp9) return rtp::codec::Vp9::Parse(prefix).has_value();
    return true;
  }

  rtp::codec::Description Described(const RtpPacket& packet, ByteView payload) const {
    return rtp::codec::Describe(options_.codec, payload, packet.marker(), DescriptorOf(packet));
  }

  const TraceMakerOptions& options_;
  const size_t encodings_;
  PacketPool pool_;
  std::map<uint32_t, uint8_t> by_ssrc_;
  std::vector<Packet> packets_;
  std::vector<uint32_t> origins_;
  Duration latest_{0};
};

}  // namespace

absl::StatusOr<Trace> MakeTrace(std::span<const RecordedPacket> recording,
                                const TraceMakerOptions& options) {
  return TraceMaker(options).Make(recording);
}

}  // namespace sluice::bench
