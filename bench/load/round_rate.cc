// Profile rate: how much can a server forward before it loses something, and how long do packets
// take well below that?

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/round.h"

namespace sluice::load {
namespace {

// A step: long enough for a queue to overflow that grows by a few per cent.
constexpr Duration kStep{1'500'000};
// Where the search begins, and how it goes on. Media that is much slower than real would wait for
// its key frames longer than servers do.
constexpr double kFirstSpeed = 0.25;
constexpr double kLeastSpeed = 0.06;
constexpr double kFaster = 1.5;
constexpr double kMaxSpeed = 200;
// Halvings between the last good and the first bad rate: within 2 % of the limit.
constexpr int kHalvings = 5;
// What counts as without loss: one packet of ten thousand, and how far behind the server may be at
// the end of the step, in seconds. One that is too slow has a queue that grows, and loses only
// later.
constexpr double kMaxLoss = 0.0001;
constexpr double kMaxBehind = 0.06;

constexpr int kTries = 2;
constexpr double kEasy = 0.3;
constexpr Duration kRecovery = std::chrono::seconds(2);
// What a server believes of paths after losses: half as much again as arrives, at most. Estimates
// that were cut come back by a quarter a second, and no encoder is faster than its estimate.
constexpr double kClimb = 1.25;
constexpr Duration kClimbStage = std::chrono::seconds(1);

absl::Status NothingClean(const Interval& interval) {
  return absl::InternalError(
      absl::StrCat("not even the lowest rate is without loss: ", interval.lost(), " of ",
                   interval.arrivals.expected(), " packets were lost, and ",
                   interval.arrivals.expected() - interval.packets, " late"));
}

}  // namespace

// Without feedback there is nothing to climb: no server knows of losses.
absl::Status Round::Climb(double speed) {
  while (options_.twcc && recovered_ > 0 && recovered_ * kClimb < speed) {
    recovered_ *= kClimb;
    stage_.SetSpeed(recovered_);
    if (absl::Status status = RunFor("climbing", kClimbStage); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Round::Step> Round::TryRate(double speed, Duration time, Json& steps) {
  if (absl::Status status = Climb(speed); !status.ok()) return status;
  doing_ = "searching";
  absl::StatusOr<Interval> interval = MeasureInterval(stage_, meter_, speed, time);
  if (!interval.ok()) return interval.status();
  Step step{speed, *interval, false};
  const auto expected = static_cast<double>(interval->arrivals.expected());
  const double offered = expected / interval->seconds;
  const double behind = expected - static_cast<double>(interval->packets);
  step.clean = interval->loss() <= kMaxLoss && behind <= kMaxBehind * offered;
  if (!step.clean) {
    // Its queues and its estimates of bandwidths are not to spoil the next step.
    recovered_ = speed * kEasy;
    stage_.SetSpeed(recovered_);
    if (absl::Status status = RunFor("recovering", kRecovery); !status.ok()) return status;
  }
  if (step.clean && recovered_ > 0) recovered_ = speed;
  steps.Add(Json::Object()
                .Set("offered_per_s", offered)
                .Set("packets_per_s", interval->packets_per_s())
                .Set("loss", interval->loss())
                .Set("cpu_us_per_packet", interval->cpu_us_per_packet())
                .Set("cpu_share",
                     static_cast<double>(interval->server.total_ns) / 1e9 / interval->seconds)
                .Set("own_cpu_share", interval->own_cpu_share)
                .Set("delay_us", DescribeDelay(stage_.delay()))
                .Set("clean", step.clean));
  return step;
}

absl::StatusOr<Round::Step> Round::TryTwice(double speed, Json& steps) {
  absl::StatusOr<Step> step = TryRate(speed, kStep, steps);
  // One bad step may be somebody else's fault.
  for (int i = 1; i < kTries && step.ok() && !step->clean; ++i) step = TryRate(speed, kStep, steps);
  return step;
}

// Down until a rate is clean, up from there until one is not, and halfway between them.
absl::StatusOr<Round::Step> Round::FindRate(Json& steps) {
  double speed = kFirstSpeed * scene_.speed;
  double bad = 0;
  absl::StatusOr<Step> step = TryTwice(speed, steps);
  for (; step.ok() && !step->clean; step = TryTwice(speed, steps)) {
    if (speed < kLeastSpeed * scene_.speed) return NothingClean(step->interval);
    bad = speed;
    speed /= 2;
  }
  if (!step.ok()) return step.status();
  Step best = *step;
  while (bad == 0 && speed < kMaxSpeed) {
    speed *= kFaster;
    step = TryTwice(speed, steps);
    if (!step.ok()) return step.status();
    if (step->clean) {
      best = *step;
    } else {
      bad = speed;
    }
  }
  for (int i = 0; i < kHalvings; ++i) {
    step = TryRate((best.speed + bad) / 2, kStep, steps);
    if (!step.ok()) return step.status();
    if (step->clean) {
      best = *step;
    } else {
      bad = step->speed;
    }
  }
  return best;
}

absl::Status Round::RunRate(Json& out) {
  const double full = scene_.speed;
  scene_.speed = full * kFirstSpeed;
  if (absl::Status status = BeginMedia(); !status.ok()) return status;
  if (absl::Status status = LetReceiversIn(); !status.ok()) return status;
  scene_.speed = full;
  Json steps = Json::Array();
  absl::StatusOr<Step> best = FindRate(steps);
  if (!best.ok()) return best.status();
  DescribeInterval(best->interval, stage_, out);
  out.Set("rss_bytes", meter_.processes.ReadRss());
  for (const auto& [share, name] : {std::pair(0.5, "at_50"), {0.9, "at_90"}}) {
    Json unused = Json::Array();
    absl::StatusOr<Step> step = TryRate(best->speed * share, measured(), unused);
    if (!step.ok()) return step.status();
    Json figures = Json::Object();
    DescribeInterval(step->interval, stage_, figures);
    out.Set(name, std::move(figures));
  }
  out.Set("steps", std::move(steps));
  return absl::OkStatus();
}

}  // namespace sluice::load
