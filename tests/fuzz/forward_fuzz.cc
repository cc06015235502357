// Publishers, a network and an application that do as a byte string says, in front of one
// forwarder: any codec, any layers, up to four encodings, descriptors that are true, invented or
// broken. Whatever they do, what the consumer reads stays one stream: a number means one packet, a
// packet has one number, numbers grow as the packets of a source do, time does not go back, and
// nothing passes that is above what was wanted.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include "base/check.h"
#include "base/packet_pool.h"
#include "base/seq_no.h"
#include "rtp/forward/forwarder.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/send/egress_writer.h"

namespace sluice::rtp {
namespace {

using codec::Kind;

constexpr PayloadType kMedia(96);
constexpr PayloadType kForeign(97);
constexpr uint8_t kDescriptorId = 9;
constexpr Kind kKinds[] = {Kind::kOpus, Kind::kVp8, Kind::kVp9, Kind::kH264,
                           Kind::kH265, Kind::kAv1, Kind::kRed, Kind::kUnknown};

// What a byte of the input does. The numbers of a source never return under another meaning: its
// receiver sees to that.
enum Action : uint8_t {
  kNext,
  kKeyFrame,
  kLate,
  kPadding,
  kForeignPayload,
  kLose,
  kJump,
  kPause,
  kResume,
  kChangeSource,
  kWait,
  kSetTarget,
  kNoTarget,
  kEncoding,
  kReport,
  kPicture,
  kActionCount
};

class Scene {
 public:
  Scene(uint8_t shape, uint16_t first_seq, uint32_t timestamp)
      : options_(OptionsFor(shape, first_seq)), forwarder_(options_) {
    extensions_.Add(kDescriptorId, Extension::kDependencyDescriptor);
    for (uint8_t i = 0; i < kMaxEncodings; ++i) {
      sources_[i].index = i;
      streams_[i].ssrc = i + 1u;
      streams_[i].timestamp = timestamp * (i + 1u);
    }
  }

  // `in` holds more of the input, for actions that take more than a byte.
  void Do(Action action, uint8_t amount, ByteReader& in) {
    now_ += std::chrono::milliseconds(1);
    Stream& stream = streams_[encoding_];
    switch (action) {
      case kNext:
        return Send(stream.next++, amount, in, {});
      case kKeyFrame:
        return Send(stream.next++, amount, in, {.key_frame = true});
      case kLate:
        return Send(stream.next - 1 - amount, amount, in, {.key_frame = amount % 8 == 0});
      case kPadding:
        return Send(stream.next++, 0, in, {.padding_only = true});
      case kForeignPayload:
        return Send(stream.next++, amount, in, {.mapped = kForeign});
      case kLose:
        stream.next += amount;
        return;
      case kJump:
        stream.next += 64 * int64_t{amount};
        return;
      case kPause:
        return forwarder_.SetPaused(true);
      case kResume:
        return forwarder_.SetPaused(false);
      case kChangeSource:
        return ChangeSource(stream, amount);
      case kWait:
        now_ += std::chrono::milliseconds(100 * int64_t{amount});
        return;
      case kSetTarget:
        return SetTarget(amount);
      case kNoTarget:
        return forwarder_.SetTarget(std::nullopt);
      case kEncoding:
        encoding_ = amount % kMaxEncodings;
        return;
      case kReport:
        return Report(amount, in);
      case kPicture:
        picture_ = amount;
        return;
      case kActionCount:
        return;
    }
  }

 private:
  struct Stream {
    uint32_t ssrc = 0;
    uint32_t timestamp = 0;  // of number zero
    int64_t next = 65'536 + 300;
  };
  struct Seen {
    int64_t out;
    uint32_t source;
    int64_t in;
    uint32_t timestamp;
  };

  static Forwarder::Options OptionsFor(uint8_t shape, uint16_t first_seq) {
    Forwarder::Options options;
    options.codec = kKinds[shape % std::size(kKinds)];
    const bool sound = options.codec == Kind::kOpus || options.codec == Kind::kRed;
    options.kind = sound ? MediaKind::kAudio : MediaKind::kVideo;
    options.needs_key_frame = codec::HasKeyFrames(options.codec);
    options.svc = static_cast<SvcMode>(shape / 8 % 3);
    options.dependency_descriptor = (shape & 0x40) != 0;
    options.ignore_dtx = (shape & 0x80) != 0;
    options.first_seq = SeqNo(first_seq & 0x7fff);
    options.payload_types.Add(kMedia);
    if (options.codec == Kind::kRed) options.red = {kMedia, PayloadType(111)};
    return options;
  }

  void ChangeSource(Stream& stream, uint8_t amount) {
    stream.ssrc = static_cast<uint32_t>(1 + encoding_ + 4 * (amount % 4u));
    // Rows of numbers of one stream lie above one another, see StreamReceiver::Rebind.
    stream.next += 100'000 + amount;
  }

  void SetTarget(uint8_t amount) {
    const LayerTarget target{
        static_cast<uint8_t>(amount & 3),
        {static_cast<uint8_t>(amount >> 2 & 3), static_cast<uint8_t>(amount >> 4 & 3)}};
    highest_.spatial = std::max(highest_.spatial, target.layer.spatial);
    highest_.temporal = std::max(highest_.temporal, target.layer.temporal);
    bounded_ |= !anything_passed_;
    forwarder_.SetTarget(target);
  }

  void Report(uint8_t amount, ByteReader& in) {
    EncodingSource::Clock clock;
    clock.capture = now_ - std::chrono::milliseconds(int64_t{amount} * amount);
    clock.rtp_timestamp = in.U32();
    sources_[encoding_].clock = clock;
  }

  // Payload and descriptor come from the input; without, they are what the action says.
  RtpPacket Make(int64_t in, uint8_t amount, bool padding_only, ByteReader& input) {
    const Stream& stream = streams_[encoding_];
    PacketRef ref = pool_.Allocate();
    ByteWriter out(ref.buffer());
    const bool described = (amount & 0x80) != 0 && !padding_only;
    out.U8(static_cast<uint8_t>((padding_only ? 0xa0 : 0x80) | (described ? 0x10 : 0)));
    out.U8(static_cast<uint8_t>(kMedia.value() | (amount & 1 ? 0x80 : 0)));
    out.U16(static_cast<uint16_t>(in));
    out.U32(stream.timestamp + static_cast<uint32_t>(in / 4) * 3000);
    out.U32(stream.ssrc);
    if (described) {
      const ByteView value = input.Bytes(std::min<size_t>(amount % 48, input.remaining()));
      out.U16(0x1000);
      out.U16(static_cast<uint16_t>((value.size() + 5) / 4));
      out.U8(kDescriptorId);
      out.U8(static_cast<uint8_t>(value.size()));
      out.Bytes(value);
      out.Zeros((value.size() + 5) / 4 * 4 - 2 - value.size());
    }
    const size_t size = padding_only ? 0 : std::min<size_t>(amount % 16, input.remaining());
    out.Bytes(input.Bytes(size));
    out.U8(1);  // payload, or the length of padding
    ref.set_size(out.size());
    ref.set_arrival(now_);
    std::optional<RtpPacket> packet = RtpPacket::Parse(ref, extensions_);
    SLUICE_CHECK(packet.has_value());
    return *packet;
  }

  struct Sending {
    bool key_frame = false;
    PayloadType mapped = kMedia;
    bool padding_only = false;
  };
  void Send(int64_t in, uint8_t amount, ByteReader& input, const Sending& what) {
    const auto [key_frame, mapped, padding_only] = what;
    if (in < 0) return;
    RtpPacket packet = Make(in, amount, padding_only, input);
    packet.set_unwrapped({in});
    saw_descriptor_ |= packet.extension(Extension::kDependencyDescriptor).has_value();
    EncodingSource& source = sources_[encoding_];
    source.Describe(options_.codec, packet);
    codec::Description description = packet.description();
    description.key_frame |= key_frame;
    description.frame_start |= key_frame;
    // Mostly small steps, so that a stream comes about that makes sense.
    if ((amount & 2) != 0) description.picture_id = picture_ = static_cast<uint16_t>(picture_ + 1);
    packet.set_description(description);

    const Verdict verdict = forwarder_.Admit(packet, mapped, source, source.Record(packet));
    static_cast<void>(forwarder_.awaiting_key_frame());
    const auto* rewrite = std::get_if<Rewrite>(&verdict);
    if (rewrite == nullptr) return;
    if (!rewrite->padding_only) {
      SLUICE_CHECK(mapped == kMedia && !padding_only);
      anything_passed_ = true;
      CheckLayer(packet);
    }
    SLUICE_CHECK(!forwarder_.paused() && rewrite->payload_type == kMedia);
    Check(*rewrite, in);
    CheckWritten(packet, *rewrite);
  }

  // Only what was wanted at any time may ever pass, if something was wanted from the start.
  void CheckLayer(const RtpPacket& packet) const {
    const codec::Description& frame = packet.description();
    if (!bounded_ || saw_descriptor_) return;
    if (options_.codec == Kind::kVp8 || options_.codec == Kind::kVp9) {
      SLUICE_CHECK(frame.temporal <= highest_.temporal);
    }
    if (options_.codec == Kind::kVp9) SLUICE_CHECK(frame.spatial <= highest_.spatial);
  }

  void Check(const Rewrite& rewrite, int64_t in) {
    const uint32_t source = streams_[encoding_].ssrc;
    const int64_t out = unwrapper_.Unwrap(rewrite.seq.value()).value;
    // All that came before and may still be confused with this one.
    for (const Seen& seen : seen_) {
      const bool same_packet = seen.source == source && seen.in == in;
      SLUICE_CHECK((seen.out == out) == same_packet);
      if (seen.source != source) continue;
      SLUICE_CHECK((seen.in < in) == (seen.out < out));
      const auto step = static_cast<int32_t>(rewrite.timestamp - seen.timestamp);
      // Beyond half a circle of time nobody can tell.
      const bool near = in - seen.in < kRemembered * 1000;
      if (seen.in <= in && near) SLUICE_CHECK(step >= 0);
    }
    seen_.push_back({out, source, in, rewrite.timestamp});
    if (std::ssize(seen_) > kRemembered) seen_.pop_front();
  }

  // It can be written, and a repetition is the same.
  void CheckWritten(const RtpPacket& packet, const Rewrite& rewrite) {
    std::array<uint8_t, 1500> first, again;
    const auto written = writer_.Write(packet, rewrite, {}, first);
    const auto repeated = writer_.Write(packet, rewrite, {}, again);
    SLUICE_CHECK(written && repeated && written->size() == repeated->size());
    SLUICE_CHECK(std::equal(first.begin(), first.begin() + static_cast<ptrdiff_t>(written->written),
                            again.begin()));
    if (rewrite.padding_only) SLUICE_CHECK(written->rest.empty());
  }

  static constexpr int64_t kRemembered = 512;

  PacketPool pool_{64};
  Timestamp now_{std::chrono::seconds(1000)};
  ExtensionMap extensions_;
  Forwarder::Options options_;
  Forwarder forwarder_;
  EgressWriter writer_{[] {
                         ExtensionMap map;
                         map.Add(kDescriptorId, Extension::kDependencyDescriptor);
                         return map;
                       }(),
                       ""};
  std::array<EncodingSource, kMaxEncodings> sources_;
  std::array<Stream, kMaxEncodings> streams_;
  size_t encoding_ = 0;
  uint16_t picture_ = 0;
  LayerId highest_;
  bool bounded_ = false;
  bool anything_passed_ = false;
  bool saw_descriptor_ = false;
  Unwrapper<RtpSeq, uint16_t> unwrapper_;
  std::deque<Seen> seen_;
};

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::rtp::Action;
  sluice::ByteReader in({data, std::min<size_t>(size, 4096)});
  const uint8_t shape = in.U8();
  const uint16_t first_seq = in.U16();
  const uint32_t timestamp = in.U32();
  sluice::rtp::Scene scene(shape, first_seq, timestamp);
  while (!in.empty()) {
    const auto action = static_cast<Action>(in.U8() % sluice::rtp::kActionCount);
    const uint8_t amount = in.U8();
    scene.Do(action, amount, in);
  }
  return 0;
}
