#include "bench/load/round.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::load {
namespace {

constexpr Duration kMediaFirst{500'000};
constexpr Duration kWarmUp{1'500'000};
// A handshake takes some milliseconds on a machine that is not busy.
constexpr Duration kPatience = std::chrono::seconds(60);
constexpr Duration kPatiencePerClient{50'000};
// What an idle transport does, it does every few seconds: ICE consent.
constexpr Duration kQuiet = std::chrono::seconds(1);

}  // namespace

Round::Round(const Setting& setting)
    : setting_(setting),
      options_(setting.options),
      meter_(MeterOf(setting)),
      scene_(MakeScene(setting.options, setting.library)),
      stage_(setting.peer, setting.context, setting.entropy) {
  stage_.SetObserver([this] { ShowState(doing_); });
}

ServerMeter Round::MeterOf(const Setting& setting) {
  ServerMeter meter{ProcessMeter(setting.identity.pids()), {}, setting.options.server_cpu};
  for (const auto& pids : setting.identity.workers) meter.workers.emplace_back(pids);
  return meter;
}

Duration Round::measured() const {
  return Duration(static_cast<int64_t>(options_.seconds * 1'000'000));
}

void Round::ShowState(const char* what) {
  const Timestamp now = stage_.clock().Now();
  const uint64_t packets = stage_.totals().packets;
  const double seconds = static_cast<double>((now - last_shown_).count()) / 1e6;
  const double rate = static_cast<double>(packets - last_packets_) / seconds;
  char text[160];
  std::snprintf(text, sizeof(text), "%s, %zu receivers, %zu joining, %.0f packets/s", what,
                stage_.receivers().size(), stage_.joining(), rate);
  setting_.progress.Show(text);
  last_shown_ = now;
  last_packets_ = packets;
}

absl::Status Round::RunFor(const char* what, Duration time) {
  doing_ = what;
  return stage_.RunFor(time);
}

absl::Status Round::Settle(const char* what, size_t clients) {
  doing_ = what;
  return stage_.RunUntilSettled(kPatience + static_cast<int64_t>(clients) * kPatiencePerClient);
}

absl::StatusOr<Json> Round::Run() {
  Json out = Json::Object();
  out.Set("profile", ProfileName(options_.profile))
      .Set("peer", setting_.identity.name)
      .Set("version", setting_.identity.version)
      .Set("receivers", uint64_t{scene_.receivers.size()})
      .Set("workers", uint64_t{meter_.workers.size()})
      .Set("rooms", uint64_t{options_.rooms})
      .Set("members", uint64_t{options_.profile == Profile::kMeeting ? options_.members : 0})
      .Set("cipher", CipherName(options_.cipher))
      .Set("media", PicturesName(options_.pictures))
      .Set("twcc", uint64_t{options_.twcc ? 1u : 0u})
      .Set("rate", options_.rate);
  absl::Status status;
  switch (options_.profile) {
    case Profile::kIdle:
      status = RunIdle(out);
      break;
    case Profile::kJoin:
      status = RunJoin(out);
      break;
    case Profile::kRate:
      status = RunRate(out);
      break;
    case Profile::kBroadcast:
    case Profile::kMeeting:
    case Profile::kAudio:
    case Profile::kMixed:
      status = RunTraffic(out);
      break;
  }
  if (status.ok() && !meter_.processes.AllAlive())
    status = absl::InternalError("the server has ended");
  if (status.ok()) status = Finish(out);
  if (!status.ok()) return status;
  return out;
}

absl::Status Round::BeginMedia() {
  for (const std::string& room : scene_.rooms) stage_.AddRoom(room);
  const size_t senders = scene_.senders.size();
  for (Stage::Sender& sender : scene_.senders) {
    // The scene still tells who sends, for those who come later.
    stage_.AddSender({sender.room, sender.name, sender.tracks, std::move(sender.sources)});
  }
  if (absl::Status status = Settle("senders join", senders); !status.ok()) return status;
  // No faster than in real time until all are here: a server that cannot keep up lets nobody in.
  stage_.SetSpeed(scene_.speed / std::max(1.0, options_.rate));
  if (absl::Status status = RunFor("media begins", kMediaFirst); !status.ok()) return status;
  rss_before_ = meter_.processes.ReadRss();
  return absl::OkStatus();
}

absl::Status Round::LetReceiversIn() {
  for (const Stage::Receiver& receiver : scene_.receivers) stage_.AddReceiver(receiver);
  const size_t receivers = scene_.receivers.size();
  if (absl::Status status = Settle("receivers join", receivers); !status.ok()) return status;
  stage_.SetSpeed(scene_.speed);
  return RunFor("warm-up", kWarmUp);
}

absl::Status Round::RunTraffic(Json& out) {
  if (absl::Status status = BeginMedia(); !status.ok()) return status;
  if (absl::Status status = LetReceiversIn(); !status.ok()) return status;
  doing_ = "measuring";
  absl::StatusOr<Interval> interval = MeasureInterval(stage_, meter_, scene_.speed, measured());
  if (!interval.ok()) return interval.status();
  const uint64_t rss = meter_.processes.ReadRss();
  DescribeInterval(*interval, stage_, out);
  if (options_.workers > 1) DescribeWorkers(*interval, out);
  doing_ = "counting system calls";
  absl::StatusOr<Json> syscalls = MeasureSyscalls(stage_, setting_.identity.pids(), scene_.speed);
  if (!syscalls.ok()) return syscalls.status();
  const auto grown = static_cast<double>(rss) - static_cast<double>(rss_before_);
  out.Set("syscalls_per_packet", *std::move(syscalls))
      .Set("rss_bytes", rss)
      .Set("bytes_per_receiver", grown / static_cast<double>(scene_.receivers.size()))
      .Set("join_ms", Json::Object()
                          .Set("p50", stage_.join_time().PercentileUs(0.5) / 1'000)
                          .Set("p99", stage_.join_time().PercentileUs(0.99) / 1'000));
  return absl::OkStatus();
}

absl::Status Round::RunIdle(Json& out) {
  for (const std::string& room : scene_.rooms) stage_.AddRoom(room);
  if (absl::Status status = Settle("rooms", scene_.rooms.size()); !status.ok()) return status;
  rss_before_ = meter_.processes.ReadRss();
  for (const Stage::Receiver& receiver : scene_.receivers) stage_.AddReceiver(receiver);
  const size_t receivers = scene_.receivers.size();
  if (absl::Status status = Settle("transports join", receivers); !status.ok()) return status;
  if (absl::Status status = RunFor("quiet", kQuiet); !status.ok()) return status;
  const CpuTime cpu = meter_.processes.ReadCpu();
  if (absl::Status status = RunFor("measuring", measured()); !status.ok()) return status;
  const auto used = static_cast<double>((meter_.processes.ReadCpu() - cpu).total_ns);
  const uint64_t rss = meter_.processes.ReadRss();
  const auto grown = static_cast<double>(rss) - static_cast<double>(rss_before_);
  out.Set("seconds", options_.seconds)
      .Set("cpu_share", used / 1e9 / options_.seconds)
      .Set("rss_bytes", rss)
      .Set("bytes_per_receiver", grown / static_cast<double>(receivers));
  return absl::OkStatus();
}

absl::Status Round::Finish(Json& out) {
  stage_.SetSpeed(0);
  const ReceptionTotals& totals = stage_.totals();
  uint64_t asked = 0;
  uint64_t repeated = 0;
  for (const auto& sender : stage_.senders()) {
    asked += sender->sending()->key_frames_asked();
    repeated += sender->sending()->repeated();
  }
  out.Set("intact", totals.intact)
      .Set("damaged", totals.damaged)
      .Set("unsealed", totals.unsealed)
      .Set("unmarked", totals.unmarked)
      .Set("nacked", totals.nacked)
      .Set("dropped", totals.dropped)
      .Set("key_frames_wanted", totals.key_frame_requests)
      .Set("key_frames_asked", asked)
      .Set("repeated_by_senders", repeated);
  absl::StatusOr<std::map<std::string, uint64_t>> counters = stage_.ReadCounters();
  if (!counters.ok()) return counters.status();
  Json object = Json::Object();
  for (const auto& [name, count] : *counters) object.Set(name, count);
  out.Set("counters", std::move(object));
  return absl::OkStatus();
}

}  // namespace sluice::load
