// What processes have used up, as the kernel counts it.

#ifndef SLUICE_BENCH_LOAD_PROCESS_METER_H_
#define SLUICE_BENCH_LOAD_PROCESS_METER_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::load {

// CPU time since a process began, of one or several.
struct CpuTime {
  int64_t total_ns = 0;
  // In clock ticks, usually of 10 ms: good for proportions, not for sums.
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;

  CpuTime operator-(const CpuTime& before) const {
    return {total_ns - before.total_ns, user_ticks - before.user_ticks,
            system_ticks - before.system_ticks};
  }
  double user_share() const {
    const uint64_t all = user_ticks + system_ticks;
    return all == 0 ? 0.0 : static_cast<double>(user_ticks) / static_cast<double>(all);
  }
};

// The fields utime and stime of /proc/PID/stat; nothing if it is not such a line.
std::optional<CpuTime> ParseStat(std::string_view line);
// In which state a core was for how long, in clock ticks.
struct CoreTime {
  uint64_t busy = 0;  // with anything, other guests of the same machine included
  uint64_t idle = 0;
};
// Of core `cpu`, out of /proc/stat.
std::optional<CoreTime> ParseCore(std::string_view text, uint32_t cpu);
CoreTime ReadCore(uint32_t cpu);
// The value of `field` ("Rss:") of /proc/PID/smaps_rollup, in bytes.
std::optional<uint64_t> ParseRollup(std::string_view text, std::string_view field);

// All that there are now.
std::vector<pid_t> ThreadsOf(pid_t pid);

class ProcessMeter {
 public:
  explicit ProcessMeter(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  // Processes that have ended count nothing.
  CpuTime ReadCpu() const;
  uint64_t ReadRss() const;
  bool AllAlive() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_PROCESS_METER_H_
