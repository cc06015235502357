// The figures of forward_sink, as a table and as JSON.

#ifndef SLUICE_BENCH_FORWARD_SINK_REPORT_H_
#define SLUICE_BENCH_FORWARD_SINK_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "bench/support/fan_out.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

// Nanoseconds of CPU per packet of one kind of work, over all passes.
struct SinkCost {
  // Of all batches.
  double min = 0;
  // Of the passes' medians.
  double median = 0;
  size_t clean = 0;
  size_t disturbed = 0;
};

struct SinkFigure {
  dtls::SrtpProfile cipher = dtls::SrtpProfile::kAeadAes128Gcm;
  size_t receivers = 0;
  size_t train = 0;
  Feedback feedback = Feedback::kOff;
  PictureShape pictures = PictureShape::kAllFull;
  SinkCost engine = {};           // everything
  SinkCost without_sending = {};  // the engine alone
  SinkCost bare = {};             // the same work without an SFU around it
  // Packets per datagram or train that the device was given; 0 if the kernel does not say.
  double train_mean = 0;
  // Of what left the engine, what sockets did not take.
  size_t losses = 0;

  // Median of the passes' ratios, engine to bare work.
  double ratio = 0;
};

std::string SinkTableHead();
std::string SinkTableRow(const SinkFigure& figure);
// One line.
std::string SinkJson(const SinkFigure& figure);

double MedianOf(std::vector<double> values);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_FORWARD_SINK_REPORT_H_
