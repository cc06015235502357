// A picture of one experiment: rates over time above, the queue below. One SVG file, nothing else
// needed to look at it.

#ifndef SLUICE_BENCH_BWE_PLOT_H_
#define SLUICE_BENCH_BWE_PLOT_H_

#include <string>

#include "tests/support/bwe_scenario.h"

namespace sluice::bench {

std::string PlotBweOutcome(const test::BweOutcome& outcome);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_BWE_PLOT_H_
