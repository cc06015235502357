#include "rtp/forward/forwarder.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::rtp {
namespace {

// Reports this far apart are of clocks that have nothing to do with each other.
constexpr Duration kReportsApart = std::chrono::hours(1);

int64_t Ticks(Duration duration, uint32_t clock_rate) {
  constexpr int64_t kHalf = 500'000;
  const int64_t scaled = duration.count() * clock_rate;
  return (scaled + (scaled < 0 ? -kHalf : kHalf)) / 1'000'000;
}

}  // namespace

Forwarder::Forwarder(const Options& options)
    : times_(options.clock_rate, options.first_timestamp),
      options_(options),
      runs_{SourceRun(options.codec, options.svc), SourceRun(options.codec, options.svc)} {
  SLUICE_DCHECK(options.first_seq.value() < 0x8000);
}

Verdict Forwarder::Admit(const RtpPacket& packet, PayloadType mapped, const EncodingSource& source,
                         EncodingSource::Place place) {
  if (stopped()) return DropReason::kConsumerPaused;

  const std::optional<PayloadType> payload_type = options_.payload_types.Find(mapped);
  const std::optional<DropReason> fault = FindFault(packet, payload_type);
  SourceRun* owner = FindRun(packet, source.index);
  if (fault) return owner == nullptr ? Verdict(*fault) : LeaveOut(*owner, packet, *fault);
  if (owner == nullptr) {
    if (const auto reason = Begin(packet, source, place)) return *reason;
    payload_type_ = *payload_type;
    owner = &run();
  }
  if (owner != &run() || packet.unwrapped_seq() <= owner->sequence.newest()) {
    return PassLate(*owner, packet, *payload_type);
  }
  return Pass(owner, packet, *payload_type, source);
}

void Forwarder::SetTarget(std::optional<LayerTarget> target) {
  targeted_ = true;
  target_ = target;
  if (!target) {
    running_ = false;
  } else if (target->encoding == run().encoding) {
    run().layers.SetTarget(target->layer);
  }
}

std::optional<LayerTarget> Forwarder::current() const {
  if (!running_) return std::nullopt;
  return LayerTarget{run().encoding, run().layers.current()};
}

void Forwarder::SetPaused(bool paused) {
  paused_ = paused;
  if (paused) running_ = false;
}

std::optional<uint8_t> Forwarder::awaiting_key_frame() const {
  if (!options_.needs_key_frame || stopped()) return std::nullopt;
  const uint8_t wanted = target_ ? target_->encoding : run().encoding;
  if (!running_ || wanted != run().encoding) return wanted;
  if (run().layers.needs_key_frame()) return wanted;
  return std::nullopt;
}

uint8_t Forwarder::ConcernedBy(Timestamp now) const {
  constexpr uint8_t kAll = (1u << kMaxEncodings) - 1;
  const SourceRun& before = runs_[1 - current_];
  if (!run().begun && !target_) return kAll;
  uint32_t concerned = target_ ? 1u << target_->encoding : 0;
  if (run().begun) concerned |= 1u << run().encoding;
  // Twice as long as late packets are taken: those under way were stamped before `now`.
  if (before.begun && now - replaced_at_ < 2 * kSourceSettles) concerned |= 1u << before.encoding;
  return static_cast<uint8_t>(concerned) & kAll;
}

std::optional<DropReason> Forwarder::FindFault(const RtpPacket& packet,
                                               std::optional<PayloadType> payload_type) const {
  if (!payload_type) return DropReason::kUnsupportedPayload;
  if (packet.payload().empty()) return DropReason::kRtpPadding;
  if (options_.ignore_dtx && packet.description().silence) return DropReason::kOtherLayer;
  return std::nullopt;
}

SourceRun* Forwarder::FindRun(const RtpPacket& packet, uint8_t encoding) {
  const int64_t in = packet.unwrapped_seq().value;
  SourceRun& now = run();
  if (Owns(now, packet, encoding) && in >= now.first) {
    const int64_t ahead = in - now.sequence.newest().value;
    running_ = running_ && ahead < kMaxGap;
    return running_ || ahead <= 0 ? &now : nullptr;
  }
  SourceRun& before = previous();
  const bool late =
      Owns(before, packet, encoding) && in >= before.first && in <= before.sequence.newest().value;
  return late && packet.arrival() - replaced_at_ < kSourceSettles ? &before : nullptr;
}

bool Forwarder::Owns(const SourceRun& run, const RtpPacket& packet, uint8_t encoding) {
  return run.begun && run.ssrc == packet.ssrc() && run.encoding == encoding;
}

std::optional<DropReason> Forwarder::Begin(const RtpPacket& packet, const EncodingSource& source,
                                           EncodingSource::Place place) {
  if (!IsWanted(source)) return DropReason::kOtherLayer;
  // What the old source sent last may be overtaken by what the new one sends first. Taking it for
  // a change back would cut the stream twice more.
  const SourceRun& before = previous();
  const bool replaced = Owns(before, packet, source.index) && before.encoding == run().encoding &&
                        before.ssrc != run().ssrc;
  if (replaced && packet.arrival() - replaced_at_ < kSourceSettles) return DropReason::kTooLate;
  // Whatever came behind it was refused. A decoder that started here would miss it.
  if (!place.newest) return DropReason::kTooLate;
  if (!IsEntry(packet, TargetIn(source.index))) return DropReason::kAwaitingKeyframe;
  BeginRun(packet, source, place);
  return std::nullopt;
}

bool Forwarder::IsWanted(const EncodingSource& source) const {
  if (target_) return source.index == target_->encoding;
  return !run().begun || source.index == run().encoding;
}

LayerId Forwarder::TargetIn(uint8_t encoding) const {
  return target_ && target_->encoding == encoding ? target_->layer : LayerSelector::kEverything;
}

bool Forwarder::IsEntry(const RtpPacket& packet, LayerId target) const {
  if (!options_.needs_key_frame) return true;
  // A stream inside of the stream that is larger than wanted is not what to begin with.
  return packet.description().key_frame &&
         (packet.dependencies() != nullptr || packet.description().spatial <= target.spatial);
}

void Forwarder::BeginRun(const RtpPacket& packet, const EncodingSource& source,
                         EncodingSource::Place place) {
  const int64_t in = packet.unwrapped_seq().value;
  if (!run().begun) {
    // Of a frame part of which was refused nothing more is of use.
    const bool whole = !place.goes_on;
    const int64_t lead = options_.kind == MediaKind::kVideo && whole ? kLead : 0;
    run().time = times_.Begin(packet.arrival(), packet.timestamp(), std::nullopt);
    run().sequence.Reset(options_.first_seq);
    run().sequence.Start({in}, lead);
    run().first = in - lead;
    Enter(run(), packet, source);
    return;
  }
  const SourceRun& before = run();
  const bool same = before.ssrc == packet.ssrc() && before.encoding == source.index;
  SourceRun& next = previous();
  next.time =
      same ? times_.Resume(packet.arrival(), packet.timestamp(), before.time)
           : times_.Begin(packet.arrival(), packet.timestamp(), PlaceByReports(packet, source));
  next.sequence.Reset(before.sequence.next());
  next.sequence.Start({in});
  next.first = in;
  next.pictures.BeginAfter(before.pictures);
  current_ = 1 - current_;
  replaced_at_ = packet.arrival();
  Enter(next, packet, source);
}

void Forwarder::SplitRun(const RtpPacket& packet, const EncodingSource& source) {
  SourceRun& before = run();
  const RtpSeq in = packet.unwrapped_seq();
  // What is missing in front of it may still come, and belongs to the run before.
  before.sequence.Map(in + -1);
  // And its time, which the rest of the picture had.
  times_.Record(packet.arrival(), before.time.Peek(packet.timestamp()));
  SourceRun& next = previous();
  next.time = times_.Resume(packet.arrival(), packet.timestamp(), before.time);
  next.sequence.Reset(before.sequence.next());
  next.sequence.Start(in);
  next.first = in.value;
  next.pictures.ContinueAfter(before.pictures);
  current_ = 1 - current_;
  replaced_at_ = packet.arrival();
  Enter(next, packet, source);
}

void Forwarder::Enter(SourceRun& entered, const RtpPacket& packet, const EncodingSource& source) {
  entered.ssrc = packet.ssrc();
  entered.encoding = source.index;
  entered.begun = true;
  entered.entry = packet.unwrapped_seq().value;
  entered.entry_timestamp = packet.timestamp();
  // Not the time of this packet, which is yet to pass.
  entered.newest_timestamp = packet.timestamp() - 1;
  entered.layers.SetTarget(
      target_ && target_->encoding == source.index ? target_->layer : LayerSelector::kEverything);
  entered.layers.Begin(packet, source);
  entered.layered = entered.layers.has_layers();
  clock_ = source.clock;
  running_ = true;
}

std::optional<uint32_t> Forwarder::PlaceByReports(const RtpPacket& packet,
                                                  const EncodingSource& source) const {
  if (!clock_ || !source.clock) return std::nullopt;
  const Duration apart = source.clock->capture - clock_->capture;
  if (apart > kReportsApart || apart < -kReportsApart) return std::nullopt;
  const uint32_t since_report = packet.timestamp() - source.clock->rtp_timestamp;
  const auto ticks = static_cast<uint32_t>(Ticks(apart, options_.clock_rate));
  return run().time.TruePlace(clock_->rtp_timestamp + ticks + since_report);
}

Verdict Forwarder::Pass(SourceRun* run, const RtpPacket& packet, PayloadType payload_type,
                        const EncodingSource& source) {
  bool new_picture = packet.timestamp() != run->newest_timestamp;
  run->newest_timestamp = packet.timestamp();
  if (packet.marker()) clock_ = source.clock;
  if (!run->layered && packet.dependencies() == nullptr) {
    return PassPlain(*run, packet, payload_type);
  }
  if (packet.description().frame_start && !run->layers.Advance(packet, new_picture, source)) {
    SplitRun(packet, source);
    run = &this->run();
    run->newest_timestamp = packet.timestamp();
    new_picture = true;
  }
  const LayerChoice& choice = run->layers.newest();
  run->layered = run->layers.has_layers();
  // What is missing in front of the first packet of a choice is judged by the one before.
  const bool base_only = choice.base_only() && choice.begin < packet.unwrapped_seq().value;
  const PictureNumbers::Place place{true, new_picture, base_only};
  const bool passes = run->layers.Passes(choice, packet);
  run->layers.Record(choice, packet, passes);
  if (passes) return Forward(*run, choice, place, packet, payload_type);
  run->pictures.Skip(packet, place);
  return LeaveOut(*run, packet, DropReason::kOtherLayer);
}

Verdict Forwarder::PassLate(SourceRun& run, const RtpPacket& packet, PayloadType payload_type) {
  const int64_t in = packet.unwrapped_seq().value;
  // Before the entry only the frame we entered at is of use: its first packet, which told that it
  // is a key frame, need not have come first.
  if (in < run.entry && packet.timestamp() != run.entry_timestamp) return DropReason::kTooLate;
  const LayerChoice* choice = run.layers.At(packet.unwrapped_seq());
  const bool passes = choice != nullptr && run.layers.Passes(*choice, packet);
  if (choice != nullptr) run.layers.Record(*choice, packet, passes);
  if (!passes) return LeaveOut(run, packet, DropReason::kOtherLayer);
  if (!run.layered && packet.dependencies() == nullptr) {
    return PassPlain(run, packet, payload_type);
  }
  return Forward(run, *choice, PictureNumbers::Place{}, packet, payload_type);
}

Verdict Forwarder::Forward(SourceRun& run, const LayerChoice& choice,
                           const PictureNumbers::Place& place, const RtpPacket& packet,
                           PayloadType payload_type) {
  Verdict verdict = Rewrite();
  auto& rewrite = std::get<Rewrite>(verdict);
  if (!run.pictures.Write(packet, place, rewrite)) {
    return LeaveOut(run, packet, DropReason::kTooLate);
  }
  const std::optional<SeqNo> seq = run.sequence.Map(packet.unwrapped_seq());
  if (!seq) return DropReason::kTooLate;
  rewrite.ssrc = options_.ssrc;
  rewrite.timestamp = run.time.Map(packet.timestamp());
  rewrite.seq = *seq;
  rewrite.payload_type = payload_type;
  rewrite.marker = packet.marker() || LayerSelector::IsLastOfPicture(choice, packet);
  if (options_.dependency_descriptor) {
    if (const auto active = LayerSelector::ActiveTargets(choice, packet)) {
      rewrite.active_targets = *active;
      rewrite.target_count = choice.target_count;
    }
  }
  times_.Record(packet.arrival(), rewrite.timestamp);
  payload_type_ = payload_type;
  return verdict;
}

Verdict Forwarder::PassPlain(SourceRun& run, const RtpPacket& packet, PayloadType payload_type) {
  const std::optional<SeqNo> seq = run.sequence.Map(packet.unwrapped_seq());
  if (!seq) return DropReason::kTooLate;
  const uint32_t timestamp = run.time.Map(packet.timestamp());
  times_.Record(packet.arrival(), timestamp);
  payload_type_ = payload_type;
  const bool red = options_.red && options_.red->outer == payload_type;
  // In one piece: filled in bit by bit and then copied, it takes twice as long as all the rest.
  return Rewrite{.ssrc = options_.ssrc,
                 .timestamp = timestamp,
                 .seq = *seq,
                 .payload_type = payload_type,
                 .marker = packet.marker(),
                 .patch = red ? PayloadPatch::kRed : PayloadPatch::kNone,
                 .key_index = red ? options_.red->inner.value() : uint8_t{0}};
}

Verdict Forwarder::LeaveOut(const RtpPacket& packet, const EncodingSource& source,
                            DropReason reason) {
  if (stopped()) return DropReason::kConsumerPaused;
  SourceRun* owner = FindRun(packet, source.index);
  return owner == nullptr ? Verdict(reason) : LeaveOut(*owner, packet, reason);
}

Verdict Forwarder::LeaveOut(SourceRun& run, const RtpPacket& packet, DropReason reason) {
  const RtpSeq in = packet.unwrapped_seq();
  if (in > run.sequence.newest()) {
    run.sequence.Skip(in);
    // A run that follows must not begin where frames of this one that were lost may still be put.
    times_.Record(packet.arrival(), run.time.Peek(packet.timestamp()));
    return reason;
  }
  // Nobody misses what lies before the start.
  if (in.value < run.entry) return reason;
  const std::optional<SeqNo> hole = run.sequence.Map(in);
  if (!hole) return reason;
  // The payload type of the packet itself need not be one that the receiver knows.
  return Rewrite{.ssrc = options_.ssrc,
                 .timestamp = run.time.Peek(packet.timestamp()),
                 .seq = *hole,
                 .payload_type = payload_type_,
                 .padding_only = true};
}

}  // namespace sluice::rtp
