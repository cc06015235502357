// Decides whether one consumer sees a packet, and as what.
//
// No packet is touched here: the answer is a value, so one decrypted payload can be shared by every
// consumer in the room. The forwarder also keeps the promise a receiver relies on: what it gets
// looks like one stream that one encoder made, whatever was paused, left out or replaced.
//
// Everything of a stream must come by here, packets that only pad included. What is filtered out
// before leaves a gap that receivers take for loss.

#ifndef SLUICE_RTP_FORWARD_FORWARDER_H_
#define SLUICE_RTP_FORWARD_FORWARDER_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/forward/layer.h"
#include "rtp/forward/payload_type_map.h"
#include "rtp/forward/rewrite.h"
#include "rtp/forward/sequence_mapper.h"
#include "rtp/forward/timestamp_mapper.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

// How the spatial layers of one stream depend on one another where packets themselves do not say.
enum class SvcMode : uint8_t {
  kNone,
  kFull,  // on the next lower one, in every picture
  kKey,   // on the next lower one in key pictures, on none in others (K-SVC)
};

class Forwarder {
 public:
  struct Options {
    MediaKind kind = MediaKind::kAudio;
    Ssrc ssrc;
    // Below 2^15. Receivers guess the roll-over counter of SRTP from the first packet they see;
    // if the first packets of a stream that starts near the wrap are lost, they guess wrong and
    // never recover (RFC 3711 §3.3.1).
    SeqNo first_seq;
    uint32_t first_timestamp = 0;
    uint32_t clock_rate = 90'000;
    // The stream can be entered at key frames only: video of a codec whose key frames we know.
    bool needs_key_frame = false;
    PayloadTypeMap payload_types;
    // Of the stream, for what its payload descriptor has to be told.
    codec::Kind codec = codec::Kind::kUnknown;
    SvcMode svc = SvcMode::kNone;
    // The receiver negotiated the dependency descriptor.
    bool dependency_descriptor = false;
    // Leave out what says nothing but that nobody speaks (Opus).
    bool ignore_dtx = false;
    // What the receiver calls the codec inside of audio/red, if it takes RED. Without, blocks keep
    // the names that the publisher gave them.
    std::optional<PayloadType> red_payload_type;
  };

  // A step in sequence numbers of this or more is no loss that could be repaired but a stream that
  // starts again (MAX_DROPOUT of RFC 3550 §A.1).
  static constexpr int64_t kMaxGap = 3000;
  // Packets of a source that was replaced may still be under way for so long.
  static constexpr Duration kSourceSettles = std::chrono::seconds(1);
  // How many packets before the one we started with can still follow it late.
  static constexpr int64_t kLead = 64;

  explicit Forwarder(const Options& options);

  // `mapped` is the packet's payload type in the numbers of the router, and `source` the encoding
  // it belongs to. The packet must carry its unwrapped number and description.
  Verdict Admit(const RtpPacket& packet, PayloadType mapped, const EncodingSource& source);

  // What the consumer shall get: this encoding, and of it at most these layers. Nothing: it gets
  // nothing, as while paused. Before the first call it is the first encoding that comes, and all
  // of its layers. What flows follows when a decoder can follow.
  void SetTarget(std::optional<LayerTarget> target);
  // What flows now, as far as it has been seen; nothing if nothing does.
  std::optional<LayerTarget> current() const;

  // While paused nothing passes and no number is used up. For a pause of the producer as well.
  void SetPaused(bool paused);
  bool paused() const { return paused_; }

  // The encoding without whose next key frame the consumer will not see what it shall. Nothing
  // while paused.
  std::optional<uint8_t> awaiting_key_frame() const;

  Ssrc ssrc() const { return options_.ssrc; }
  // The source whose packets pass; none before the first.
  std::optional<Ssrc> source() const { return source_; }
  // What the consumer reads where the source wrote `timestamp`, e.g. in a sender report. Nothing
  // until a packet has passed.
  std::optional<uint32_t> MapTimestamp(uint32_t timestamp) const {
    if (!source_) return std::nullopt;
    return timestamps_.Peek(timestamp);
  }

 private:
  bool IsEntry(const RtpPacket& packet) const {
    return !options_.needs_key_frame || packet.description().key_frame;
  }
  bool Continues(const RtpPacket& packet) const {
    return running_ && packet.ssrc() == source_ &&
           packet.unwrapped_seq() - sequence_.newest() < kMaxGap;
  }
  // A run of packets begins with this one, unless there is a reason why it cannot.
  std::optional<DropReason> Begin(const RtpPacket& packet);
  std::optional<DropReason> ChangeSource(const RtpPacket& packet);
  std::optional<DropReason> Resume(const RtpPacket& packet);
  // The packet is not for this consumer, who must not miss its number.
  DropReason LeaveOut(const RtpPacket& packet, DropReason reason);

  Options options_;
  SequenceMapper sequence_;
  TimestampMapper timestamps_;
  std::optional<Ssrc> source_;
  // Where the consumer entered the source, and the time of the frame that begins there.
  RtpSeq entry_;
  uint32_t entry_timestamp_ = 0;
  // The source before, some packets of which may still be under way.
  std::optional<Ssrc> replaced_;
  Timestamp replaced_at_{};
  uint8_t encoding_ = 0;
  bool paused_ = false;
  bool running_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_FORWARDER_H_
