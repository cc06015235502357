// A program that this one started, with a pipe in each direction. It ends with its owner.

#ifndef SLUICE_BENCH_LOAD_CHILD_PROCESS_H_
#define SLUICE_BENCH_LOAD_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "worker/io/descriptor.h"

namespace sluice::load {

class ChildProcess {
 public:
  struct Options {
    // The program's path first.
    std::vector<std::string> arguments;
    // The descriptors under which the child knows the pipes.
    int reads_from = 0;
    int writes_to = 1;
    // The core it may use; all if there is none.
    std::optional<uint32_t> cpu;
  };

  ChildProcess() = default;
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  absl::Status Start(const Options& options);
  pid_t pid() const { return pid_; }
  // False once it has ended.
  bool Alive();

  // Writes now what the pipe takes, and the rest at the next call of either.
  void Write(ByteView bytes);
  // What the child wrote since the last call; empty if that is nothing.
  ByteView Read();
  // Waits until there is something to read, or for so long. False if there is nothing.
  bool Await(std::chrono::milliseconds patience);

  // Closes the pipe to the child, waits for it to end, and kills it if it does not.
  void Stop();

 private:
  void Flush();
  bool EndsWithin(std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  worker::Descriptor to_;
  worker::Descriptor from_;
  std::vector<uint8_t> unsent_;
  std::vector<uint8_t> input_;
};

// Pins process `pid`, 0 for this one, to a core.
absl::Status PinTo(pid_t pid, uint32_t cpu);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_CHILD_PROCESS_H_
