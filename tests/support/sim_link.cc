#include "tests/support/sim_link.h"

#include <algorithm>
#include <cmath>

namespace sluice::test {
namespace {

// IPv4 and UDP.
constexpr size_t kHeaders = 28;

}  // namespace

SimLink::Arrivals SimLink::Send(Timestamp now, size_t size) {
  ++counts_.sent;
  counts_.bytes += size;
  Arrivals arrivals;
  if (size + kHeaders > options_.mtu) {
    ++counts_.too_large;
    return arrivals;
  }
  Timestamp departure = now;
  if (options_.rate.bps() > 0) {
    busy_until_ = std::max(busy_until_, now);
    const int64_t bits = static_cast<int64_t>(size + kHeaders) * 8;
    const DataSize waiting = options_.rate * (busy_until_ - now);
    if (waiting.bytes() + static_cast<int64_t>(size) > static_cast<int64_t>(options_.queue)) {
      ++counts_.queue_full;
      return arrivals;
    }
    busy_until_ += Duration(bits * 1'000'000 / options_.rate.bps());
    departure = busy_until_;
  }
  // Drawn for every datagram, whatever the options, so that a change of one of them leaves the
  // fate of later datagrams as it was.
  const bool lost = IsLost(now);
  const Duration jitter = Jitter();
  const bool reordered = entropy_.Chance(options_.reorder);
  const bool duplicated = entropy_.Chance(options_.duplicate);
  if (lost) {
    ++counts_.lost;
    return arrivals;
  }
  Timestamp arrival = departure + options_.one_way + jitter;
  if (reordered) {
    ++counts_.reordered;
    arrival += options_.reorder_delay;
  } else {
    arrival = last_arrival_ = std::max(arrival, last_arrival_);
  }
  arrivals.Add(arrival);
  if (duplicated) {
    ++counts_.duplicated;
    arrivals.Add(arrival);
  }
  return arrivals;
}

// Of being in the bad state now, as the state was known at the last datagram.
double SimLink::BadChance(Timestamp now) const {
  const auto good = static_cast<double>(options_.bursts.good.count());
  const auto bad = static_cast<double>(options_.bursts.bad.count());
  if (good <= 0 || bad <= 0) return bad_ ? 1 - options_.bursts.leave : options_.bursts.enter;
  const double usual = bad / (good + bad);
  const auto elapsed = static_cast<double>((now - seen_).count());
  const double memory = std::exp(-elapsed * (1 / good + 1 / bad));
  return usual + ((bad_ ? 1 : 0) - usual) * memory;
}

bool SimLink::IsLost(Timestamp now) {
  bad_ = entropy_.Chance(BadChance(now));
  seen_ = now;
  const bool in_burst = entropy_.Chance(options_.bursts.loss) && bad_;
  return entropy_.Chance(options_.loss) || in_burst;
}

Duration SimLink::Jitter() {
  const uint64_t draw = entropy_.Below(1'000'000);
  return Duration(options_.jitter.count() * static_cast<int64_t>(draw) / 1'000'000);
}

}  // namespace sluice::test
