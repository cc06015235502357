// When did the packets of this transport arrive? Writes the answer for the sender's bandwidth
// estimator every 100 ms (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3).
//
// Numbers count the packets of all streams of a transport together, retransmissions and padding
// included, so recording happens before anybody asks whose packet it is.

#ifndef SLUICE_RTP_RECEIVE_FEEDBACK_RECORDER_H_
#define SLUICE_RTP_RECEIVE_FEEDBACK_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"

namespace sluice::rtp {

class FeedbackRecorder {
 public:
  // What browsers' estimators are tuned to.
  static constexpr Duration kInterval{100'000};
  // At higher rates a packet of feedback leaves whenever it has this much to say, which keeps it
  // small enough to survive and the estimator's knowledge fresh.
  static constexpr size_t kBatch = 50;
  // How long an arrival is remembered after it was reported. A packet that comes later than this
  // is of no use to an estimator.
  static constexpr Duration kWindow{500'000};
  // 4,000 packets per second over the window: about 40 Mbit/s.
  static constexpr size_t kMaxArrivals = 2048;

  void Record(uint16_t sequence, Timestamp arrival);

  std::optional<Timestamp> NextTimeout() const;
  // Writes one packet about what was not reported yet, and false if there is nothing or no room.
  // What does not fit into one is left for the next call: call until it returns false.
  bool WriteFeedback(Timestamp now, Ssrc sender, Ssrc media, ByteWriter& out);

  uint64_t feedback_sent() const { return feedback_sent_; }
  uint64_t duplicates() const { return duplicates_; }
  // Too late to be reported, or pushed out by newer ones before they could be.
  uint64_t unreported() const { return unreported_; }

 private:
  struct Arrival {
    TransportSeq sequence;
    Timestamp time;
  };

  using Position = std::vector<Arrival>::const_iterator;

  Position LowerBound(TransportSeq sequence) const;
  // False if it is there already.
  bool Insert(const Arrival& arrival);
  void Restart();
  void MakeRoom();
  void Forget(Position end);

  Unwrapper<TransportSeq, uint16_t> unwrapper_;
  std::vector<Arrival> arrivals_;  // by sequence; grows to its bound at most and keeps its room
  std::optional<TransportSeq> forgotten_;    // everything up to here has been forgotten
  std::optional<TransportSeq> next_report_;  // the first number that the next feedback speaks of
  std::optional<Timestamp> pending_since_;
  size_t pending_ = 0;
  std::optional<uint16_t> restart_candidate_;
  uint8_t feedback_count_ = 0;
  uint64_t feedback_sent_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t unreported_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_FEEDBACK_RECORDER_H_
