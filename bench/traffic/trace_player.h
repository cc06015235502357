// Plays a trace over and over, as one long stream: sequence numbers, timestamps, picture ids and
// frame numbers go on where a round ends, so that nobody who forwards or decodes it sees a seam.
//
// It has no clock: it says when the next packet is due and gives it when asked.

#ifndef SLUICE_BENCH_TRAFFIC_TRACE_PLAYER_H_
#define SLUICE_BENCH_TRAFFIC_TRACE_PLAYER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "bench/traffic/trace.h"

namespace sluice::bench {

struct PlayedPacket {
  Timestamp due;
  uint8_t encoding = 0;
  SeqNo seq;
  uint32_t timestamp = 0;
  bool marker = false;
  bool key_frame = false;  // the first packet of one
  std::optional<uint8_t> audio_level;
  size_t payload_size = 0;
  // The first bytes of the payload, and the dependency descriptor or nothing. Both are valid until
  // the next packet is asked for.
  ByteView prefix;
  ByteView descriptor;

  // Fills `out` with the payload: the prefix, then bytes that differ from packet to packet. `out`
  // has payload_size bytes.
  void WritePayload(ByteSpan out) const;
};

class TracePlayer {
 public:
  struct Options {
    Timestamp start;
    // How much faster than it was recorded, 0.01..1000. Timestamps follow the clock, not the
    // recording: a trace at rate 2 has twice the pictures per second.
    double rate = 1.0;
    uint16_t first_seq = 1000;
    uint32_t first_timestamp = 90'000;
  };

  // `trace` must outlive the player.
  TracePlayer(const Trace& trace, const Options& options);

  Timestamp NextDue() const;
  PlayedPacket Next();

  // Begins the trace anew, which is with a key frame of every encoding, as soon as no frame is
  // under way. Sound has no key frames and goes on.
  void RequestKeyFrame();

  uint64_t played() const { return played_; }

 private:
  // What goes on from round to round, of one encoding.
  struct Numbers {
    uint16_t seq = 0;
    // What is added to the numbers of the trace in this round.
    uint16_t picture_offset = 0;
    uint16_t base_offset = 0;
    uint16_t key_offset = 0;
    uint16_t frame_offset = 0;
    // As last given out.
    uint16_t picture = 0;
    uint16_t base_index = 0;
    uint16_t key_index = 0;
    uint16_t frame = 0;
    bool round_begins = true;
    bool frame_open = false;
    uint8_t target_count = 0;
  };

  Duration Scaled(int64_t micros) const;
  void BeginRound(Timestamp start);
  void JumpIfAsked();
  ByteView Prefix(const TracePacket& packet, Numbers& numbers, bool round_begins);
  static size_t NumberVp8(ByteView payload, Numbers& numbers, bool round_begins, ByteWriter& out);
  static size_t NumberVp9(ByteView payload, Numbers& numbers, bool round_begins, ByteWriter& out);
  ByteView Descriptor(const TracePacket& packet, Numbers& numbers, bool round_begins);
  uint32_t TimestampOf(const TracePacket& packet) const;

  const Trace& trace_;
  const Options options_;
  Timestamp round_start_;
  Timestamp last_due_;
  size_t next_ = 0;
  uint64_t played_ = 0;
  bool key_frame_wanted_ = false;
  std::array<Numbers, Trace::kMaxEncodings> numbers_{};
  std::array<uint8_t, Trace::kMaxPrefix + 8> prefix_{};
  // RewriteDependencyDescriptor adds five bytes at the most.
  std::array<uint8_t, 255 + 5> descriptor_{};
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_TRACE_PLAYER_H_
