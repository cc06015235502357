// Prints what the bandwidth estimator decides when it is told what a trace says it was told.
//
// usage: bwe_replay FILE    the format is described in tests/support/bwe_trace.h

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/support/bwe_trace.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bwe_replay FILE\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  std::ostringstream text;
  text << file.rdbuf();
  const auto replay = sluice::test::ReplayBwe(text.str());
  if (!file || !replay) {
    std::fprintf(stderr, "bwe_replay: %s is no trace\n", argv[1]);
    return 1;
  }
  for (const auto& decision : replay->decisions) {
    std::printf("%s\n", sluice::test::Describe(decision).c_str());
  }
  std::printf("%zu decisions; estimate %ld bit/s, %lu probes, %lu passed\n",
              replay->decisions.size(), static_cast<long>(replay->estimate.bps()),
              static_cast<unsigned long>(replay->stats.probes),
              static_cast<unsigned long>(replay->stats.probes_passed));
  return 0;
}
