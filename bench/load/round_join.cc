// Profile join: storms of people who come and go while others watch.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/round.h"

namespace sluice::load {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);
// Everybody has media before anybody leaves.
constexpr Duration kStay{300'000};

}  // namespace

absl::Status Round::RunJoin(Json& out) {
  if (absl::Status status = BeginMedia(); !status.ok()) return status;
  if (absl::Status status = LetReceiversIn(); !status.ok()) return status;
  stage_.totals().delay.Clear();
  const ReceptionTotals before = stage_.totals();
  const Arrivals arrivals = CountArrivals(stage_);
  const CpuTime cpu = meter_.processes.ReadCpu();
  const int64_t own_cpu = LoadClock::OwnCpuNs();
  const Timestamp begin = stage_.clock().Now();
  Storms storms;
  for (uint32_t cycle = 0; cycle < options_.cycles; ++cycle) {
    if (absl::Status status = RunCycle(cycle, storms); !status.ok()) return status;
  }
  const double ns = static_cast<double>((stage_.clock().Now() - begin).count()) * 1'000;
  const Arrivals in_all = CountArrivals(stage_) - arrivals;
  const uint64_t expected = in_all.expected();
  const uint64_t received = in_all.received();
  const uint64_t packets = stage_.totals().packets - before.packets;
  const double used = static_cast<double>((meter_.processes.ReadCpu() - cpu).total_ns);
  const DelayHistogram& join = stage_.join_time();
  out.Set("joiners", uint64_t{options_.receivers})
      .Set("cycles", uint64_t{options_.cycles})
      .Set("joins_per_s", static_cast<double>(storms.joined) / storms.seconds)
      .Set("join_ms", Json::Object()
                          .Set("p50", join.PercentileUs(0.5) / 1'000)
                          .Set("p99", join.PercentileUs(0.99) / 1'000)
                          .Set("max", join.max_us() / 1'000))
      .Set("seconds", ns / 1e9)
      .Set("packets_forwarded", packets)
      .Set("packets_per_s", static_cast<double>(packets) / ns * 1e9)
      .Set("cpu_share", used / ns)
      .Set("loss", expected > received
                       ? static_cast<double>(expected - received) / static_cast<double>(expected)
                       : 0.0)
      .Set("delay_us", DescribeDelay(stage_.delay()))
      .Set("rss_bytes", storms.last_rss)
      .Set("rss_by_cycle", storms.rss)
      .Set("rss_growth", storms.last_rss / std::max(storms.first_rss, 1.0))
      .Set("own_cpu_share", static_cast<double>(LoadClock::OwnCpuNs() - own_cpu) / ns);
  return absl::OkStatus();
}

absl::Status Round::RunCycle(uint32_t cycle, Storms& storms) {
  doing_ = "a storm of joins";
  const Timestamp begin = stage_.clock().Now();
  const uint64_t joined_before = stage_.joined();
  uint32_t added = 0;
  const auto all_in = [&] {
    // At a steady rate, however fast the server is.
    const double passed = static_cast<double>((stage_.clock().Now() - begin).count()) / 1e6;
    const double due = std::min<double>(options_.receivers, passed * options_.joins_per_s + 1);
    for (; added < static_cast<uint32_t>(due); ++added) {
      stage_.AddReceiver(MakeJoiner(scene_, cycle * options_.receivers + added));
    }
    return added == options_.receivers && stage_.joining() == 0;
  };
  if (absl::Status status = stage_.RunUntil(all_in, kPatience); !status.ok()) return status;
  storms.seconds += static_cast<double>((stage_.clock().Now() - begin).count()) / 1e6;
  storms.joined += stage_.joined() - joined_before;

  if (absl::Status status = stage_.RunFor(kStay); !status.ok()) return status;
  stage_.RemoveReceivers(options_.receivers);
  if (absl::Status status = Settle("all leave", options_.receivers); !status.ok()) return status;
  const auto rss = static_cast<double>(meter_.processes.ReadRss());
  if (cycle == 0) storms.first_rss = rss;
  storms.last_rss = rss;
  storms.rss.Add(rss);
  return absl::OkStatus();
}

}  // namespace sluice::load
