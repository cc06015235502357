#include "tests/support/bwe_flow.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rtp/rtcp/transport_feedback.h"

namespace sluice::test {
namespace {

using rtp::BandwidthEstimator;
using std::chrono::milliseconds;

constexpr size_t kIpHeaders = 28;  // IPv4 and UDP
constexpr size_t kMaxPacket = 1200;
constexpr size_t kMinPadding = 200;
constexpr size_t kMaxPadding = 1000;
constexpr Duration kFrameInterval{33'333};
constexpr Duration kAudioInterval{20'000};
// A source that sees its pacer this far behind leaves out a frame.
constexpr Duration kMaxPacerDelay = milliseconds(250);
// What the source's frames differ from one another.
constexpr double kFrameNoise = 0.1;
constexpr double kKeyFrame = 4;
// As an allocator would: headroom to go up, none to stay.
constexpr double kHeadroom = 1.1;
// The receiver's clock has an origin of its own.
constexpr Duration kClockOffset = std::chrono::minutes(7);

// Small enough for the number of packets to fit into the span.
size_t PaddingSize(const BandwidthEstimator::Probe& probe) {
  const auto bytes = static_cast<size_t>((probe.rate * probe.span).bytes());
  return std::clamp(bytes / static_cast<size_t>(probe.min_packets), kMinPadding, kMaxPadding);
}

// In [-1, 1].
double Draw(SeededEntropy& entropy) {
  return static_cast<double>(entropy.Below(2'000'001)) / 1e6 - 1;
}

}  // namespace

void BwePath::Send(size_t size, std::function<void(Duration)> arrive) {
  bottleneck_.Send(size + kIpHeaders, [this, arrive = std::move(arrive)](Duration waited) {
    Timestamp arrival = events_.now() + options_.one_way + Jitter();
    if (options_.reordering_jitter.count() == 0) {
      arrival = last_arrival_ = std::max(arrival, last_arrival_);
    }
    events_.At(arrival, [arrive, waited] { arrive(waited); });
  });
}

// RFC 8868: a standard deviation of 5 ms, cut at three of them; 30 ms from end to end. The sum
// of twelve even draws is as good as normal.
Duration BwePath::Jitter() {
  if (options_.reordering_jitter.count() > 0) {
    return Duration(static_cast<int64_t>(
        entropy_.Below(static_cast<uint64_t>(options_.reordering_jitter.count()))));
  }
  if (!options_.jitter) return Duration(0);
  double normal = 0;
  for (int i = 0; i < 12; ++i) normal += Draw(entropy_) / 2;
  return Duration(static_cast<int64_t>(15'000 + 5'000 * std::clamp(normal, -3.0, 3.0)));
}

BweFlow::BweFlow(BweEvents& events, const Options& options, std::unique_ptr<BwePath> forward,
                 std::unique_ptr<BwePath> back, uint64_t seed)
    : events_(events),
      options_(options),
      estimator_(options.estimator, options.record),
      forward_(std::move(forward)),
      back_(std::move(back)),
      entropy_(seed) {}

void BweFlow::Start() {
  const Timestamp zero = events_.now();
  events_.At(zero + options_.start, [this] { SetSending(true); });
  events_.At(zero + options_.stop, [this] { SetSending(false); });
  if (options_.pause) events_.At(zero + *options_.pause, [this] { SetSending(false); });
  if (options_.resume) events_.At(zero + *options_.resume, [this] { SetSending(true); });
}

void BweFlow::SetSending(bool sending) {
  sending_ = sending;
  ++run_;
  BitRate desired;
  if (sending) desired = options_.layers.empty() ? options_.max_media : options_.layers.back();
  estimator_.SetDesired(events_.now(), desired + (sending ? options_.audio : BitRate()));
  if (sending) {
    key_frame_ = true;
    Tick();
    if (options_.audio.bps() > 0) SendAudio();
  } else {
    queue_.clear();
    queued_bytes_ = 0;
  }
  ScheduleEstimator();
}

void BweFlow::Tick() {
  SendFrame();
  events_.After(kFrameInterval, [this, run = run_] {
    if (run == run_) Tick();
  });
}

void BweFlow::SendAudio() {
  queue_.push_front({static_cast<size_t>((options_.audio * kAudioInterval).bytes()),
                     BandwidthEstimator::Use::kAudio});
  queued_bytes_ += queue_.front().size;
  Pace();
  events_.After(kAudioInterval, [this, run = run_] {
    if (run == run_) SendAudio();
  });
}

void BweFlow::ChooseLayer() {
  const auto fits = [&](size_t layer, double headroom) {
    const BitRate wanted = options_.layers[layer] + options_.audio;
    return static_cast<double>(estimator_.get().estimate().bps()) >=
           headroom * static_cast<double>(wanted.bps());
  };
  const size_t before = layer_;
  while (layer_ > 0 && !fits(layer_, 1)) --layer_;
  while (layer_ + 1 < options_.layers.size() && fits(layer_ + 1, kHeadroom)) ++layer_;
  if (layer_ == before) return;
  ++counts_.layer_changes;
  key_frame_ = true;
}

BitRate BweFlow::MediaRate() {
  if (!options_.layers.empty()) {
    ChooseLayer();
    return options_.layers[layer_];
  }
  key_frame_ = false;
  return std::clamp(estimator_.get().estimate() - options_.audio, options_.min_media,
                    options_.max_media);
}

void BweFlow::SendFrame() {
  const BitRate rate = MediaRate();
  if (DataSize::Bytes(static_cast<int64_t>(queued_bytes_)) / estimator_.get().pacing_rate() >
      kMaxPacerDelay) {
    return;
  }
  double bytes = static_cast<double>((rate * kFrameInterval).bytes());
  bytes *= 1 + kFrameNoise * Draw(entropy_);
  if (std::exchange(key_frame_, false)) bytes *= kKeyFrame;
  Enqueue(static_cast<size_t>(bytes), kMaxPacket);
  Pace();
}

void BweFlow::Enqueue(size_t bytes, size_t packet_size) {
  const size_t packets = std::max<size_t>((bytes + packet_size - 1) / packet_size, 1);
  for (size_t i = 0; i < packets; ++i) {
    queue_.push_back({std::max<size_t>(bytes / packets, 40), BandwidthEstimator::Use::kVideo});
    queued_bytes_ += queue_.back().size;
  }
}

void BweFlow::Pace() {
  if (pacing_) return;
  if (probe_ && ProbeIsOver()) probe_.reset();
  if (!probe_) BeginProbe();
  const bool pads = probe_ && options_.pads && queue_.empty();
  if (queue_.empty() && !pads) return;
  if (events_.now() < next_send_) {
    pacing_ = true;
    events_.At(next_send_, [this] {
      pacing_ = false;
      Pace();
    });
    return;
  }
  Queued packet{probe_ ? PaddingSize(*probe_) : 0, BandwidthEstimator::Use::kPadding};
  if (!queue_.empty()) {
    packet = queue_.front();
    queue_.pop_front();
    queued_bytes_ -= packet.size;
  }
  const BitRate rate = probe_ ? probe_->rate : estimator_.get().pacing_rate();
  next_send_ = events_.now() + DataSize::Bytes(static_cast<int64_t>(packet.size)) / rate;
  ++probe_packets_;
  SendPacket(packet, probe_ ? probe_->id : 0);
  Pace();
}

void BweFlow::BeginProbe() {
  if (!sending_) return;
  probe_ = estimator_.TakeProbe(events_.now());
  probe_began_ = events_.now();
  probe_packets_ = 0;
}

bool BweFlow::ProbeIsOver() const {
  return probe_packets_ >= probe_->min_packets && events_.now() - probe_began_ >= probe_->span;
}

void BweFlow::SendPacket(const Queued& packet, uint32_t probe) {
  const uint16_t sequence = next_sequence_++;
  ++counts_.sent;
  counts_.sent_bytes += static_cast<int64_t>(packet.size);
  if (packet.use == BandwidthEstimator::Use::kPadding) {
    counts_.padding_bytes += static_cast<int64_t>(packet.size);
  }
  estimator_.RecordSent(events_.now(), {sequence, packet.size, packet.use, probe});
  ScheduleEstimator();
  forward_->Send(packet.size, [this, sequence, size = packet.size](Duration waited) {
    Arrive(sequence, size, waited);
  });
}

void BweFlow::ScheduleEstimator() {
  const std::optional<Timestamp> due = estimator_.get().NextTimeout();
  if (!due || (estimator_due_ && *estimator_due_ <= *due)) return;
  estimator_due_ = due;
  events_.At(*due, [this, due] {
    if (estimator_due_ != due) return;
    estimator_due_.reset();
    estimator_.HandleTimeout(events_.now());
    Pace();
    ScheduleEstimator();
  });
}

void BweFlow::Arrive(uint16_t sequence, size_t size, Duration waited) {
  ++counts_.arrived;
  counts_.arrived_bytes += static_cast<int64_t>(size + kIpHeaders);
  waits_.push_back(waited);
  if (!options_.feedback) return;
  recorder_.Record(sequence, events_.now() + kClockOffset);
  ScheduleFeedback();
}

void BweFlow::ScheduleFeedback() {
  const std::optional<Timestamp> due = recorder_.NextTimeout();
  if (!due || (feedback_due_ && *feedback_due_ <= *due)) return;
  feedback_due_ = due;
  events_.At(*due - kClockOffset, [this, due] {
    if (feedback_due_ != due) return;
    feedback_due_.reset();
    SendFeedback();
    ScheduleFeedback();
  });
}

void BweFlow::SendFeedback() {
  while (true) {
    std::array<uint8_t, kMaxPacket> buffer;
    ByteWriter out(buffer);
    if (!recorder_.WriteFeedback(events_.now() + kClockOffset, Ssrc(1), Ssrc(2), out)) return;
    const std::vector<uint8_t> bytes(out.written().begin(), out.written().end());
    back_->Send(bytes.size(), [this, bytes](Duration) {
      const auto feedback = rtp::TransportFeedback::Parse(bytes);
      if (!feedback) return;
      estimator_.RecordFeedback(events_.now(), *feedback);
      Pace();
      ScheduleEstimator();
    });
  }
}

}  // namespace sluice::test
