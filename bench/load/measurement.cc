#include "bench/load/measurement.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "bench/load/syscall_meter.h"

namespace sluice::load {
namespace {

// What may still be under way when media stops: a server's queues, and ours.
constexpr Duration kRest{150'000};
constexpr Duration kDrain{400'000};
constexpr Duration kSyscallTime{700'000};

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Something that came twice does not make up for something else.
uint64_t Missing(uint64_t expected, uint64_t arrived) {
  return expected > arrived ? expected - arrived : 0;
}

// What each worker's receivers have got, and what it has cost, since all began.
std::vector<WorkerShare> ReadWorkers(const Stage& stage, const ServerMeter& meter) {
  std::vector<WorkerShare> workers;
  for (const ProcessMeter& worker : meter.workers) {
    workers.push_back({0, worker.ReadCpu().total_ns});
  }
  for (const auto& receiver : stage.receivers()) {
    const Reception* reception = std::as_const(*receiver).reception();
    if (reception == nullptr || receiver->worker >= workers.size()) continue;
    for (const ReceiveStream& stream : reception->streams()) {
      workers[receiver->worker].packets += stream.received();
    }
  }
  return workers;
}

std::vector<WorkerShare> Since(const std::vector<WorkerShare>& before,
                               std::vector<WorkerShare> now) {
  for (size_t i = 0; i < now.size(); ++i) {
    now[i].packets -= before[i].packets;
    now[i].cpu_ns -= before[i].cpu_ns;
  }
  return now;
}

// How much of a packet's cost is of one kind, by the ticks.
double Microseconds(double share, const Interval& interval) {
  return share * interval.cpu_us_per_packet();
}

}  // namespace

Arrivals CountArrivals(const Stage& stage) {
  // By the sender's name and whether it is a picture: one of each kind is sent.
  std::map<std::pair<std::string, bool>, const SendTrack*> sent;
  for (const auto& sender : stage.senders()) {
    for (const auto& track : sender->sending()->tracks()) {
      sent[{sender->name(), track->description().video()}] = track.get();
    }
  }
  Arrivals arrivals;
  for (const auto& receiver : stage.receivers()) {
    const Reception* reception = std::as_const(*receiver).reception();
    if (reception == nullptr) continue;
    for (const ReceiveStream& stream : reception->streams()) {
      const bool video = stream.description().video;
      Arrivals::Kind& kind = video ? arrivals.pictures : arrivals.sound;
      kind.received += stream.delivered();
      const auto found = sent.find({stream.description().sender, video});
      const bool whole = found != sent.end() && found->second->description().ssrcs.size() == 1 &&
                         !found->second->description().svc;
      kind.expected += whole ? found->second->sent() : stream.expected();
    }
  }
  return arrivals;
}

double CapacityPerSecond(const std::vector<WorkerShare>& workers) {
  double sum = 0;
  for (const WorkerShare& worker : workers) {
    if (worker.packets > 0) sum += 1e6 / worker.us_per_packet();
  }
  return sum;
}

double Interval::cpu_us_per_packet() const {
  return forwarded() == 0
             ? 0.0
             : static_cast<double>(server.total_ns) / 1'000 / static_cast<double>(forwarded());
}

uint64_t Interval::lost_sound() const {
  return Missing(arrivals.sound.expected, arrivals.sound.received);
}

uint64_t Interval::lost_pictures() const {
  return Missing(arrivals.pictures.expected, arrivals.pictures.received + repaired_in_all);
}

double Interval::loss() const { return Share(lost(), arrivals.expected()); }

absl::StatusOr<Interval> MeasureInterval(Stage& stage, const ServerMeter& meter, double speed,
                                         Duration time) {
  stage.SetSpeed(0);
  if (absl::Status status = stage.RunFor(kRest); !status.ok()) return status;
  ReceptionTotals& totals = stage.totals();
  totals.delay.Clear();
  stage.ForgetLatest();
  const Arrivals arrivals = CountArrivals(stage);
  const ReceptionTotals before = totals;
  const std::vector<WorkerShare> workers = ReadWorkers(stage, meter);
  const CpuTime cpu = meter.processes.ReadCpu();
  const CoreTime core = ReadCore(meter.cpu);
  const int64_t own_cpu = LoadClock::OwnCpuNs();
  const Timestamp begin = stage.clock().Now();

  stage.SetSpeed(speed);
  if (absl::Status status = stage.RunFor(time); !status.ok()) return status;

  Interval interval;
  interval.server = meter.processes.ReadCpu() - cpu;
  interval.workers = Since(workers, ReadWorkers(stage, meter));
  const double elapsed_ns = static_cast<double>((stage.clock().Now() - begin).count()) * 1'000;
  interval.seconds = elapsed_ns / 1'000'000'000;
  interval.own_cpu_share = static_cast<double>(LoadClock::OwnCpuNs() - own_cpu) / elapsed_ns;
  const CoreTime core_after = ReadCore(meter.cpu);
  const uint64_t busy = core_after.busy - core.busy;
  interval.others_cpu_share =
      std::max(0.0, Share(busy, busy + core_after.idle - core.idle) -
                        static_cast<double>(interval.workers.front().cpu_ns) / elapsed_ns);
  interval.packets = totals.packets - before.packets;
  interval.repaired = totals.repaired - before.repaired;
  interval.padding = totals.padding - before.padding;
  interval.trains = totals.trains - before.trains;
  interval.train_packets = totals.train_packets - before.train_packets;
  interval.bytes = totals.bytes - before.bytes;
  stage.SetSpeed(0);
  if (absl::Status status = stage.RunFor(kDrain); !status.ok()) return status;
  interval.repaired_in_all = totals.repaired - before.repaired;
  interval.arrivals = CountArrivals(stage) - arrivals;
  return interval;
}

absl::StatusOr<Json> MeasureSyscalls(Stage& stage, const std::vector<pid_t>& pids, double speed) {
  absl::StatusOr<SyscallMeter> meter = SyscallMeter::Start(pids);
  if (!meter.ok()) {
    std::fprintf(stderr, "load: system calls are not counted: %s\n",
                 std::string(meter.status().message()).c_str());
    return Json();
  }
  stage.SetSpeed(speed);
  const ReceptionTotals& totals = stage.totals();
  const uint64_t packets = totals.packets + totals.repaired;
  const uint64_t calls = meter->Read();
  if (absl::Status status = stage.RunFor(kSyscallTime); !status.ok()) return status;
  const uint64_t delivered = totals.packets + totals.repaired - packets;
  if (delivered == 0) return Json();
  return Json(Share(meter->Read() - calls, delivered));
}

void DescribeInterval(const Interval& interval, const Stage& stage, Json& out) {
  const double user = interval.server.user_share();
  const auto cpu_ns = static_cast<double>(interval.server.total_ns);
  out.Set("seconds", interval.seconds)
      .Set("packets_forwarded", interval.forwarded())
      .Set("packets_per_s", interval.packets_per_s())
      .Set("mbit_per_s", static_cast<double>(interval.bytes) * 8 / 1e6 / interval.seconds)
      .Set("cpu_us_per_packet", interval.cpu_us_per_packet())
      .Set("user_us_per_packet", Microseconds(user, interval))
      .Set("system_us_per_packet", Microseconds(1 - user, interval))
      .Set("cpu_share", cpu_ns / 1e9 / interval.seconds)
      .Set("loss", interval.loss())
      .Set("loss_sound", Share(interval.lost_sound(), interval.arrivals.sound.expected))
      .Set("loss_pictures", Share(interval.lost_pictures(), interval.arrivals.pictures.expected))
      .Set("packets_lost", interval.lost())
      .Set("delay_us", DescribeDelay(stage.delay()))
      .Set("train_mean", Share(interval.train_packets, interval.trains))
      .Set("packets_repaired", interval.repaired)
      .Set("packets_padding", interval.padding)
      .Set("others_cpu_share", interval.others_cpu_share)
      .Set("own_cpu_share", interval.own_cpu_share)
      .Set("own_latest_ms", static_cast<double>(stage.latest().count()) / 1'000);
}

void DescribeWorkers(const Interval& interval, Json& out) {
  Json cost = Json::Array();
  Json rate = Json::Array();
  Json share = Json::Array();
  for (const WorkerShare& worker : interval.workers) {
    cost.Add(worker.us_per_packet());
    rate.Add(static_cast<double>(worker.packets) / interval.seconds);
    share.Add(static_cast<double>(worker.cpu_ns) / 1e9 / interval.seconds);
  }
  out.Set("capacity_per_s", CapacityPerSecond(interval.workers))
      .Set("worker_cpu_us_per_packet", std::move(cost))
      .Set("worker_packets_per_s", std::move(rate))
      .Set("worker_cpu_share", std::move(share));
}

Json DescribeDelay(const DelayHistogram& delay) {
  return Json::Object()
      .Set("p50", delay.PercentileUs(0.5))
      .Set("p99", delay.PercentileUs(0.99))
      .Set("p999", delay.PercentileUs(0.999))
      .Set("max", delay.max_us())
      .Set("samples", delay.count());
}

}  // namespace sluice::load
