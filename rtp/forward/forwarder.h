// Decides whether one consumer sees a packet, and as what.
//
// No packet is touched here: the answer is a value, so one decrypted payload can be shared by every
// consumer in the room. The forwarder also keeps the promise a receiver relies on: what it gets
// looks like one stream that one encoder made, whatever was paused, left out or replaced.
//
// Everything of a stream must come by here, packets that only pad included. What is filtered out
// before leaves a gap that receivers take for loss. Of encodings that do not concern a forwarder
// payloads may be kept from it.

#ifndef SLUICE_RTP_FORWARD_FORWARDER_H_
#define SLUICE_RTP_FORWARD_FORWARDER_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/forward/layer.h"
#include "rtp/forward/layer_selector.h"
#include "rtp/forward/payload_type_map.h"
#include "rtp/forward/picture_numbers.h"
#include "rtp/forward/rewrite.h"
#include "rtp/forward/source_run.h"
#include "rtp/forward/timestamp_mapper.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

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
    // Of the stream, for what its payload descriptor has to be told.
    codec::Kind codec = codec::Kind::kUnknown;
    SvcMode svc = SvcMode::kNone;
    // The receiver negotiated the dependency descriptor.
    bool dependency_descriptor = false;
    // Leave out what says nothing but that nobody speaks (Opus).
    bool ignore_dtx = false;
    // If the receiver takes audio/red: its payload types for that and for what is inside. Without,
    // blocks keep the names that the publisher gave them.
    struct Red {
      PayloadType outer;
      PayloadType inner;
    };
    std::optional<Red> red;
    PayloadTypeMap payload_types;
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
  // it belongs to, where it came at `place`. The packet must carry its unwrapped number and
  // description.
  Verdict Admit(const RtpPacket& packet, PayloadType mapped, const EncodingSource& source,
                EncodingSource::Place place);

  // The same for a packet that the receiver shall not get whatever it is, for `reason`: the answer
  // is that reason, or what fills the hole that the packet would leave.
  Verdict LeaveOut(const RtpPacket& packet, const EncodingSource& source, DropReason reason);

  // What the consumer shall get: this encoding, and of it at most these layers. Nothing: it gets
  // nothing, as while paused. Before the first call it is the first encoding that comes, and all
  // of its layers. What flows follows when a decoder can follow.
  void SetTarget(std::optional<LayerTarget> target);
  // Set, and nothing: it shall get nothing.
  std::optional<std::optional<LayerTarget>> target() const {
    if (!targeted_) return std::nullopt;
    return target_;
  }
  // What flows now, as far as it has been seen; nothing if nothing does.
  std::optional<LayerTarget> current() const;

  // While paused nothing passes and no number is used up. For a pause of the producer as well.
  void SetPaused(bool paused);
  bool paused() const { return paused_; }
  // Nothing passes, whatever comes.
  bool stopped() const { return paused_ || (targeted_ && !target_); }
  // Bit i: packets of encoding i may change something here. Admit answers kOtherLayer to payloads
  // of any other, until a target is set or a packet of one of these has passed.
  uint8_t ConcernedBy(Timestamp now) const;

  // The encoding without whose next key frame the consumer will not see what it shall. Nothing
  // while paused.
  std::optional<uint8_t> awaiting_key_frame() const;

  Ssrc ssrc() const { return options_.ssrc; }
  // The source whose packets pass, or passed last; none before the first.
  std::optional<Ssrc> source() const {
    if (!run().begun) return std::nullopt;
    return run().ssrc;
  }
  // What the consumer reads where the source wrote `timestamp`, e.g. in a sender report. Nothing
  // until a packet has passed.
  std::optional<uint32_t> MapTimestamp(uint32_t timestamp) const {
    if (!run().begun) return std::nullopt;
    return run().time.TruePlace(timestamp);
  }

 private:
  SourceRun& run() { return runs_[current_]; }
  const SourceRun& run() const { return runs_[current_]; }
  SourceRun& previous() { return runs_[1 - current_]; }

  // Why this receiver has no use for such a packet, if it has none.
  std::optional<DropReason> FindFault(const RtpPacket& packet,
                                      std::optional<PayloadType> payload_type) const;
  // The run that `packet` belongs to; null if it would have to begin one.
  SourceRun* FindRun(const RtpPacket& packet, uint8_t encoding);
  static bool Owns(const SourceRun& run, const RtpPacket& packet, uint8_t encoding);

  // A run begins with this packet, unless there is a reason why it cannot.
  std::optional<DropReason> Begin(const RtpPacket& packet, const EncodingSource& source,
                                  EncodingSource::Place place);
  bool IsWanted(const EncodingSource& source) const;
  LayerId TargetIn(uint8_t encoding) const;
  bool IsEntry(const RtpPacket& packet, LayerId target) const;
  void BeginRun(const RtpPacket& packet, const EncodingSource& source, EncodingSource::Place place);
  // The source goes on, but its layers from here on are another stream.
  void SplitRun(const RtpPacket& packet, const EncodingSource& source);
  void Enter(SourceRun& entered, const RtpPacket& packet, const EncodingSource& source);
  // Where `packet` belongs among the times of this receiver, by sender reports.
  std::optional<uint32_t> PlaceByReports(const RtpPacket& packet,
                                         const EncodingSource& source) const;

  Verdict Pass(SourceRun* run, const RtpPacket& packet, PayloadType payload_type,
               const EncodingSource& source);
  Verdict PassLate(SourceRun& run, const RtpPacket& packet, PayloadType payload_type);
  Verdict Forward(SourceRun& run, const LayerChoice& choice, const PictureNumbers::Place& place,
                  const RtpPacket& packet, PayloadType payload_type);
  // Of a stream without layers.
  Verdict PassPlain(SourceRun& run, const RtpPacket& packet, PayloadType payload_type);
  // The packet is not for this receiver, who must not miss its number.
  Verdict LeaveOut(SourceRun& run, const RtpPacket& packet, DropReason reason);

  // What every packet looks at stands together.
  uint8_t current_ = 0;
  bool paused_ = false;
  bool running_ = false;
  bool targeted_ = false;  // SetTarget has been called
  std::optional<LayerTarget> target_;
  PayloadType payload_type_;  // of what passed last
  TimestampMapper times_;
  Options options_;
  // The run that goes on, or went on last, and the one before.
  std::array<SourceRun, 2> runs_;
  // When the run before ended.
  Timestamp replaced_at_{};
  // Of the source of the current run.
  std::optional<EncodingSource::Clock> clock_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_FORWARDER_H_
