// One direction of a path that several flows share: a queue in front of a line.
//
// Unlike SimLink, which says at once when a datagram will arrive, this one holds what waits, so
// that the rate of the line may change under it.

#ifndef SLUICE_TESTS_SUPPORT_BWE_BOTTLENECK_H_
#define SLUICE_TESTS_SUPPORT_BWE_BOTTLENECK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/time.h"
#include "base/units.h"
#include "tests/support/bwe_events.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::test {

class BweBottleneck {
 public:
  struct Options {
    // Zero: as fast as you like.
    BitRate rate;
    // Who would wait for longer is dropped (RFC 8867 gives queues as times). How long that is
    // follows the rate, unless there is a bound in bytes instead.
    Duration queue = std::chrono::milliseconds(300);
    std::optional<size_t> queue_bytes = std::nullopt;
    double loss = 0;
  };
  // Called when the last bit has left, with the time spent waiting for the first to.
  using Deliver = std::function<void(Duration waited)>;

  BweBottleneck(BweEvents& events, const Options& options, uint64_t seed)
      : events_(events), options_(options), entropy_(seed) {}

  // `size` is that of the IP packet.
  void Send(size_t size, Deliver deliver);
  void SetRate(BitRate rate);
  void SetLoss(double loss) { options_.loss = loss; }
  // Cut: everything that is sent vanishes. Stalled: it waits.
  void SetCut(bool cut) { cut_ = cut; }
  void SetStalled(bool stalled);

  BitRate rate() const { return options_.rate; }
  // How long something sent now would wait.
  Duration Backlog() const;
  uint64_t sent() const { return sent_; }
  uint64_t dropped() const { return dropped_; }

 private:
  struct Packet {
    size_t size = 0;
    Timestamp entered;
    Deliver deliver;
  };

  bool Fits(size_t size) const;
  void Begin();
  void Finish(uint64_t turn);
  // Bits of the packet on the line that have left by now.
  double Progress() const;

  BweEvents& events_;
  Options options_;
  SeededEntropy entropy_;
  std::deque<Packet> queue_;  // The first one is on the line.
  size_t queued_bytes_ = 0;
  double done_ = 0;  // bits of the first that had left at since_
  Timestamp since_;
  Duration waited_{0};
  uint64_t turn_ = 0;  // Tells completions that a change of rate has overtaken.
  bool cut_ = false;
  bool stalled_ = false;
  uint64_t sent_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_BOTTLENECK_H_
