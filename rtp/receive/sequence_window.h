// Where the packets of one stream belong: their numbers without wrap, and which were here already
// (RFC 3550 §A.1).
//
// Duplicates are told exactly, by one bit for each number of the window. A retransmission may be
// much older than a packet that was only overtaken on its way, so the window is wider than what
// the RFC allows for reordering.
//
// Deviation: there is no probation. Packets come authenticated from a peer that announced the
// stream, and dropping the first one would often drop the beginning of a key frame.

#ifndef SLUICE_RTP_RECEIVE_SEQUENCE_WINDOW_H_
#define SLUICE_RTP_RECEIVE_SEQUENCE_WINDOW_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/seq_no.h"

namespace sluice::rtp {

class SequenceWindow {
 public:
  // RFC 3550 §A.1: a jump ahead by this or more, or back by more than kMaxMisorder, is a restart
  // if the next packet confirms it, and a stray otherwise. The numbers suit 50 packets per second
  // in the RFC; the field uses the same ones for video, where they are a second or two.
  static constexpr int kMaxDropout = 3000;
  static constexpr int kMaxMisorder = 1500;
  // How far back a retransmission may reach; older ones are of no use to any decoder.
  static constexpr int kMaxAge = 10'000;

  enum class Order : uint8_t {
    kFirst,      // of the stream
    kNewest,     // ahead of all others
    kLate,       // behind, and missing until now
    kDuplicate,  // received before
    kTooOld,     // outside of the window, or a jump that nothing has confirmed yet
    kRestarted,  // the sender has begun a new row of numbers
  };

  struct Placement {
    Order order = Order::kTooOld;
    RtpSeq seq;           // unless too old
    int64_t skipped = 0;  // numbers between the newest before and this one, if ahead
  };

  SequenceWindow() = default;

  // A packet in its first transmission. `max_behind` is how far back it may be.
  Placement Place(SeqNo wire, int max_behind = kMaxMisorder);
  // A retransmission. It can be late or the newest, but it cannot begin or restart a stream.
  Placement PlaceRetransmission(SeqNo wire);

  // The next packet, whatever its number, counts as a restart.
  void ExpectRestart() { expect_restart_ = true; }

  bool started() const { return started_; }
  RtpSeq newest() const { return newest_; }
  // The number that `wire` stands for if it is near the newest one.
  RtpSeq Unwrap(SeqNo wire) const;

 private:
  static constexpr size_t kBits = 16'384;
  static_assert(kMaxAge + kMaxDropout < static_cast<int>(kBits));

  Placement PlaceAhead(RtpSeq seq);
  Placement PlaceBehind(RtpSeq seq);
  Placement Restart(SeqNo wire);
  bool Test(RtpSeq seq) const;
  void Set(RtpSeq seq, bool received);

  std::array<uint64_t, kBits / 64> received_{};
  RtpSeq newest_;
  RtpSeq oldest_;  // nothing before it belongs to the row of numbers we follow
  bool started_ = false;
  bool expect_restart_ = false;
  std::optional<SeqNo> restart_candidate_;  // what would confirm the last jump
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_SEQUENCE_WINDOW_H_
