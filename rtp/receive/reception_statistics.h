// Loss and jitter of one incoming stream, as RFC 3550 §A.3 and §A.8 define them.
//
// Loss is that of the network: a packet that came only as a retransmission stays lost here, because
// the sender's estimator wants to know what the path does, and repairs are told elsewhere.
//
// Deviation: packets of one video frame share a timestamp although they leave one after the other;
// only the first of each frame is a measure of jitter, or the sender's pacing would count as such.

#ifndef SLUICE_RTP_RECEIVE_RECEPTION_STATISTICS_H_
#define SLUICE_RTP_RECEIVE_RECEPTION_STATISTICS_H_

#include <cstdint>

#include "base/seq_no.h"
#include "base/time.h"

namespace sluice::rtp {

class ReceptionStatistics {
 public:
  explicit ReceptionStatistics(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // `first` opens a row of numbers. When a source restarts, the count of losses goes on, but what
  // lies between the two rows was never sent and is not lost.
  void Begin(RtpSeq first);
  // A packet in its first transmission, in the order of arrival.
  void RecordReceived(RtpSeq seq, uint32_t rtp_timestamp, Timestamp arrival);
  // A number seen only in a retransmission: it was sent, so it is expected.
  void RecordExpected(RtpSeq seq);

  struct Interval {
    int64_t expected = 0;
    int64_t received = 0;
    int64_t lost() const { return expected > received ? expected - received : 0; }
    uint8_t fraction_lost() const;
  };
  // What happened since the last call.
  Interval TakeInterval();

  int64_t expected() const;
  int64_t received() const { return received_; }
  int64_t lost() const { return expected() - received_; }
  uint32_t jitter() const { return static_cast<uint32_t>(jitter_q4_ >> 4); }
  // RFC 3550 §6.4.1: the number of wraps in the upper half.
  uint32_t extended_highest() const;

 private:
  void RecordJitter(uint32_t rtp_timestamp, Timestamp arrival);

  const uint32_t clock_rate_;
  bool begun_ = false;
  RtpSeq base_;
  RtpSeq highest_;
  int64_t expected_before_ = 0;  // in rows that have ended
  int64_t received_ = 0;
  int64_t expected_prior_ = 0;
  int64_t received_prior_ = 0;
  bool has_transit_ = false;
  uint32_t last_timestamp_ = 0;
  Timestamp last_arrival_;
  int64_t jitter_q4_ = 0;  // in 1/16 of a clock tick
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_RECEPTION_STATISTICS_H_
