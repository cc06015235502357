// Which packets of one stream are missing, and when to ask for each again (RFC 4585 §6.2.1).
//
// The first request leaves at once, because every millisecond of it is delay of the picture; only
// where packets have been seen to overtake one another it waits a little, so that nobody is asked
// for what is about to arrive. Later requests are one round trip apart, since an answer cannot be
// here sooner. What stays missing is given up, and for video that means: a key frame is needed.

#ifndef SLUICE_RTP_RECEIVE_NACK_TRACKER_H_
#define SLUICE_RTP_RECEIVE_NACK_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/seq_no.h"
#include "base/time.h"

namespace sluice::rtp {

class NackTracker {
 public:
  // The bounds of the field (mediasoup's, which the clients are used to).
  static constexpr size_t kMaxMissing = 1000;
  // Room from the start: what a frame or two of loss needs, so that steady state allocates nothing.
  static constexpr size_t kUsualMissing = 128;
  static constexpr int64_t kMaxAge = 10'000;  // in sequence numbers
  static constexpr uint8_t kMaxTries = 10;
  // Between two requests for one packet: not below this, whatever the round trip, ...
  static constexpr Duration kMinRetry{20'000};
  // ... not above this, because round trips are computed from what the peer says, ...
  static constexpr Duration kMaxRetry{1'000'000};
  // ... and this until the round trip is known.
  static constexpr Duration kDefaultRetry{100'000};
  // The longest that reordering may hold back a first request, and how long it is remembered.
  static constexpr Duration kMaxReorderDelay{20'000};
  static constexpr Duration kReorderMemory{10'000'000};

  // `first_delay`: the least that every first request waits.
  NackTracker(bool video, Duration first_delay) : video_(video), first_delay_(first_delay) {
    missing_.reserve(kUsualMissing);
  }

  // A packet came that the window placed ahead of all others, with `skipped` numbers before it
  // missing.
  void RecordNewest(Timestamp now, RtpSeq seq, int64_t skipped);
  // A missing packet came. True if it was an answer to a request, and not merely late; without RTX
  // the two look alike, and what was asked for a round trip ago counts as an answer.
  bool RecordLate(Timestamp now, RtpSeq seq, bool retransmission);
  // A key frame begins here; nothing before it is worth a key-frame request any more.
  void RecordKeyFrame(RtpSeq seq);
  void RecordRtt(Duration rtt) { rtt_ = rtt; }
  // The source began a new row of numbers: forget the old one. For video a key frame is needed,
  // unless one is recorded next.
  void Restart();

  bool IsWaitingFor(RtpSeq seq) const;

  std::optional<Timestamp> NextTimeout() const { return next_due_; }
  // Fills `out` with numbers that are due, oldest first; fewer than its size means that was all.
  size_t Poll(Timestamp now, std::span<SeqNo> out);
  // True once after a packet was given up on that a decoder cannot do without.
  bool TakeKeyFrameNeed();

  size_t missing() const { return missing_.size(); }
  uint64_t requested() const { return requested_; }
  uint64_t given_up() const { return given_up_; }

 private:
  struct Missing {
    RtpSeq seq;
    Timestamp noticed;
    Timestamp due;
    uint8_t tries = 0;
  };
  using Position = std::vector<Missing>::const_iterator;

  // The first missing number that is not before `seq`.
  Position LowerBound(RtpSeq seq) const;
  void AddGap(Timestamp now, RtpSeq begin, RtpSeq end);
  bool MakeRoom(int64_t gap);
  void GiveUp(const Missing& missing);
  void NoteReordering(Timestamp now, Duration lateness);
  Duration FirstDelay(Timestamp now) const;
  Duration RetryDelay() const;
  void FindNextDue();

  const bool video_;
  const Duration first_delay_;
  std::vector<Missing> missing_;  // by sequence; grows to its bound at most and keeps its room
  std::optional<Timestamp> next_due_;
  std::optional<RtpSeq> key_frame_;
  std::optional<Duration> rtt_;
  Duration reorder_delay_{0};
  Timestamp reorder_seen_;
  bool key_frame_need_ = false;
  uint64_t requested_ = 0;
  uint64_t given_up_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_NACK_TRACKER_H_
