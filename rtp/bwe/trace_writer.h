// Writes down what a bandwidth estimator is told, one fact a line, so that it can be told again and
// decides the same.
//
//     options INITIAL MIN MAX            bit/s; the first line, and again where it starts anew
//     sent MICROS SEQUENCE BYTES USE PROBE
//     feedback MICROS HEX                the RTCP packet
//     remb MICROS BPS
//     loss MICROS FRACTION EXPECTED
//     rtt MICROS MICROS
//     bounds MICROS MIN MAX
//     desired MICROS BPS
//     timeout MICROS
//     probe MICROS                       somebody asked for one
//
// For looking into single calls: it allocates, and some hundred bytes a fact add up.

#ifndef SLUICE_RTP_BWE_TRACE_WRITER_H_
#define SLUICE_RTP_BWE_TRACE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "base/units.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp::bwe {

class TraceWriter {
 public:
  // What may wait to be taken: the facts of some seconds at 100 Mbit/s.
  static constexpr size_t kMaxPending = 4 * 1024 * 1024;

  void Options(BitRate initial, BitRate min, BitRate max);
  // A fact of numbers alone.
  void Fact(std::string_view name, Timestamp now, std::initializer_list<int64_t> numbers = {});
  void Feedback(Timestamp now, const TransportFeedback& feedback);

  // The lines since the last call, whole ones.
  std::string Take() { return std::exchange(pending_, {}); }
  // Too much was pending, and nothing more is written: with a gap it would be another history.
  bool ended() const { return ended_; }

 private:
  void Append(std::string_view line);

  std::string pending_;
  bool ended_ = false;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_TRACE_WRITER_H_
