#include "bench/load/report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>

#include "base/check.h"

namespace sluice::load {
namespace {

constexpr std::string_view kOurs = "sluice";

struct Figure {
  const char* path;
  const char* title;
  double unit;  // that the title names
  int digits;
};

constexpr Figure kFigures[] = {
    {"packets_per_s", "packets/s", 1, 0},
    {"cpu_us_per_packet", "CPU us/packet", 1, 3},
    {"user_us_per_packet", "  user", 1, 3},
    {"system_us_per_packet", "  system", 1, 3},
    {"cpu_share", "CPU of its core, %", 0.01, 1},
    {"loss", "loss, %", 0.01, 3},
    {"loss_sound", "  of sound", 0.01, 3},
    {"loss_pictures", "  of pictures", 0.01, 3},
    {"delay_us.p50", "delay p50, us", 1, 0},
    {"delay_us.p99", "delay p99, us", 1, 0},
    {"delay_us.p999", "delay p99.9, us", 1, 0},
    {"delay_us.max", "delay max, us", 1, 0},
    {"at_50.delay_us.p50", "at 50 %: delay p50, us", 1, 0},
    {"at_50.delay_us.p99", "at 50 %: delay p99, us", 1, 0},
    {"at_90.delay_us.p99", "at 90 %: delay p99, us", 1, 0},
    {"syscalls_per_packet", "system calls/packet", 1, 3},
    {"train_mean", "packets/train", 1, 2},
    {"train_asked", "  it was to have", 1, 2},
    {"capacity_per_s", "packets/s, full cores", 1, 0},
    {"joins_per_s", "joins/s", 1, 0},
    {"join_ms.p50", "join to media p50, ms", 1, 1},
    {"join_ms.p99", "join to media p99, ms", 1, 1},
    {"rss_bytes", "memory, MB", 1e6, 1},
    {"bytes_per_receiver", "  per receiver, kB", 1e3, 1},
    {"rss_growth", "  last cycle of first", 1, 3},
    {"others_cpu_share", "others on its core, %", 0.01, 1},
    {"own_cpu_share", "CPU of the load, %", 0.01, 1},
};

std::vector<std::string> PeersOf(const std::vector<Json>& rounds) {
  std::vector<std::string> peers;
  for (const Json& round : rounds) {
    const std::string name(round.Text("peer"));
    if (std::ranges::find(peers, name) == peers.end()) peers.push_back(name);
  }
  return peers;
}

std::vector<double> ValuesOf(const std::vector<Json>& rounds, std::string_view peer,
                             std::string_view path) {
  std::vector<double> values;
  for (const Json& round : rounds) {
    const std::optional<double> value = round.Number(path);
    if (round.Text("peer") == peer && value) values.push_back(*value);
  }
  return values;
}

// Ratios of figures of the same round, which drift of the machine touches least.
std::optional<double> MedianRatio(const std::vector<Json>& rounds, std::string_view peer,
                                  std::string_view path, std::string_view who = kOurs) {
  std::map<double, double> ours, theirs;
  for (const Json& round : rounds) {
    const std::optional<double> value = round.Number(path);
    const double number = round.Number("round").value_or(0);
    if (!value) continue;
    if (round.Text("peer") == who) ours[number] = *value;
    if (round.Text("peer") == peer) theirs[number] = *value;
  }
  std::vector<double> ratios;
  for (const auto& [number, value] : ours) {
    const auto other = theirs.find(number);
    if (other != theirs.end() && other->second != 0) ratios.push_back(value / other->second);
  }
  if (ratios.empty()) return std::nullopt;
  return Median(std::move(ratios));
}

// "sluice" of "sluice x2"; nothing if it is one process.
std::optional<std::string> OneOf(const std::string& peer) {
  const size_t end = peer.rfind(" x");
  return end == std::string::npos ? std::nullopt : std::optional(peer.substr(0, end));
}

std::string Cell(const std::vector<Json>& rounds, std::string_view peer, const Figure& figure) {
  const std::vector<double> values = ValuesOf(rounds, peer, figure.path);
  if (values.empty()) return "-";
  const double median = Median(values);
  char text[64];
  int size = std::snprintf(text, sizeof(text), "%.*f", figure.digits, median / figure.unit);
  std::string cell(text, static_cast<size_t>(size));
  const auto [least, most] = std::ranges::minmax(values);
  if (values.size() > 1 && median != 0) {
    size = std::snprintf(text, sizeof(text), " ~%.0f%%", (most - least) / median * 100);
    cell.append(text, static_cast<size_t>(size));
  }
  const std::optional<double> ratio =
      peer == kOurs ? std::nullopt : MedianRatio(rounds, peer, figure.path);
  if (ratio) {
    size = std::snprintf(text, sizeof(text), " (%.2f)", *ratio);
    cell.append(text, static_cast<size_t>(size));
  }
  return cell;
}

void AppendCell(std::string_view cell, std::string& line) {
  constexpr size_t kWidth = 26;
  line.append(kWidth - std::min(kWidth - 1, cell.size()), ' ').append(cell);
}

}  // namespace

double Median(std::vector<double> values) {
  SLUICE_CHECK(!values.empty());
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string MakeTable(const std::vector<Json>& rounds) {
  const std::vector<std::string> peers = PeersOf(rounds);
  constexpr size_t kTitle = 24;
  std::string table(kTitle, ' ');
  for (const std::string& peer : peers) AppendCell(peer, table);
  table += '\n';
  for (const Figure& figure : kFigures) {
    std::string line(figure.title);
    line.resize(kTitle, ' ');
    bool known = false;
    for (const std::string& peer : peers) {
      const std::string cell = Cell(rounds, peer, figure);
      known = known || cell != "-";
      AppendCell(cell, line);
    }
    if (known) table += line + '\n';
  }
  for (const std::string& peer : peers) {
    const std::optional<std::string> one = OneOf(peer);
    const auto ratio = one ? MedianRatio(rounds, *one, "capacity_per_s", peer) : std::nullopt;
    if (!ratio) continue;
    char text[96];
    const int size = std::snprintf(text, sizeof(text), " carries %.2f times what one does", *ratio);
    table.append(peer).append(text, static_cast<size_t>(size)) += '\n';
  }
  return table;
}

Json MakeRatios(const std::vector<Json>& rounds) {
  Json all = Json::Object();
  for (const std::string& peer : PeersOf(rounds)) {
    if (peer == kOurs) continue;
    Json ratios = Json::Object();
    for (const Figure& figure : kFigures) {
      if (const auto ratio = MedianRatio(rounds, peer, figure.path))
        ratios.Set(figure.path, *ratio);
    }
    all.Set(peer, std::move(ratios));
  }
  Json out = Json::Object().Set("median_ratios_of_sluice_to", std::move(all));
  Json capacity = Json::Object();
  bool several = false;
  for (const std::string& peer : PeersOf(rounds)) {
    const std::optional<std::string> one = OneOf(peer);
    const auto ratio = one ? MedianRatio(rounds, *one, "capacity_per_s", peer) : std::nullopt;
    if (ratio) capacity.Set(peer, *ratio);
    several = several || ratio;
  }
  if (several) out.Set("capacity_of_workers_to_one", std::move(capacity));
  return out;
}

std::string MakeJson(const std::vector<Json>& rounds) {
  std::string text = "[\n";
  for (const Json& round : rounds) text += round.ToText() + ",\n";
  return text + MakeRatios(rounds).ToText() + "\n]\n";
}

}  // namespace sluice::load
