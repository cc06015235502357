// What was sent in the last seconds, so that it can be sent again (RFC 4585 §6.2.1, RFC 4588).
//
// Entries are references: however many receivers hold a packet, its bytes are there once. What is
// kept beside the reference is packed, because it is there once per receiver, and it is kept in
// chunks that are found by the number the packet was sent with. A chunk whose packets have all gone
// serves for those to come, and there are as many as the stream once needed, and a few to spare: a
// stream pays for the packet rate it really has, and steady state allocates nothing.

#ifndef SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_
#define SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  // Losses come in crowds that outlast three round trips of a near peer. One that asks for
  // everything over and over gets at most this multiple of the stream, and less: see
  // RetransmissionBudget.
  static constexpr uint8_t kMaxRepeats = 6;
  // Assumed until a round trip has been measured.
  static constexpr Duration kAssumedRtt = std::chrono::milliseconds(100);
  // Round trips are computed from what the peer says; it may not silence us with a huge one.
  static constexpr Duration kMaxRtt = std::chrono::milliseconds(500);

  // A stored packet, and how it was sent.
  struct Entry {
    RtpPacket packet;
    Rewrite rewrite;
    uint8_t repeats = 0;
  };

  explicit RetransmissionCache(MediaKind kind);

  // The packet has been sent as `rewrite` says. Numbers may arrive out of order; the SSRC is the
  // same for all.
  void Store(Timestamp now, const RtpPacket& packet, const Rewrite& rewrite);

  // The packet to send again, which this call counts as done, or why not: kRtxUnavailable if it is
  // not stored (any more), kRtxRepeated within one round trip of the last repetition or after the
  // last one allowed. `rtt` zero means not yet known.
  std::variant<Entry, DropReason> Find(Timestamp now, SeqNo seq, Duration rtt);

  // How often a stored packet has been sent again; nothing if it is not stored (any more).
  std::optional<uint8_t> RepeatsOf(Timestamp now, SeqNo seq) const;

  // What is stored around the newest packet, for who wants to send something again that nobody has
  // asked for. Numbers are those of the stream without wrap from oldest() to newest(); nothing if
  // that one is not stored (any more). Does not count as a repetition.
  int64_t newest() const { return head_ - 1; }
  int64_t oldest() const { return tail_; }
  std::optional<Entry> Peek(Timestamp now, int64_t number) const;

  // Lets go of packets beyond the age limit. Store does so too; a stream that has gone quiet needs
  // this call now and then, or it keeps slots of the packet pool from others.
  void Expire(Timestamp now);
  // Lets go of everything, the memory included.
  void Clear();

  // Packets there is memory for.
  size_t capacity() const { return chunk_count_ * kChunkSize; }
  size_t stored() const { return stored_; }
  // How often a packet younger than the age limit had to go because of the bound.
  uint64_t evicted() const { return evicted_; }

 private:
  // What is stored of a packet. Its number and SSRC are known without, and what few streams need is
  // in Targets.
  struct Slot {
    RtpPacket packet;
    uint32_t timestamp = 0;
    uint16_t picture_id = 0;
    uint16_t frame_number = 0;
    uint16_t stored_ms = 0;  // milliseconds of the worker's clock, modulo 2^16
    // The last repetition, as the time since storing: kVideoAge fits.
    uint16_t repeated_ms : 13 = 0;
    uint16_t repeats : 3 = 0;
    PayloadType payload_type;
    uint8_t base_index = 0;
    uint8_t key_index = 0;
    PayloadPatch patch : 4 = PayloadPatch::kNone;
    bool marker : 1 = false;
    bool padding_only : 1 = false;
    bool renumbers_frame : 1 = false;
  };
  // Thousands of receivers keep hundreds of them each.
  static_assert(sizeof(Slot) <= 24);
  static_assert(kMaxRepeats < 1 << 3 && kVideoAge < std::chrono::milliseconds(1 << 13));

  // Of a dependency descriptor.
  struct Targets {
    uint32_t active = 0;
    uint8_t count = 0;
  };

  // A good half second of sound, a few frames of picture.
  static constexpr size_t kChunkSize = 32;
  struct Chunk {
    std::array<Slot, kChunkSize> slots;
    // Null until a packet needs it.
    std::unique_ptr<std::array<Targets, kChunkSize>> targets;
  };
  using ChunkPtr = std::unique_ptr<Chunk>;

  static uint32_t Milliseconds(Timestamp time);
  static int64_t ChunkOf(int64_t number) { return number >> 5; }
  static size_t PlaceIn(int64_t number) { return static_cast<size_t>(number) % kChunkSize; }
  static_assert(kChunkSize == 1 << 5);

  ChunkPtr& ChunkAt(int64_t chunk) {
    return chunks_[static_cast<size_t>(chunk) & (chunks_.size() - 1)];
  }
  const ChunkPtr& ChunkAt(int64_t chunk) const {
    return chunks_[static_cast<size_t>(chunk) & (chunks_.size() - 1)];
  }
  // Where a number in [tail_, head_) would be stored; null if there is no chunk for it.
  Slot* SlotOf(int64_t number) const {
    Chunk* chunk = ChunkAt(ChunkOf(number)).get();
    return chunk == nullptr ? nullptr : &chunk->slots[PlaceIn(number)];
  }
  uint32_t AgeOf(const Slot& slot, uint32_t now_ms) const;
  bool IsExpired(const Slot& slot, uint32_t now_ms) const;
  bool IsStored(uint32_t now_ms, int64_t number) const;
  Entry EntryOf(int64_t number) const;
  void Write(int64_t number, const RtpPacket& packet, const Rewrite& rewrite);
  void Release(int64_t number);
  // With nothing stored.
  void BeginAt(int64_t number);
  // Lets go of what is before `end`.
  void AdvanceTo(int64_t end);
  // Room for the numbers tail_ .. newest, by growing or by letting go of the oldest.
  void MakeRoom(int64_t newest, uint32_t now_ms);
  // Makes the numbers tail_ .. newest fit into chunks_.
  void GrowTable(int64_t newest);
  ChunkPtr TakeChunk();
  void Recycle(int64_t chunk);

  const uint32_t max_age_ms_;
  const size_t max_entries_;
  Ssrc ssrc_;
  // By number of the chunk; null where nothing is stored. The size is zero or a power of two.
  std::vector<ChunkPtr> chunks_;
  std::vector<ChunkPtr> spare_;  // with nothing in them
  size_t chunk_count_ = 0;
  bool has_targets_ = false;
  // Numbers in [tail_, head_) may be stored, at most max_entries_.
  int64_t tail_ = 0;
  int64_t head_ = 0;
  uint32_t newest_ms_ = 0;  // when a packet was stored last
  Unwrapper<RtpSeq, uint16_t> unwrapper_;
  size_t stored_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_RETRANSMISSION_CACHE_H_
