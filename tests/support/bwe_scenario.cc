#include "tests/support/bwe_scenario.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace sluice::test {
namespace {

constexpr Duration kSampling = std::chrono::milliseconds(100);
constexpr double kSecondsPerSample = 0.1;

double Seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }
double Milliseconds(Duration span) { return static_cast<double>(span.count()) / 1e3; }
double Kbps(BitRate rate) { return static_cast<double>(rate.bps()) / 1e3; }

// Everything of an experiment that lives in virtual time.
class Laboratory {
 public:
  Laboratory(const BweScenario& scenario, uint64_t seed)
      : scenario_(scenario),
        entropy_(seed),
        right_(events_, RightOptions(scenario), entropy_.U64()),
        left_(events_, LeftOptions(scenario), entropy_.U64()) {
    for (const BweFlow::Options& options : scenario.flows) AddFlow(options);
    for (const BweTcp::Options& options : scenario.tcps) AddTcp(options);
    PlanLinks();
    for (const BweScenario::Event& event : scenario.events) {
      events_.After(event.at,
                    [this, &event] { event.tell(events_.now(), flows_.front()->estimator()); });
    }
    for (auto& flow : flows_) flow->Start();
    for (auto& tcp : tcps_) tcp->Start();
  }

  BweOutcome Run() {
    BweOutcome outcome;
    outcome.scenario = scenario_;
    std::vector<double> waits;
    const Timestamp zero = events_.now();
    while (events_.now() - zero < scenario_.length) {
      events_.RunFor(kSampling);
      outcome.samples.push_back(Sample(events_.now() - zero));
      for (auto& flow : flows_) {
        for (const Duration wait : flow->TakeWaits()) waits.push_back(Milliseconds(wait));
      }
    }
    JudgeWaits(waits, outcome);
    for (auto& flow : flows_) Collect(*flow, outcome);
    JudgeLoss(outcome);
    return outcome;
  }

 private:
  static BweBottleneck::Options RightOptions(const BweScenario& scenario) {
    BweBottleneck::Options options = scenario.link;
    options.rate = scenario.capacity.front().rate;
    return options;
  }
  static BweBottleneck::Options LeftOptions(const BweScenario& scenario) {
    BweBottleneck::Options options;
    if (!scenario.reverse.empty()) options.rate = scenario.reverse.front().rate;
    return options;
  }

  std::unique_ptr<BwePath> Path(const BwePath::Options& options, bool to_the_left) {
    return std::make_unique<BwePath>(events_, to_the_left ? left_ : right_, options,
                                     entropy_.U64());
  }

  void AddFlow(const BweFlow::Options& options) {
    flows_.push_back(
        std::make_unique<BweFlow>(events_, options, Path(options.path, options.reverse),
                                  Path(options.path, !options.reverse), entropy_.U64()));
  }

  void AddTcp(const BweTcp::Options& options) {
    tcps_.push_back(std::make_unique<BweTcp>(events_, options, Path(options.path, false),
                                             Path(options.path, true), entropy_.U64()));
  }

  void PlanLinks() {
    for (const BweScenario::Step& step : scenario_.capacity) {
      events_.After(step.at, [this, rate = step.rate] { right_.SetRate(rate); });
    }
    for (const BweScenario::Step& step : scenario_.reverse) {
      events_.After(step.at, [this, rate = step.rate] { left_.SetRate(rate); });
    }
    for (const BweScenario::Gap& gap : scenario_.gaps) {
      events_.After(gap.from, [this, gap] { SetGap(gap.stall, true); });
      events_.After(gap.to, [this, gap] { SetGap(gap.stall, false); });
    }
  }

  void SetGap(bool stall, bool on) {
    if (stall) {
      right_.SetStalled(on);
    } else {
      right_.SetCut(on);
      left_.SetCut(on);
    }
  }

  BweSample Sample(Duration at) {
    BweSample sample;
    sample.at = Seconds(at);
    sample.capacity = Kbps(right_.rate());
    sample.backlog = Milliseconds(right_.Backlog());
    previous_.resize(flows_.size());
    for (size_t i = 0; i < flows_.size(); ++i) {
      const BweFlow::Counts& counts = flows_[i]->counts();
      const BweFlow::Counts& before = previous_[i];
      const auto packets = static_cast<double>(counts.sent - before.sent);
      const double sent = static_cast<double>(counts.sent_bytes - before.sent_bytes) + 28 * packets;
      sample.flows.push_back(
          {Rate(sent), Rate(static_cast<double>(counts.arrived_bytes - before.arrived_bytes)),
           flows_[i]->sending() ? Kbps(flows_[i]->estimator().get().estimate()) : 0,
           flows_[i]->layer()});
      previous_[i] = counts;
    }
    int64_t tcp_bytes = 0;
    for (const auto& tcp : tcps_) tcp_bytes += tcp->arrived_bytes();
    sample.tcp = Rate(static_cast<double>(tcp_bytes - previous_tcp_));
    previous_tcp_ = tcp_bytes;
    return sample;
  }

  static double Rate(double bytes) { return bytes * 8 / 1e3 / kSecondsPerSample; }

  static void JudgeWaits(std::vector<double>& waits, BweOutcome& outcome) {
    if (waits.empty()) return;
    std::sort(waits.begin(), waits.end());
    outcome.queue_mean =
        std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size());
    outcome.queue_p95 = waits[waits.size() * 95 / 100];
    outcome.queue_max = waits.back();
  }

  static void Collect(BweFlow& flow, BweOutcome& outcome) {
    outcome.counts.push_back(flow.counts());
    outcome.decisions.push_back(flow.estimator().decisions());
    outcome.traces.push_back(flow.estimator().trace());
    outcome.stats.push_back(flow.estimator().get().stats());
  }

  static void JudgeLoss(BweOutcome& outcome) {
    uint64_t sent = 0;
    uint64_t arrived = 0;
    for (const BweFlow::Counts& counts : outcome.counts) {
      sent += counts.sent;
      arrived += counts.arrived;
    }
    // What is under way at the end is not lost; it is no more than a fraction of a per mille.
    if (sent > 0) outcome.loss = static_cast<double>(sent - arrived) / static_cast<double>(sent);
  }

  const BweScenario& scenario_;
  BweEvents events_;
  SeededEntropy entropy_;
  BweBottleneck right_;
  BweBottleneck left_;
  std::vector<std::unique_ptr<BweFlow>> flows_;
  std::vector<std::unique_ptr<BweTcp>> tcps_;
  std::vector<BweFlow::Counts> previous_;
  int64_t previous_tcp_ = 0;
};

double Total(const BweSample& sample, const BweScenario& scenario) {
  double total = sample.tcp;
  for (size_t i = 0; i < sample.flows.size(); ++i) {
    if (!scenario.flows[i].reverse) total += sample.flows[i].arrived;
  }
  return total;
}

// When the mean over `window` samples first reached `share` of the capacity.
std::optional<double> Reached(const BweOutcome& outcome, const BwePhase& phase, size_t window,
                              double share) {
  double sum = 0;
  std::vector<double> recent;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at <= phase.from + 1e-6 || sample.at > phase.to + 1e-6) continue;
    recent.push_back(Total(sample, outcome.scenario));
    sum += recent.back();
    if (recent.size() > window) sum -= recent[recent.size() - window - 1];
    if (recent.size() < window) continue;
    if (sum / static_cast<double>(window) >= share * phase.capacity) return sample.at - phase.from;
  }
  return std::nullopt;
}

void JudgePhase(const BweOutcome& outcome, BwePhase& phase) {
  phase.converged = Reached(outcome, phase, 10, 0.85);
  phase.full = Reached(outcome, phase, 5, 0.9);
  const double from = phase.from + phase.converged.value_or(0);
  phase.utilisation =
      MeanOf(outcome, from, phase.to,
             [&](const BweSample& sample) { return Total(sample, outcome.scenario); }) /
      phase.capacity;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at <= phase.from || sample.at > phase.to) continue;
    if (sample.at - phase.from < 5 && sample.backlog > 100) phase.drained = sample.at - phase.from;
  }
}

void JudgePhases(BweOutcome& outcome) {
  const BweScenario& scenario = outcome.scenario;
  double weighted = 0;
  double weight = 0;
  for (size_t i = 0; i < scenario.capacity.size(); ++i) {
    BwePhase phase;
    phase.from = Seconds(scenario.capacity[i].at);
    phase.to =
        Seconds(i + 1 < scenario.capacity.size() ? scenario.capacity[i + 1].at : scenario.length);
    phase.capacity = Kbps(scenario.capacity[i].rate);
    JudgePhase(outcome, phase);
    const double judged = phase.to - phase.from - phase.converged.value_or(0);
    weighted += phase.utilisation * judged;
    weight += judged;
    outcome.convergence =
        std::max(outcome.convergence, phase.converged.value_or(phase.to - phase.from));
    outcome.phases.push_back(phase);
  }
  if (weight > 0) outcome.utilisation = weighted / weight;
}

void JudgeShares(BweOutcome& outcome) {
  if (!outcome.scenario.fair_from) return;
  const double from = Seconds(*outcome.scenario.fair_from);
  const double to = Seconds(outcome.scenario.length) - 1;
  for (size_t i = 0; i < outcome.scenario.flows.size(); ++i) {
    outcome.shares.push_back(MeanOf(
        outcome, from, to, [&](const BweSample& sample) { return sample.flows[i].arrived; }));
  }
  const auto [least, most] = std::minmax_element(outcome.shares.begin(), outcome.shares.end());
  if (*most > 0) outcome.least_share = *least / *most;
  outcome.tcp_share = MeanOf(outcome, from, to, [](const BweSample& sample) { return sample.tcp; });
}

}  // namespace

double MeanOf(const BweOutcome& outcome, double from, double to,
              const std::function<double(const BweSample&)>& value) {
  double sum = 0;
  int count = 0;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at <= from || sample.at > to) continue;
    sum += value(sample);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

BweOutcome RunBweScenario(const BweScenario& scenario, uint64_t seed) {
  Laboratory laboratory(scenario, seed);
  BweOutcome outcome = laboratory.Run();
  JudgePhases(outcome);
  JudgeShares(outcome);
  return outcome;
}

}  // namespace sluice::test
