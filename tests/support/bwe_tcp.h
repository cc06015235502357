// A TCP sender as a competitor: NewReno's window (RFC 5681, RFC 6582) over a path with selective
// acknowledgements, without handshake and without bytes.
//
// One that never ends, or one that fetches a small file, thinks, and fetches the next.

#ifndef SLUICE_TESTS_SUPPORT_BWE_TCP_H_
#define SLUICE_TESTS_SUPPORT_BWE_TCP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/time.h"
#include "tests/support/bwe_events.h"
#include "tests/support/bwe_flow.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::test {

class BweTcp {
 public:
  struct Options {
    Duration start{0};
    Duration stop = std::chrono::hours(1);
    BwePath::Options path;
    // RFC 8868: files of 30 to 50 kB, with pauses of 10 s on average, exponentially
    // distributed.
    bool files = false;
  };

  BweTcp(BweEvents& events, const Options& options, std::unique_ptr<BwePath> forward,
         std::unique_ptr<BwePath> back, uint64_t seed);

  void Start();
  const Options& options() const { return options_; }
  // IP packets that arrived.
  int64_t arrived_bytes() const { return arrived_bytes_; }

 private:
  void Begin();
  void FillWindow();
  void SendSegment();
  void Acknowledge(uint64_t segment);
  void DetectLoss(uint64_t acked);
  void Grow();
  void MeasureRoundTrip(Duration sample);
  void ArmTimer();
  void TimeOut(uint64_t turn);
  void FinishFile();
  Duration Think();

  BweEvents& events_;
  const Options options_;
  std::unique_ptr<BwePath> forward_;
  std::unique_ptr<BwePath> back_;
  SeededEntropy entropy_;

  std::map<uint64_t, Timestamp> in_flight_;  // segment -> when it was sent
  uint64_t next_segment_ = 0;
  uint64_t recovery_until_ = 0;  // Losses of segments before it are one event.
  int64_t left_ = 0;             // segments of the file that were not yet acknowledged
  int64_t to_send_ = 0;          // of them, not in flight
  double window_ = 0;
  double threshold_ = 0;
  Duration smoothed_{0};
  Duration variation_{0};
  uint64_t timer_turn_ = 0;
  Duration backoff_{0};
  int64_t arrived_bytes_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_TCP_H_
