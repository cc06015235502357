#include "bench/load/process_meter.h"

#include <signal.h>
#include <time.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "bench/load/adapter_line.h"

namespace sluice::load {
namespace {

std::string ReadProc(pid_t pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<pid_t> ThreadsOf(pid_t pid) {
  std::vector<pid_t> threads;
  std::error_code error;
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task", error);
  if (error) return threads;
  for (const auto& entry : tasks) {
    threads.push_back(static_cast<pid_t>(std::atoi(entry.path().filename().c_str())));
  }
  return threads;
}

// proc(5): the name, field 2, stands in parentheses and may contain anything; utime and stime are
// fields 14 and 15.
std::optional<CpuTime> ParseStat(std::string_view line) {
  const size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> fields = Split(line.substr(name_end + 1), ' ');
  constexpr size_t kUserTime = 12;
  if (fields.size() <= kUserTime + 1) return std::nullopt;
  const auto user = ParseUnsigned(fields[kUserTime], UINT64_MAX);
  const auto system = ParseUnsigned(fields[kUserTime + 1], UINT64_MAX);
  if (!user || !system) return std::nullopt;
  return CpuTime{0, *user, *system};
}

// proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what guests take is in user.
std::optional<CoreTime> ParseCore(std::string_view text, uint32_t cpu) {
  constexpr size_t kIdle = 3;
  constexpr size_t kIoWait = 4;
  constexpr size_t kSteal = 7;
  const std::string name = "cpu" + std::to_string(cpu) + " ";
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    const std::vector<std::string_view> fields = Split(line.substr(name.size()), ' ');
    if (fields.size() <= kSteal) return std::nullopt;
    CoreTime time;
    for (size_t i = 0; i <= kSteal; ++i) {
      const std::optional<uint64_t> ticks = ParseUnsigned(fields[i], UINT64_MAX);
      if (!ticks) return std::nullopt;
      (i == kIdle || i == kIoWait ? time.idle : time.busy) += *ticks;
    }
    return time;
  }
  return std::nullopt;
}

CoreTime ReadCore(uint32_t cpu) {
  std::ifstream in("/proc/stat");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return ParseCore(text, cpu).value_or(CoreTime());
}

std::optional<uint64_t> ParseRollup(std::string_view text, std::string_view field) {
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(field)) continue;
    const size_t begin = line.find_first_not_of(' ', field.size());
    const size_t end = line.find(' ', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
    const auto kib = ParseUnsigned(line.substr(begin, end - begin), UINT64_MAX / 1024);
    return kib ? std::optional<uint64_t>(*kib * 1024) : std::nullopt;
  }
  return std::nullopt;
}

CpuTime ProcessMeter::ReadCpu() const {
  CpuTime sum;
  for (const pid_t pid : pids_) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) {
      sum.total_ns += time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
    }
    if (const std::optional<CpuTime> ticks = ParseStat(ReadProc(pid, "stat"))) {
      sum.user_ticks += ticks->user_ticks;
      sum.system_ticks += ticks->system_ticks;
    }
  }
  return sum;
}

uint64_t ProcessMeter::ReadRss() const {
  uint64_t sum = 0;
  for (const pid_t pid : pids_) {
    sum += ParseRollup(ReadProc(pid, "smaps_rollup"), "Rss:").value_or(0);
  }
  return sum;
}

bool ProcessMeter::AllAlive() const {
  for (const pid_t pid : pids_) {
    if (kill(pid, 0) != 0) return false;
  }
  return true;
}

}  // namespace sluice::load
