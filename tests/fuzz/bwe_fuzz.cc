// Any facts in any order, and any bytes as feedback, told to a bandwidth estimator.
//
// The input is a program of small instructions. Whatever it says, the estimate stays within the
// bounds of the application, a timer that is due goes off and is not due again at once, probes stay
// within what is desired and allowed, and time to process is bounded by the size of the input.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Require(bool condition) {
  if (!condition) std::abort();
}

class Program {
 public:
  explicit Program(ByteView input) : in_(input) {}

  void Run() {
    while (in_.ok() && !in_.empty()) {
      Step(in_.U8());
      Check();
    }
  }

 private:
  void Step(uint8_t instruction) {
    switch (instruction % 14) {
      case 0:
        now_ += microseconds(in_.U16());
        break;
      case 1:
        now_ += milliseconds(in_.U16());
        break;
      case 2:
        Send(1 + in_.U8() % 32, false);
        break;
      case 3:
        Send(1, true);
        break;
      case 4:
        next_ = in_.U16();
        break;
      case 5:
        AnswerTruly(in_.U8());
        break;
      case 6:
        AnswerWith(in_.U8());
        break;
      case 7:
        estimator_.RecordRemb(now_, Rate());
        break;
      case 8: {
        const uint8_t lost = in_.U8();
        estimator_.RecordLoss(now_, lost, in_.U32());
        break;
      }
      case 9:
        estimator_.RecordRoundTrip(now_, Duration(static_cast<int64_t>(Rate().bps())));
        break;
      case 10:
        SetBounds();
        break;
      case 11:
        desired_ = Rate();
        estimator_.SetDesired(now_, desired_);
        break;
      case 12:
        RunTimer();
        break;
      case 13:
        TakeProbe();
        break;
    }
  }

  // Anything, from the most negative to the largest.
  BitRate Rate() {
    const uint8_t shift = in_.U8() % 64;
    const auto bits = static_cast<int64_t>(in_.U16());
    return BitRate::Bps(static_cast<int64_t>(static_cast<uint64_t>(bits) << shift));
  }

  void Send(int count, bool strange) {
    for (int i = 0; i < count; ++i) {
      BandwidthEstimator::Sent sent;
      sent.transport_sequence = next_++;
      sent.bytes = strange ? in_.U32() : 1000;
      sent.use = static_cast<BandwidthEstimator::Use>(i % 4);
      sent.probe = strange ? in_.U8() : probe_;
      estimator_.RecordSent(now_, sent);
      // A receiver that hears two of three.
      if (sent.transport_sequence % 3 != 0)
        recorder_.Record(sent.transport_sequence, now_ + delay_);
    }
  }

  // Feedback as an honest receiver would write it, over a path whose delay the input plays with.
  void AnswerTruly(uint8_t delay) {
    std::vector<uint8_t> bytes(1200);
    // The recorder writes about 256 packets at most in one packet.
    for (int i = 0; i < 16; ++i) {
      ByteWriter out(bytes);
      if (!recorder_.WriteFeedback(now_ + delay_, Ssrc(1), Ssrc(2), out)) break;
      Tell(out.written());
    }
    delay_ = milliseconds(delay);
  }

  // The input itself is the feedback, with a header that fits it.
  void AnswerWith(uint8_t words) {
    const size_t size = std::min<size_t>(size_t{words} * 4, in_.remaining() / 4 * 4);
    std::vector<uint8_t> bytes = {0x8f,
                                  205,
                                  static_cast<uint8_t>((size + 8) / 4 >> 8),
                                  static_cast<uint8_t>((size + 8) / 4),
                                  0,
                                  0,
                                  0,
                                  1,
                                  0,
                                  0,
                                  0,
                                  2};
    for (size_t i = 0; i < size; ++i) bytes.push_back(in_.U8());
    Tell(bytes);
  }

  void Tell(ByteView bytes) {
    const auto feedback = TransportFeedback::Parse(bytes);
    if (feedback) estimator_.RecordFeedback(now_, *feedback);
  }

  void SetBounds() {
    const BitRate min = Rate();
    const BitRate max = Rate();
    estimator_.SetBounds(now_, min, max);
    max_ = std::max(max, BitRate());
    min_ = std::clamp(min, BitRate(), max_);
  }

  void RunTimer() {
    const auto due = estimator_.NextTimeout();
    if (!due) return;
    now_ = std::max(now_, *due);
    // Several things may be due at once, but not for ever.
    for (int i = 0; i < 8; ++i) {
      estimator_.HandleTimeout(now_);
      const auto next = estimator_.NextTimeout();
      if (!next || *next > now_) return;
    }
    std::abort();
  }

  void TakeProbe() {
    const auto probe = estimator_.TakeProbe(now_);
    if (!probe) return;
    Require(probe->id != 0 && probe->id != probe_);
    Require(probe->rate <= max_ && probe->rate <= Widened(desired_));
    Require(probe->span > Duration(0) && probe->span <= milliseconds(500));
    probe_ = probe->id;
  }

  static BitRate Widened(BitRate rate) {
    return rate + BitRate::Bps(rate.bps() / 4) + BitRate::Bps(8);
  }

  void Check() {
    // Rates beyond what any path carries count as that.
    constexpr BitRate kFastest = BitRate::Kbps(100'000'000);
    Require(estimator_.estimate() >= std::min(min_, kFastest));
    Require(estimator_.estimate() <= max_);
    Require(estimator_.pacing_rate() >= estimator_.estimate());
    for (size_t i = 0; estimator_.PollDecision(); ++i) Require(i < bwe::DecisionLog::kCapacity);
    const BandwidthEstimator::Stats stats = estimator_.stats();
    Require(stats.loss >= 0 && stats.loss <= 1);
    Require(stats.queue >= Duration(0) && stats.probes_passed <= stats.probes);
  }

  ByteReader in_;
  Timestamp now_ = Timestamp() + std::chrono::hours(1);
  BandwidthEstimator estimator_{BandwidthEstimator::Options{}};
  FeedbackRecorder recorder_;
  BitRate min_ = BandwidthEstimator::Options{}.min;
  BitRate max_ = BandwidthEstimator::Options{}.max;
  BitRate desired_;
  uint16_t next_ = 65'500;
  uint32_t probe_ = 0;
  Duration delay_{20'000};
};

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of its own, so that a read beyond the end is seen.
  const std::vector<uint8_t> material(data, data + size);
  sluice::rtp::Program(material).Run();
  return 0;
}
