// Turns transport-wide feedback into pairs: when a packet left, and when it arrived
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//
// Remembers what was sent for as long as feedback about it can be expected, unwraps sequence
// numbers and the receiver's time, and tells lost packets from late ones. What a receiver claims is
// checked against what can be: nothing is acknowledged that never left, nothing twice, and nothing
// at times that no path explains.

#ifndef SLUICE_RTP_BWE_FEEDBACK_ADAPTER_H_
#define SLUICE_RTP_BWE_FEEDBACK_ADAPTER_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp::bwe {

// A packet that arrived. `arrival` is of the receiver's clock, from an unknown origin.
struct AckedPacket {
  Timestamp sent;
  Duration arrival{0};
  size_t bytes = 0;
  uint32_t probe = 0;

  // How long it was under way, plus what the clocks differ.
  Duration delay() const { return arrival - sent.time_since_epoch(); }
};

class FeedbackAdapter {
 public:
  // Feedback that comes later is of no use: whatever was learnt from it has changed since.
  static constexpr Duration kHistory = std::chrono::seconds(4);
  // What counts as lost may still come for so long.
  static constexpr Duration kLate = std::chrono::seconds(1);
  // 96 KiB; the history at 20 Mbit/s, and 0.8 s of it at 100 Mbit/s.
  static constexpr size_t kMaxPackets = 8192;
  // A packet not received counts as lost once packets sent so much later were.
  static constexpr Duration kReordering = std::chrono::milliseconds(100);
  // A delay that changes by more from one packet to the next is a change of clocks, or a lie.
  static constexpr Duration kMaxDelayChange = std::chrono::seconds(10);
  // What missing() names at most of one packet of feedback; a path that loses more needs a lower
  // rate rather than repetitions.
  static constexpr size_t kMaxMissing = 256;
  // So many in a row, and it is the first ones that were wrong.
  static constexpr int kMaxAbsurd = 16;
  // Of a probe; larger numbers are taken for none.
  static constexpr uint32_t kMaxProbe = (1 << 12) - 1;

  struct Counts {
    uint64_t acked = 0;
    uint64_t lost = 0;
    uint64_t unknown = 0;
    uint64_t duplicates = 0;
    uint64_t absurd = 0;
    uint64_t late = 0;       // came after others that had made them look lost
    uint64_t unnamed = 0;    // missing, but beyond kMaxMissing
    uint64_t forgotten = 0;  // without word of them, because of kMaxPackets
  };
  // What became of packets since the last call.
  struct Settled {
    int64_t received = 0;
    int64_t lost = 0;
  };

  // `name` is the caller's, for missing(); zero has none.
  void RecordSent(Timestamp now, uint16_t sequence, size_t bytes, uint32_t probe,
                  uint32_t name = 0);

  // To be called before Receive(). False if the receiver's clock is not what it was: what was
  // measured with it before means nothing any more.
  bool FollowClock(Timestamp now, const TransportFeedback& feedback);
  // Calls `visit(const AckedPacket&)` for each packet that this feedback is the first to
  // acknowledge, in the order they were sent in.
  template <typename Visit>
  void Receive(const TransportFeedback& feedback, Visit visit);

  // The names of packets that the feedback last received was the first to tell of as missing, in
  // the order they were sent in. They may still come.
  const std::vector<uint32_t>& missing() const { return missing_; }

  Settled TakeSettled();
  // What becomes of packets sent before this is not told: something has happened that explains it.
  void SettleFrom(Timestamp time) { settle_from_ = std::max(settle_from_, time); }
  const Counts& counts() const { return counts_; }
  // Packets there is memory for; for tests that guard the bound.
  size_t capacity() const { return ring_.size(); }

 private:
  enum class State : uint8_t { kNone, kSent, kMissing, kAcked };
  // There is one for every packet and every receiver. What is remembered is no older than
  // kMaxPackets times kHistory (see RecordSent), nine hours, so 36 bits of microseconds are enough.
  class Entry {
   public:
    Entry() = default;
    Entry(Timestamp sent, uint32_t bytes, uint32_t probe, uint32_t name)
        : sent_low_(static_cast<uint32_t>(sent.time_since_epoch().count())),
          sent_high_(static_cast<uint32_t>(sent.time_since_epoch().count() >> 32) & kHighMask),
          bytes_(std::min(bytes, kMaxBytes) & kMaxBytes),
          probe_((probe <= kMaxProbe ? probe : 0) & kMaxProbe),
          state_(static_cast<uint32_t>(State::kSent) & kStateMask),
          name_(name) {}

    // `latest`: when a packet was sent last.
    Timestamp sent(Timestamp latest) const {
      const uint64_t low = uint64_t{sent_high_} << 32 | sent_low_;
      const uint64_t since = static_cast<uint64_t>(latest.time_since_epoch().count()) - low;
      return latest - Duration(static_cast<int64_t>(since & kSentMask));
    }
    size_t bytes() const { return bytes_; }
    uint32_t probe() const { return probe_; }
    uint32_t name() const { return name_; }
    State state() const { return static_cast<State>(state_); }
    void set_state(State state) { state_ = static_cast<uint32_t>(state) & kStateMask; }

   private:
    static constexpr uint32_t kHighMask = 0xf;
    static constexpr uint32_t kStateMask = 3;
    static constexpr uint64_t kSentMask = (uint64_t{1} << 36) - 1;
    static constexpr uint32_t kMaxBytes = (1 << 14) - 1;  // more than a datagram on any path

    uint32_t sent_low_ = 0;
    uint32_t sent_high_ : 4 = 0;
    uint32_t bytes_ : 14 = 0;
    uint32_t probe_ : 12 = 0;
    uint32_t state_ : 2 = 0;
    uint32_t name_ = 0;
  };
  static_assert(sizeof(Entry) == 12);

  // The entry of a number, or nothing if it is not remembered.
  Entry* Find(TransportSeq sequence);
  Entry& At(TransportSeq sequence) {
    return ring_[static_cast<size_t>(sequence.value) & (ring_.size() - 1)];
  }
  void MakeRoom(Timestamp now);
  bool IsNeeded(Timestamp now, const Entry& oldest) const;
  void Grow();
  void ForgetOldest();
  // Unwraps the reference time; false if it does not fit what our own clock says.
  bool Unwrap(Timestamp now, int32_t reference_time);
  // The packet as acknowledged now, if that can be.
  std::optional<AckedPacket> Acknowledge(TransportSeq sequence, Duration arrival);
  void MarkMissing(TransportSeq begin, uint16_t count);
  void NameMissing(uint32_t name);
  Timestamp SentAt(const Entry& entry) const { return entry.sent(latest_); }

  std::vector<Entry> ring_;  // The size is zero or a power of two.
  Unwrapper<TransportSeq, uint16_t> unwrapper_;
  // What is remembered: [oldest_, end_).
  TransportSeq oldest_;
  TransportSeq end_;
  Timestamp settle_from_;
  TransportSeq settled_;  // Everything before it has been told by TakeSettled().
  Settled pending_;
  Timestamp latest_;  // when a packet was sent
  std::vector<uint32_t> missing_;
  std::optional<Timestamp> newest_acked_;  // when it was sent
  std::optional<int64_t> reference_;       // unwrapped, in steps of 64 ms
  Timestamp reference_at_;                 // our time when it came
  std::optional<Duration> last_delay_;
  int absurd_streak_ = 0;
  Counts counts_;
};

template <typename Visit>
void FeedbackAdapter::Receive(const TransportFeedback& feedback, Visit visit) {
  const Duration correction =
      (reference_.value_or(feedback.reference_time()) - feedback.reference_time()) *
      TransportFeedback::kReferenceTick;
  const TransportSeq base = unwrapper_.Peek(feedback.base().value());
  feedback.ForEachReceived([&](const TransportFeedback::Arrival& arrival) {
    const auto offset = static_cast<uint16_t>(arrival.sequence.DistanceFrom(feedback.base()));
    const auto packet = Acknowledge(base + offset, arrival.time + correction);
    if (packet) visit(*packet);
  });
  MarkMissing(base, feedback.status_count());
}

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_FEEDBACK_ADAPTER_H_
