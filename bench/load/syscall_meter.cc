#include "bench/load/syscall_meter.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/adapter_line.h"
#include "bench/load/process_meter.h"

namespace sluice::load {
namespace {

using worker::Descriptor;

absl::Status SystemError(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// A mount of our own that stands nowhere in the tree and goes with its descriptor.
absl::StatusOr<Descriptor> OpenTracefs() {
  const Descriptor context(fsopen("tracefs", FSOPEN_CLOEXEC));
  if (!context) return SystemError("cannot open tracefs");
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return SystemError("cannot make a tracefs");
  }
  Descriptor mount(fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount) return SystemError("cannot mount tracefs");
  return mount;
}

absl::StatusOr<uint64_t> ReadTracePoint() {
  absl::StatusOr<Descriptor> tracefs = OpenTracefs();
  if (!tracefs.ok()) return tracefs.status();
  const Descriptor file(
      openat(tracefs->get(), "events/raw_syscalls/sys_enter/id", O_RDONLY | O_CLOEXEC));
  if (!file) return SystemError("the kernel has no trace point for system calls");
  char text[32];
  const ssize_t size = read(file.get(), text, sizeof(text));
  std::string_view digits(text, size > 0 ? static_cast<size_t>(size) : 0);
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  const auto id = ParseUnsigned(digits, UINT64_MAX);
  if (!id) return absl::UnavailableError("the trace point for system calls has no number");
  return *id;
}

}  // namespace

absl::StatusOr<SyscallMeter> SyscallMeter::Start(const std::vector<pid_t>& pids) {
  absl::StatusOr<uint64_t> point = ReadTracePoint();
  if (!point.ok()) return point.status();
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.size = sizeof(attributes);
  attributes.config = *point;
  SyscallMeter meter;
  for (const pid_t pid : pids) {
    for (const pid_t thread : ThreadsOf(pid)) {
      Descriptor counter(static_cast<int>(
          syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC)));
      if (!counter) return SystemError("perf_event_open");
      meter.counters_.push_back(std::move(counter));
    }
  }
  return meter;
}

uint64_t SyscallMeter::Read() const {
  uint64_t sum = 0;
  for (const Descriptor& counter : counters_) {
    uint64_t count = 0;
    if (read(counter.get(), &count, sizeof(count)) == sizeof(count)) sum += count;
  }
  return sum;
}

}  // namespace sluice::load
