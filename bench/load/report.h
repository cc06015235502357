// What came out: a table for people, and JSON for programs.

#ifndef SLUICE_BENCH_LOAD_REPORT_H_
#define SLUICE_BENCH_LOAD_REPORT_H_

#include <string>
#include <vector>

#include "bench/load/json.h"

namespace sluice::load {

// One row for each figure, one column for each peer: the median of its rounds, how far they spread
// (from the smallest to the largest, relative to the median), and what sluice's median is of it.
std::string MakeTable(const std::vector<Json>& rounds);

// The last object of the output: for each figure, the median over the rounds of what sluice's
// figure is of each other peer's in the same round.
Json MakeRatios(const std::vector<Json>& rounds);

// All of it, as an array with one object a line.
std::string MakeJson(const std::vector<Json>& rounds);

// Of an odd or even number of values, not none.
double Median(std::vector<double> values);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_REPORT_H_
