// One line that tells what goes on, written over again and again; only on a terminal.

#ifndef SLUICE_BENCH_LOAD_PROGRESS_LINE_H_
#define SLUICE_BENCH_LOAD_PROGRESS_LINE_H_

#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

namespace sluice::load {

class ProgressLine {
 public:
  ProgressLine() : visible_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // What stands at the line's beginning from now on.
  void Begin(std::string what) { what_ = std::move(what); }
  void Show(const std::string& state) {
    if (visible_) std::fprintf(stderr, "\r\x1b[K%s: %s", what_.c_str(), state.c_str());
  }
  // Before something else is written.
  void Clear() {
    if (visible_) std::fprintf(stderr, "\r\x1b[K");
  }

 private:
  const bool visible_;
  std::string what_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_PROGRESS_LINE_H_
