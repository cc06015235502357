#include "rtp/bwe/bandwidth_estimator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "rtp/bwe/scaled.h"

namespace sluice::rtp {
namespace {

using bwe::Scaled;

// What is sent and what arrives, for comparison with the estimate: some frames long.
constexpr Duration kRateWindow = std::chrono::milliseconds(500);
// What arrives in a queue comes evenly, so a shorter look is steady enough.
constexpr Duration kShortWindow = std::chrono::milliseconds(150);
constexpr int kShortPackets = 10;
constexpr Duration kMaxGrowth = std::chrono::seconds(2);
// Of what is sent: windows do not match exactly, and small differences would count for more the
// longer the round trip is.
constexpr double kSurely = 0.9;
// Feedback is sent that often by receivers; it is part of the time a change of rate takes to show.
constexpr Duration kFeedbackInterval = std::chrono::milliseconds(100);
constexpr Duration kMaxRoundTrip = std::chrono::seconds(1);
// A full queue drops for so long after less is sent.
constexpr Duration kSettling = std::chrono::milliseconds(300);
// After a silence a probe tells within this time what the path carries.
constexpr Duration kAfterSilence = std::chrono::milliseconds(700);
// Where a limit is known a large frame waits here, and not in the path's queue, which others share
// and which would be taken for congestion.
constexpr double kPace = 1.15;
// Where none has been met, a key frame need not wait for one.
constexpr double kOpenPace = 2.5;
// A client that sends REMB sends it every second.
constexpr Duration kRembAlive = std::chrono::seconds(5);
// As published for receiver reports: half of the loss is taken off above 10 %, growth below 2 %.
constexpr double kReportedMuch = 0.10;
constexpr double kReportedLittle = 0.02;
constexpr double kReportedGrowth = 0.08;
constexpr Duration kReportInterval = std::chrono::milliseconds(300);
constexpr Duration kMaxReportInterval = std::chrono::seconds(2);
// Growth is told in steps of this.
constexpr double kToldGrowth = 1.1;

Duration SinceOrigin(Timestamp time) { return time.time_since_epoch(); }

BitRate Sane(BitRate rate) { return std::clamp(rate, BitRate(), bwe::kFastest); }

// Below this there is nothing to estimate with, whatever the application allows.
constexpr BitRate kFloor = BitRate::Kbps(10);

BitRate SaneMin(BitRate min, BitRate max) {
  return std::min(std::max(Sane(min), kFloor), Sane(max));
}
// For how long a path on which packets overtook one another is thought to go on like that.
constexpr Duration kOvertakingMemory = std::chrono::seconds(10);

}  // namespace

BandwidthEstimator::BandwidthEstimator(const Options& options)
    : min_(SaneMin(options.min, options.max)),
      max_(Sane(options.max)),
      aimd_(std::clamp(Sane(options.initial), min_, max_)),
      told_rate_(aimd_.rate()) {}

void BandwidthEstimator::SetTrace(bwe::TraceWriter* trace) {
  trace_ = trace;
  if (trace_ != nullptr) trace_->Options(estimate(), min_, max_);
}

void BandwidthEstimator::RecordSent(Timestamp now, const Sent& sent) {
  if (trace_ != nullptr) {
    trace_->Fact("sent", now,
                 {sent.transport_sequence, static_cast<int64_t>(sent.bytes),
                  static_cast<int64_t>(sent.use), sent.probe});
  }
  now_ = now;
  if (!numbered_) {
    numbered_ = true;
    Conclude(now, Reason::kStart, estimate());
  }
  adapter_.RecordSent(now, sent.transport_sequence, sent.bytes, sent.probe, sent.name);
  sent_.Record(SinceOrigin(now), sent.bytes);
  silence_.RecordSent(now);
  if (sent.use != Use::kPadding) last_sent_ = now;
  probe_estimator_.RecordSent(now, sent.probe);
}

void BandwidthEstimator::RecordFeedback(Timestamp now, const TransportFeedback& feedback) {
  if (trace_ != nullptr) trace_->Feedback(now, feedback);
  now_ = now;
  ++feedback_count_;
  if (!adapter_.FollowClock(now, feedback)) ForgetDelays();
  std::optional<Timestamp> newest;
  overused_ = false;
  const uint64_t late = adapter_.counts().late;
  adapter_.Receive(feedback, [&](const bwe::AckedPacket& packet) {
    newest = newest ? std::max(*newest, packet.sent) : packet.sent;
    RecordArrival(packet);
  });
  if (adapter_.counts().late > late) overtaken_ = now;
  // Feedback that tells nothing new is no sign of life.
  if (!newest) return;
  has_feedback_ = true;
  RecordNewest(now, *newest);
  application_limit_.Record(now, SentRate(now), estimate());
  EndSilence(now);
  ApplyLoss(now);
  ApplyProbe(now);
  ApplyDelay(now);
}

void BandwidthEstimator::RecordArrival(const bwe::AckedPacket& packet) {
  acked_.Record(packet.arrival, packet.bytes);
  queue_level_.Record(packet.arrival, packet.delay());
  busy_rate_.Record(packet.arrival, queue_level_.QueueOf(packet.delay()), packet.bytes);
  probe_estimator_.RecordArrival(packet);
  packet_size_16_ += (static_cast<int64_t>(packet.bytes) * 16 - packet_size_16_) / 16;
  RecordGroup(packet);
}

void BandwidthEstimator::RecordGroup(const bwe::AckedPacket& packet) {
  if (probe_estimator_.Disturbs(packet.sent)) {
    grouper_.Break();
    return;
  }
  const auto variation = grouper_.Record(packet);
  if (!variation) return;
  const Duration change = variation->delay();
  jitter_ += ((change.count() < 0 ? -change : change) - jitter_) / 16;
  trendline_.Record(*variation);
  detector_.Record(trendline_.value(), variation->at);
  overused_ |= detector_.usage() == bwe::Usage::kOver;
}

// The time from sending the newest packet to hearing of it is a round trip and some waiting; the
// receiver's own reports know better, where there are any.
void BandwidthEstimator::RecordNewest(Timestamp now, Timestamp sent) {
  newest_acked_sent_ = sent;
  const Duration sample = std::clamp<Duration>(now - sent, Duration(0), kMaxRoundTrip);
  round_trip_ = round_trip_.count() == 0 ? sample : round_trip_ + (sample - round_trip_) / 8;
  silence_.RecordRoundTrip(round_trip_);
}

void BandwidthEstimator::RecordRoundTrip(Timestamp now, Duration round_trip) {
  if (trace_ != nullptr) trace_->Fact("rtt", now, {round_trip.count()});
  // Somebody who reports can be reached again, and probes tell how well.
  if (in_silence_ && IsResting(now)) {
    probe_controller_.Ask(now, before_silence_);
  }
  now_ = now;
  if (round_trip.count() <= 0) return;
  round_trip_ = std::min(round_trip, kMaxRoundTrip);
  silence_.RecordRoundTrip(round_trip_);
}

void BandwidthEstimator::ForgetDelays() {
  acked_.Reset();
  queue_level_.Reset();
  busy_rate_.Reset();
  route_watch_.Reset();
  grouper_.Break();
  trendline_.Reset();
  detector_.Reset();
}

void BandwidthEstimator::EndSilence(Timestamp now) {
  if (!silence_.RecordFeedback()) return;
  // What arrives after a break says nothing about the path before it.
  ForgetDelays();
  if (std::exchange(in_silence_, false)) answered_ = now;
  adapter_.SettleFrom(now);
  probe_controller_.Ask(now, before_silence_);
  Conclude(now, Reason::kFeedbackBack, estimate());
}

void BandwidthEstimator::ApplyLoss(Timestamp now) {
  const bwe::FeedbackAdapter::Settled settled = adapter_.TakeSettled();
  const auto packets = static_cast<double>(settled.lost + settled.received);
  lost_lately_ = static_cast<double>(settled.lost) > 2 * loss_.own_loss() * packets;
  // Next to a flow that fills the queue until packets get lost, loss is no property of the path.
  if (aimd_.foreign_queue()) loss_.Restart();
  const BitRate before = estimate();
  const auto change = loss_.Record({now, settled.received, settled.lost, SentRate(now), before});
  if (!change) return;
  if (change->rate < before) {
    aimd_.CutTo(now, change->rate, change->limit);
    probe_controller_.RecordCut(now);
  } else {
    if (change->limit) aimd_.RecordLimit(*change->limit);
    if (change->doubtful) probe_controller_.Ask(now, *change->doubtful);
    aimd_.Set(change->rate);
  }
  Conclude(now, change->reason, before);
}

void BandwidthEstimator::ApplyDelay(Timestamp now) {
  bwe::AimdRate::Facts facts;
  facts.now = now;
  facts.usage = overused_ ? bwe::Usage::kOver : detector_.usage();
  facts.queue = queue_level_.queue();
  facts.sent = SentRate(now);
  facts.sent_then = SentRate(newest_acked_sent_);
  facts.sent_at = newest_acked_sent_;
  facts.acked = AckedRate(kRateWindow);
  facts.acked_lately = AckedRate(ShortWindow());
  facts.acked_busy = busy_rate_.rate().value_or(BitRate());
  facts.queue_ahead = facts.queue + Growth(now, facts.acked_lately);
  facts.response = ResponseTime();
  facts.packet_time = PacketTime();
  facts.limited = application_limit_.limited();
  facts.jitter = jitter_;
  facts.lost = lost_lately_;
  facts.may_grow = loss_.allows_growth();
  // Nothing is measured yet.
  if (facts.acked == BitRate()) return;
  if (WatchRoute(facts)) return;
  const BitRate before = estimate();
  const auto change = aimd_.Update(facts);
  if (!change) return;
  if (change->rate < before) {
    probe_controller_.RecordCut(now);
    // What the queue dropped before the cut took effect has had its consequence.
    if (!aimd_.foreign_queue()) {
      adapter_.SettleFrom(now + kSettling);
      loss_.Restart();
    }
  }
  Conclude(now, change->reason, before);
}

bool BandwidthEstimator::WatchRoute(const bwe::AimdRate::Facts& facts) {
  bwe::RouteWatch::Facts watched;
  watched.now = facts.now;
  watched.queue = facts.queue;
  watched.packet_time = facts.packet_time;
  watched.estimate = estimate();
  watched.sent_then = facts.sent_then;
  watched.carried = aimd_.measured_at_cut();
  watched.last_cut = aimd_.last_cut();
  watched.all_arrives = facts.acked >= Scaled(facts.sent, kSurely) && !facts.lost;
  const std::optional<BitRate> rate_before = route_watch_.Record(watched);
  if (!rate_before) return false;
  queue_level_.Rebase();
  trendline_.Reset();
  detector_.Reset();
  aimd_.ForgetCongestion();
  probe_controller_.Ask(facts.now, *rate_before);
  Conclude(facts.now, Reason::kNewRoute, estimate());
  return true;
}

void BandwidthEstimator::RecordRemb(Timestamp now, BitRate bound) {
  if (trace_ != nullptr) trace_->Fact("remb", now, {bound.bps()});
  now_ = now;
  if (bound < min_ || bound > bwe::kFastest) ++absurd_bounds_;
  const BitRate before = estimate();
  const bool lifted = remb_ && bound > *remb_ && before >= Scaled(*remb_, 0.95);
  CancelProbe();
  remb_ = Sane(bound);
  remb_at_ = now;
  if (!has_feedback_) {
    // It knows what we do not, unless reports have just told of loss.
    const bool cut_lately = last_report_cut_ && now - *last_report_cut_ < kRembAlive;
    if (!cut_lately) aimd_.Set(std::min(*remb_, max_));
  } else if (lifted) {
    probe_controller_.Ask(now, BitRate());
  }
  has_reports_ = true;
  Conclude(now, Reason::kRemb, before);
}

void BandwidthEstimator::RecordLoss(Timestamp now, uint8_t fraction_lost,
                                    uint32_t packets_expected) {
  if (trace_ != nullptr) trace_->Fact("loss", now, {fraction_lost, packets_expected});
  now_ = now;
  has_reports_ = true;
  if (has_feedback_ || packets_expected == 0) return;
  reported_loss_ = fraction_lost / 256.0;
  const Duration since = last_loss_report_ ? now - *last_loss_report_ : Duration(0);
  last_loss_report_ = now;
  const BitRate before = estimate();
  if (reported_loss_ > kReportedMuch) {
    if (last_report_cut_ && now - *last_report_cut_ < kReportInterval + round_trip_) return;
    last_report_cut_ = now;
    aimd_.Set(Scaled(before, 1 - reported_loss_ / 2));
  } else if (reported_loss_ < kReportedLittle && !numbered_) {
    // Where feedback was promised and does not come, nothing is a reason to grow.
    const double seconds = static_cast<double>(std::min(since, kMaxReportInterval).count()) / 1e6;
    aimd_.Set(Scaled(before, 1 + kReportedGrowth * seconds));
  }
  Conclude(now, Reason::kLossReport, before);
}

void BandwidthEstimator::SetBounds(Timestamp now, BitRate min, BitRate max) {
  if (trace_ != nullptr) trace_->Fact("bounds", now, {min.bps(), max.bps()});
  now_ = now;
  const BitRate before = estimate();
  const bool lifted = Sane(max) > max_ && before >= Scaled(max_, 0.95);
  CancelProbe();
  max_ = Sane(max);
  min_ = SaneMin(min, max);
  if (lifted) probe_controller_.Ask(now, BitRate());
  Conclude(now, Reason::kBounds, before);
}

void BandwidthEstimator::SetDesired(Timestamp now, BitRate desired) {
  if (trace_ != nullptr) trace_->Fact("desired", now, {desired.bps()});
  now_ = now;
  if (Sane(desired) != probe_controller_.desired()) CancelProbe();
  probe_controller_.SetDesired(Sane(desired));
}

void BandwidthEstimator::HandleTimeout(Timestamp now) {
  if (trace_ != nullptr) trace_->Fact("timeout", now);
  now_ = now;
  if (silence_.HandleTimeout(now)) StepDown(now);
  // Where nothing follows a probe, nobody but the clock says that it is over.
  ApplyProbe(now);
  PrepareProbe(now);
}

void BandwidthEstimator::StepDown(Timestamp now) {
  // A client that never sent feedback, but tells what it can take, is alive.
  if (!has_feedback_ && remb_at_ && now - *remb_at_ < kRembAlive) return;
  const BitRate before = estimate();
  if (before <= min_) {
    silence_.Rest();
    return;
  }
  if (!std::exchange(in_silence_, true)) before_silence_ = before;
  aimd_.CutTo(now, Scaled(before, bwe::FeedbackSilence::kFactor), std::nullopt);
  Conclude(now, Reason::kSilence, before);
}

std::optional<Timestamp> BandwidthEstimator::NextTimeout() const {
  std::optional<Timestamp> next = Earlier(silence_.NextTimeout(), probe_estimator_.NextTimeout());
  if (ready_probe_) return Earlier(next, ready_until_);
  if (probe_estimator_.busy()) return next;
  return Earlier(next, probe_controller_.NextTimeout(ProbeFacts()));
}

bool BandwidthEstimator::active() const { return numbered_ || has_reports_; }

bool BandwidthEstimator::silent(Timestamp now) const {
  return in_silence_ || (answered_ && now - *answered_ < kAfterSilence);
}

BitRate BandwidthEstimator::estimate() const { return aimd_.rate(); }

BitRate BandwidthEstimator::pacing_rate() const {
  return Scaled(estimate(), aimd_.limit() ? kPace : kOpenPace);
}

std::optional<BandwidthEstimator::Decision> BandwidthEstimator::PollDecision() {
  return log_.Poll();
}

std::string_view BandwidthEstimator::NameOf(Reason reason) { return bwe::NameOf(reason); }

const std::vector<uint32_t>& BandwidthEstimator::missing() const {
  static const std::vector<uint32_t> kNone;
  const bool overtaking = overtaken_ && now_ - *overtaken_ < kOvertakingMemory;
  return overtaking ? kNone : adapter_.missing();
}

BandwidthEstimator::Stats BandwidthEstimator::stats() const {
  const bwe::FeedbackAdapter::Counts& counts = adapter_.counts();
  Stats stats;
  stats.sent = SentRate(now_);
  stats.acked = AckedRate(kRateWindow);
  stats.queue = queue_level_.queue();
  stats.round_trip = round_trip_;
  stats.loss = has_feedback_ ? loss_.loss() : reported_loss_;
  stats.application_limited = application_limit_.limited();
  stats.feedback = feedback_count_;
  stats.packets_acked = counts.acked;
  stats.packets_lost = counts.lost;
  stats.unknown_acks = counts.unknown;
  stats.absurd_feedback = counts.absurd;
  stats.absurd_bounds = absurd_bounds_;
  stats.probes = probes_;
  stats.probes_passed = probes_passed_;
  stats.decisions_lost = log_.lost();
  return stats;
}

void BandwidthEstimator::Conclude(Timestamp now, Reason reason, BitRate before) {
  const BitRate after = std::clamp(aimd_.rate(), min_, Ceiling());
  aimd_.Set(after);
  if (!IsWorthTelling(reason, before, after)) return;
  told_reason_ = reason;
  told_rate_ = after;
  log_.Push({now, reason, before, after, SentRate(now), AckedRate(kRateWindow),
             queue_level_.queue(), round_trip_, detector_.excess(), loss_.loss()});
}

// Growth goes on with every feedback; a step of it is told when it has come to something.
bool BandwidthEstimator::IsWorthTelling(Reason reason, BitRate before, BitRate after) const {
  const bool growth = reason == Reason::kGrowth || reason == Reason::kGrowthNearLimit;
  if (growth) return reason != told_reason_ || after >= Scaled(told_rate_, kToldGrowth);
  // These are news even if the rate stays as it is.
  return after != before || reason == Reason::kStart || reason == Reason::kFeedbackBack ||
         reason == Reason::kNewRoute;
}

BitRate BandwidthEstimator::Ceiling() const {
  return std::max(min_, remb_ ? std::min(max_, *remb_) : max_);
}

BitRate BandwidthEstimator::SentRate(Timestamp now) const {
  return sent_.Rate(SinceOrigin(now), kRateWindow).value_or(BitRate());
}

BitRate BandwidthEstimator::AckedRate(Duration window) const {
  if (!acked_.newest()) return BitRate();
  return acked_.Rate(*acked_.newest(), window).value_or(BitRate());
}

Duration BandwidthEstimator::ShortWindow() const {
  return std::clamp(kShortPackets * PacketTime(), kShortWindow, kRateWindow);
}

// What of the queue is still to show: packets have left since the newest that arrived did, faster
// than the path takes them.
Duration BandwidthEstimator::Growth(Timestamp now, BitRate carried) const {
  const BitRate surely = Scaled(SentRate(now), kSurely);
  const DataSize more = (surely - carried) * (now - newest_acked_sent_);
  return std::clamp(more / carried, Duration(0), kMaxGrowth);
}

// How long an average packet keeps a path busy that carries what arrives.
Duration BandwidthEstimator::PacketTime() const {
  return DataSize::Bytes(packet_size_16_ / 16) / AckedRate(kRateWindow);
}

Duration BandwidthEstimator::ResponseTime() const { return round_trip_ + kFeedbackInterval; }

}  // namespace sluice::rtp
