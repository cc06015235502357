// A publisher, a network and an application that do as a byte string says, in front of one
// forwarder. Whatever they do, what the consumer reads stays one stream: a number means one packet,
// a packet has one number, and numbers grow as the packets of a source do.

#include <algorithm>
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

namespace sluice::rtp {
namespace {

constexpr PayloadType kMedia(96);
constexpr PayloadType kForeign(97);

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
  kActionCount
};

class Scene {
 public:
  Scene(bool video, uint16_t first_seq, uint32_t timestamp)
      : timestamp_(timestamp), forwarder_(OptionsFor(video, first_seq)) {}

  void Do(Action action, uint8_t amount) {
    now_ += std::chrono::milliseconds(1);
    switch (action) {
      case kNext: return Send(next_++, amount, false);
      case kKeyFrame: return Send(next_++, amount, true);
      case kLate: return Send(next_ - 1 - amount, amount, amount % 8 == 0);
      case kPadding: return Send(next_++, 0, false, kMedia, true);
      case kForeignPayload: return Send(next_++, amount, false, kForeign);
      case kLose: next_ += amount; return;
      case kJump: next_ += 64 * int64_t{amount}; return;
      case kPause: return forwarder_.SetPaused(true);
      case kResume: return forwarder_.SetPaused(false);
      case kChangeSource: return ChangeSource(amount);
      case kWait: now_ += std::chrono::milliseconds(100 * int64_t{amount}); return;
      case kActionCount: return;
    }
  }

 private:
  struct Seen {
    int64_t out;
    uint32_t source;
    int64_t in;
  };

  static Forwarder::Options OptionsFor(bool video, uint16_t first_seq) {
    Forwarder::Options options;
    options.kind = video ? MediaKind::kVideo : MediaKind::kAudio;
    options.needs_key_frame = video;
    options.first_seq = SeqNo(first_seq & 0x7fff);
    options.payload_types.Add(kMedia);
    return options;
  }

  void ChangeSource(uint8_t amount) {
    source_ = 1 + amount % 4;
    // Rows of numbers of one stream lie above one another, see StreamReceiver::Rebind.
    next_ += 100'000 + amount;
  }

  void Send(int64_t in, uint8_t advance, bool key_frame, PayloadType mapped = kMedia,
            bool padding_only = false) {
    if (in < 0) return;
    timestamp_ += 40u * advance;
    PacketRef ref = pool_.Allocate();
    ByteWriter out(ref.buffer());
    out.U8(padding_only ? 0xa0 : 0x80);
    out.U8(kMedia.value());
    out.U16(static_cast<uint16_t>(in));
    out.U32(timestamp_);
    out.U32(source_);
    out.U8(1);  // payload, or the length of padding
    ref.set_size(out.size());
    ref.set_arrival(now_);
    std::optional<RtpPacket> packet = RtpPacket::Parse(ref, ExtensionMap());
    SLUICE_CHECK(packet.has_value());
    packet->set_unwrapped({in});
    codec::Description description;
    description.key_frame = key_frame;
    packet->set_description(description);

    const Verdict verdict = forwarder_.Admit(*packet, mapped);
    if (const auto* rewrite = std::get_if<Rewrite>(&verdict)) {
      SLUICE_CHECK(mapped == kMedia && !padding_only && !forwarder_.paused());
      SLUICE_CHECK(rewrite->payload_type == kMedia);
      Check(rewrite->seq, in);
    }
  }

  void Check(SeqNo seq, int64_t in) {
    const int64_t out = unwrapper_.Unwrap(seq.value()).value;
    // All that came before and may still be confused with this one.
    for (const Seen& seen : seen_) {
      const bool same_packet = seen.source == source_ && seen.in == in;
      SLUICE_CHECK((seen.out == out) == same_packet);
      if (seen.source == source_) SLUICE_CHECK((seen.in < in) == (seen.out < out));
    }
    seen_.push_back({out, source_, in});
    if (seen_.size() > kRemembered) seen_.pop_front();
  }

  static constexpr size_t kRemembered = 512;

  PacketPool pool_{64};
  Timestamp now_{std::chrono::seconds(1000)};
  int64_t next_ = 65'536 + 300;
  uint32_t source_ = 1;
  uint32_t timestamp_;
  Forwarder forwarder_;
  Unwrapper<RtpSeq, uint16_t> unwrapper_;
  std::deque<Seen> seen_;
};

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::rtp::Action;
  sluice::ByteReader in({data, std::min<size_t>(size, 4096)});
  const bool video = in.U8() & 1;
  const uint16_t first_seq = in.U16();
  const uint32_t timestamp = in.U32();
  sluice::rtp::Scene scene(video, first_seq, timestamp);
  while (!in.empty()) {
    const auto action = static_cast<Action>(in.U8() % sluice::rtp::kActionCount);
    scene.Do(action, in.U8());
  }
  return 0;
}
