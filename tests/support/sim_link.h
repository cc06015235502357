// One direction of a path, as a function: a datagram of so many bytes leaves now; when does it
// arrive, if it does, and how often?
//
// The link holds no datagrams and forgets none: SimNetwork keeps what is under way. Everything it
// does is repeated by its seed, and its options may change in the middle of a run.

#ifndef SLUICE_TESTS_SUPPORT_SIM_LINK_H_
#define SLUICE_TESTS_SUPPORT_SIM_LINK_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "base/units.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::test {

// Loss in bursts (Gilbert-Elliott): a good and a bad state. Either they change with these
// probabilities from one datagram to the next, as in netem's gemodel, or they last for so long on
// average: what disturbs a radio does not wait for the next report.
struct LossBursts {
  double enter = 0;  // from good to bad
  double leave = 1;  // from bad to good
  double loss = 1;   // while bad
  Duration good{0};  // not zero: in time, and the probabilities are unused
  Duration bad{0};
};

struct LinkOptions {
  Duration one_way{0};
  // Up to so much more, for each datagram anew. Order is kept, as a queue would.
  Duration jitter{0};
  double loss = 0;
  LossBursts bursts = {};
  // Zero: as fast as you like. Otherwise datagrams wait for their turn, and those are lost for
  // whom more than `queue` bytes would have to wait.
  BitRate rate = {};
  size_t queue = 64 * 1024;
  // This share of datagrams is held back by `reorder_delay` and overtaken by others.
  double reorder = 0;
  Duration reorder_delay = std::chrono::milliseconds(20);
  double duplicate = 0;
  // The largest IP packet; anything above it vanishes.
  size_t mtu = 1500;
};

class SimLink {
 public:
  // When a datagram arrives: not at all, once or twice.
  class Arrivals {
   public:
    void Add(Timestamp time) { times_[size_++] = time; }
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    const Timestamp* begin() const { return times_.data(); }
    const Timestamp* end() const { return times_.data() + size_; }

   private:
    std::array<Timestamp, 2> times_{};
    size_t size_ = 0;
  };

  struct Counts {
    uint64_t sent = 0;
    uint64_t bytes = 0;
    uint64_t lost = 0;  // by chance
    uint64_t queue_full = 0;
    uint64_t too_large = 0;
    uint64_t reordered = 0;
    uint64_t duplicated = 0;
  };

  SimLink(const LinkOptions& options, uint64_t seed) : options_(options), entropy_(seed) {}

  // `size` is what stands behind the UDP header.
  Arrivals Send(Timestamp now, size_t size);

  void set_options(const LinkOptions& options) { options_ = options; }
  const LinkOptions& options() const { return options_; }
  const Counts& counts() const { return counts_; }

 private:
  bool IsLost(Timestamp now);
  double BadChance(Timestamp now) const;
  Duration Jitter();

  LinkOptions options_;
  SeededEntropy entropy_;
  bool bad_ = false;
  Timestamp seen_;  // when that was drawn
  // When the last byte accepted so far will have left.
  Timestamp busy_until_;
  // No datagram that keeps its place arrives before this.
  Timestamp last_arrival_;
  Counts counts_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_LINK_H_
