// What was sent in the last seconds, so that it can be sent again (RFC 4585 §6.2.1, RFC 4588).
//
// Entries are references: however many receivers hold a packet, its bytes are there once. The ring
// is indexed by the number the packet was sent with, so that finding costs one load. It starts
// empty, doubles while packets younger than the age limit would be overwritten, and stays at that
// size: a stream pays for the packet rate it really has, and steady state allocates nothing.

#ifndef SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_
#define SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/drop_reason.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/forward/rewrite.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

class RetransmissionCache {
 public:
  // A jitter buffer that still waits after so long has shown a frozen picture, or a gap in sound,
  // for longer than a new key frame or the next word would take.
  static constexpr Duration kVideoAge = std::chrono::seconds(2);
  static constexpr Duration kAudioAge = std::chrono::seconds(1);
  // 10 Mbit/s of video, or 20 ms frames of sound, for as long as they are kept.
  static constexpr size_t kMaxVideoEntries = 2048;
  static constexpr size_t kMaxAudioEntries = 128;
  // Losses come in crowds that outlast three round trips of a near peer. One that asks for everything
  // over and over gets at most this multiple of the stream, and less: see RetransmissionBudget.
  static constexpr uint8_t kMaxRepeats = 6;
  // Assumed until a round trip has been measured.
  static constexpr Duration kAssumedRtt = std::chrono::milliseconds(100);
  // Round trips are computed from what the peer says; it may not silence us with a huge one.
  static constexpr Duration kMaxRtt = std::chrono::milliseconds(500);

  struct Entry {
    RtpPacket packet;
    Rewrite rewrite;
    uint32_t stored_ms = 0;    // milliseconds of the worker's clock, modulo 2^32
    uint16_t repeated_ms = 0;  // the last repetition, as the time since storing
    uint8_t repeats = 0;
  };
  // Thousands of receivers keep hundreds of entries each.
  static_assert(sizeof(Entry) <= 40);

  explicit RetransmissionCache(MediaKind kind);

  // The packet has been sent as `rewrite` says. Numbers may arrive out of order.
  void Store(Timestamp now, const RtpPacket& packet, const Rewrite& rewrite);

  // The packet to send again, which this call counts as done, or why not: kRtxUnavailable if it is
  // not stored (any more), kRtxRepeated within one round trip of the last repetition or after the
  // last one allowed. `rtt` zero means not yet known. Valid until the next call.
  std::variant<const Entry*, DropReason> Find(Timestamp now, SeqNo seq, Duration rtt);

  // How often a stored packet has been sent again; nothing if it is not stored (any more).
  std::optional<uint8_t> RepeatsOf(Timestamp now, SeqNo seq) const;

  // What is stored around the newest packet, for who wants to send something again that nobody has
  // asked for. Numbers are those of the stream without wrap from oldest() to newest(); null if
  // that one is not stored (any more). Does not count as a repetition; valid until the next call.
  int64_t newest() const { return head_ - 1; }
  int64_t oldest() const { return tail_; }
  const Entry* Peek(Timestamp now, int64_t number) const;

  // Lets go of packets beyond the age limit. Store does so too; a stream that has gone quiet needs
  // this call now and then, or it keeps slots of the packet pool from others.
  void Expire(Timestamp now);
  void Clear();

  size_t capacity() const { return ring_.size(); }
  size_t stored() const { return stored_; }
  // How often a packet younger than the age limit had to go because the ring is at its bound.
  uint64_t evicted() const { return evicted_; }

 private:
  static uint32_t Milliseconds(Timestamp time);
  bool IsExpired(const Entry& entry, uint32_t now_ms) const;
  Entry& Slot(int64_t seq) { return ring_[static_cast<size_t>(seq) & (ring_.size() - 1)]; }
  // Null if it is not stored (any more).
  const Entry* Lookup(uint32_t now_ms, SeqNo seq) const;
  void Release(Entry& entry);
  void ReleaseUpTo(int64_t end);
  // Room for the numbers tail_ .. newest, by growing or by letting go of the oldest.
  void MakeRoom(int64_t newest, uint32_t now_ms);
  void Grow(size_t size);

  const uint32_t max_age_ms_;
  const size_t max_entries_;
  std::vector<Entry> ring_;  // The size is zero or a power of two.
  // Numbers in [tail_, head_) may be stored, at most as many as the ring has slots.
  int64_t tail_ = 0;
  int64_t head_ = 0;
  Unwrapper<RtpSeq, uint16_t> unwrapper_;
  size_t stored_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_
