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
#include "rtp/forward/payload_type_map.h"
#include "rtp/forward/rewrite.h"
#include "rtp/forward/sequence_mapper.h"
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

  // `mapped` is the packet's payload type in the numbers of the router. The packet must carry its
  // unwrapped number and description. kAwaitingKeyframe says that the source should be asked for
  // a key frame.
  Verdict Admit(const RtpPacket& packet, PayloadType mapped);

  // While paused nothing passes and no number is used up. For a pause of the producer as well.
  void SetPaused(bool paused);
  bool paused() const { return paused_; }

  // Nothing passes until the source sends a key frame. Not while paused.
  bool awaiting_key_frame() const {
    return options_.needs_key_frame && !running_ && !paused_;
  }

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
  bool paused_ = false;
  bool running_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_FORWARDER_H_
