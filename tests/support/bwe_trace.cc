#include "tests/support/bwe_trace.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::test {
namespace {

using rtp::BandwidthEstimator;
using rtp::TransportFeedback;

int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }

// A line of a trace, taken apart.
class Fields {
 public:
  explicit Fields(absl::string_view line) : fields_(absl::StrSplit(line, ' ')) {}

  absl::string_view fact() const { return fields_[0]; }
  size_t size() const { return fields_.size(); }
  absl::string_view text(size_t index) const { return fields_[index]; }
  int64_t number(size_t index) {
    int64_t value = 0;
    ok_ &= index < fields_.size() && absl::SimpleAtoi(fields_[index], &value);
    return value;
  }
  Timestamp time() { return Timestamp(Duration(number(1))); }
  BitRate rate(size_t index) { return BitRate::Bps(number(index)); }
  bool ok() const { return ok_; }

 private:
  std::vector<absl::string_view> fields_;
  bool ok_ = true;
};

void ReplaySent(Fields& fields, TracedEstimator& estimator) {
  BandwidthEstimator::Sent sent;
  sent.transport_sequence = static_cast<uint16_t>(fields.number(2));
  sent.bytes = static_cast<size_t>(fields.number(3));
  sent.use = static_cast<BandwidthEstimator::Use>(fields.number(4));
  sent.probe = static_cast<uint32_t>(fields.number(5));
  estimator.RecordSent(fields.time(), sent);
}

bool ReplayFeedback(Fields& fields, TracedEstimator& estimator) {
  if (fields.size() != 3) return false;
  const std::string bytes = absl::HexStringToBytes(fields.text(2));
  const auto feedback = TransportFeedback::Parse(
      ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  if (!feedback) return false;
  estimator.RecordFeedback(fields.time(), *feedback);
  return true;
}

bool ReplayLine(Fields& fields, TracedEstimator& estimator) {
  const absl::string_view fact = fields.fact();
  const Timestamp now = fields.time();
  if (fact == "sent") {
    ReplaySent(fields, estimator);
  } else if (fact == "feedback") {
    return ReplayFeedback(fields, estimator);
  } else if (fact == "remb") {
    estimator.RecordRemb(now, fields.rate(2));
  } else if (fact == "loss") {
    estimator.RecordLoss(now, static_cast<uint8_t>(fields.number(2)),
                         static_cast<uint32_t>(fields.number(3)));
  } else if (fact == "rtt") {
    estimator.RecordRoundTrip(now, Duration(fields.number(2)));
  } else if (fact == "bounds") {
    estimator.SetBounds(now, fields.rate(2), fields.rate(3));
  } else if (fact == "desired") {
    estimator.SetDesired(now, fields.rate(2));
  } else if (fact == "timeout") {
    estimator.HandleTimeout(now);
  } else if (fact == "probe") {
    estimator.TakeProbe(now);
  } else {
    return false;
  }
  return fields.ok();
}

}  // namespace

TracedEstimator::TracedEstimator(const BandwidthEstimator::Options& options, bool record)
    : estimator_(options) {
  if (record) estimator_.SetTrace(&writer_);
}

void TracedEstimator::TakeResults() {
  trace_ += writer_.Take();
  while (const auto decision = estimator_.PollDecision()) decisions_.push_back(*decision);
}

void TracedEstimator::RecordSent(Timestamp now, const BandwidthEstimator::Sent& sent) {
  estimator_.RecordSent(now, sent);
  TakeResults();
}

void TracedEstimator::RecordFeedback(Timestamp now, const TransportFeedback& feedback) {
  estimator_.RecordFeedback(now, feedback);
  TakeResults();
}

void TracedEstimator::RecordRemb(Timestamp now, BitRate bound) {
  estimator_.RecordRemb(now, bound);
  TakeResults();
}

void TracedEstimator::RecordLoss(Timestamp now, uint8_t fraction_lost, uint32_t packets_expected) {
  estimator_.RecordLoss(now, fraction_lost, packets_expected);
  TakeResults();
}

void TracedEstimator::RecordRoundTrip(Timestamp now, Duration round_trip) {
  estimator_.RecordRoundTrip(now, round_trip);
  TakeResults();
}

void TracedEstimator::SetBounds(Timestamp now, BitRate min, BitRate max) {
  estimator_.SetBounds(now, min, max);
  TakeResults();
}

void TracedEstimator::SetDesired(Timestamp now, BitRate desired) {
  estimator_.SetDesired(now, desired);
  TakeResults();
}

void TracedEstimator::HandleTimeout(Timestamp now) {
  estimator_.HandleTimeout(now);
  TakeResults();
}

std::optional<BandwidthEstimator::Probe> TracedEstimator::TakeProbe(Timestamp now) {
  const auto probe = estimator_.TakeProbe(now);
  TakeResults();
  return probe;
}

std::optional<BweReplay> ReplayBwe(std::string_view trace) {
  std::vector<BandwidthEstimator::Decision> decisions;
  std::unique_ptr<TracedEstimator> estimator;
  const auto take = [&] {
    if (estimator == nullptr) return;
    const auto& more = estimator->decisions();
    decisions.insert(decisions.end(), more.begin(), more.end());
  };
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(trace.data(), trace.size()), '\n', absl::SkipEmpty())) {
    Fields fields(line);
    if (fields.fact() == "options") {
      take();
      estimator = std::make_unique<TracedEstimator>(
          BandwidthEstimator::Options{fields.rate(1), fields.rate(2), fields.rate(3)}, false);
      if (!fields.ok()) return std::nullopt;
    } else if (estimator == nullptr || !ReplayLine(fields, *estimator)) {
      return std::nullopt;
    }
  }
  if (estimator == nullptr) return std::nullopt;
  take();
  return BweReplay{std::move(decisions), estimator->get().estimate(), estimator->get().stats()};
}

std::string Describe(const BandwidthEstimator::Decision& decision) {
  const std::string_view name = BandwidthEstimator::NameOf(decision.reason);
  std::array<char, 256> line;
  const int length = std::snprintf(
      line.data(), line.size(),
      "%10.3f s  %-17.*s %7ld -> %7ld kbit/s  sent %6ld  acked %6ld  queue %4ld ms  rtt %4ld ms  "
      "trend %6.2f  loss %5.1f %%",
      static_cast<double>(Micros(decision.at)) / 1e6, static_cast<int>(name.size()), name.data(),
      static_cast<long>(decision.before.bps() / 1000),
      static_cast<long>(decision.after.bps() / 1000), static_cast<long>(decision.sent.bps() / 1000),
      static_cast<long>(decision.acked.bps() / 1000),
      static_cast<long>(decision.queue.count() / 1000),
      static_cast<long>(decision.round_trip.count() / 1000), decision.trend, 100 * decision.loss);
  return std::string(line.data(), static_cast<size_t>(length));
}

}  // namespace sluice::test
