#include "bench/load/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::load {
namespace {

// Above all descriptors that the child is to have.
constexpr int kAbove = 10;
constexpr size_t kInput = 1 << 16;
constexpr std::chrono::milliseconds kPatience{5'000};
constexpr std::chrono::milliseconds kStep{10};

struct Pipe {
  worker::Descriptor read;
  worker::Descriptor write;

  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read = worker::Descriptor(ends[0]);
    write = worker::Descriptor(ends[1]);
    return true;
  }
};

struct ChildEnds {
  int read = -1;
  int write = -1;
};

// After fork: nothing but system calls.
[[noreturn]] void RunChild(const ChildProcess::Options& options, char** arguments, ChildEnds ends) {
  // A server that outlives its load would be measured by nobody and disturb everybody.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (options.cpu) PinTo(0, *options.cpu).IgnoreError();
  const int read = fcntl(ends.read, F_DUPFD_CLOEXEC, kAbove);
  const int write = fcntl(ends.write, F_DUPFD_CLOEXEC, kAbove);
  dup2(read, options.reads_from);
  dup2(write, options.writes_to);
  execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

absl::Status PinTo(pid_t pid, uint32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  if (sched_setaffinity(pid, sizeof(set), &set) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot use core ", cpu, ": ", std::strerror(errno)));
}

ChildProcess::~ChildProcess() { Stop(); }

absl::Status ChildProcess::Start(const Options& options) {
  Pipe requests;
  Pipe answers;
  if (!requests.Open() || !answers.Open()) return absl::UnavailableError("no pipes are left");
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) return absl::UnavailableError("cannot fork");
  if (pid_ == 0) RunChild(options, arguments.data(), {requests.read.get(), answers.write.get()});
  to_ = std::move(requests.write);
  from_ = std::move(answers.read);
  fcntl(to_.get(), F_SETFL, O_NONBLOCK);
  fcntl(from_.get(), F_SETFL, O_NONBLOCK);
  return absl::OkStatus();
}

bool ChildProcess::Alive() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void ChildProcess::Write(ByteView bytes) {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  Flush();
}

void ChildProcess::Flush() {
  size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t size = write(to_.get(), unsent_.data() + sent, unsent_.size() - sent);
    if (size <= 0) break;
    sent += static_cast<size_t>(size);
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
}

ByteView ChildProcess::Read() {
  if (!unsent_.empty()) Flush();
  input_.resize(kInput);
  const ssize_t size = read(from_.get(), input_.data(), input_.size());
  return size > 0 ? ByteView(input_).first(static_cast<size_t>(size)) : ByteView();
}

bool ChildProcess::Await(std::chrono::milliseconds patience) {
  if (!unsent_.empty()) Flush();
  pollfd query{from_.get(), POLLIN, 0};
  return poll(&query, 1, static_cast<int>(patience.count())) == 1;
}

bool ChildProcess::EndsWithin(std::chrono::milliseconds patience) {
  for (auto waited = std::chrono::milliseconds(0); waited < patience; waited += kStep) {
    if (!Alive()) return true;
    poll(nullptr, 0, static_cast<int>(kStep.count()));
  }
  return !Alive();
}

void ChildProcess::Stop() {
  if (pid_ <= 0) return;
  to_.Close();
  if (EndsWithin(kPatience)) return;
  kill(pid_, SIGTERM);
  if (EndsWithin(kPatience)) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace sluice::load
