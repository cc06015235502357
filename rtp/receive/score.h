// How well a stream arrives, from 0 (not at all) to 10 (nothing lost), for people to look at.
//
// Each report interval gives a score: the share of packets that arrived to the fourth power, with
// repaired ones counting for less the more of them there are, since each repair cost delay. The
// score told is the average of the last 24, the newest weighing most.

#ifndef SLUICE_RTP_RECEIVE_SCORE_H_
#define SLUICE_RTP_RECEIVE_SCORE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::rtp {

class Score {
 public:
  static constexpr size_t kHistory = 24;
  static constexpr uint8_t kBest = 10;

  struct Interval {
    int64_t received = 0;
    int64_t lost = 0;
    int64_t repaired = 0;       // of the lost ones, came as a retransmission
    int64_t retransmitted = 0;  // retransmissions that came, needed or not
  };

  void Record(const Interval& interval);

  // Best until something was recorded: a new stream has done nothing wrong yet.
  uint8_t value() const;

 private:
  std::array<uint8_t, kHistory> scores_{};
  size_t count_ = 0;  // ever recorded
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_SCORE_H_
