#include "worker/engine/ingress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rtp/packet/extensions.h"
#include "rtp/rtcp/bye.h"
#include "rtp/rtcp/round_trip_time.h"

namespace sluice::worker {
namespace {

using rtp::Extension;
using rtp::MediaKind;
using rtp::codec::Kind;

// Two requests for a key frame of one source are at least so far apart: what the field's most
// patient bridge allows. Browsers ignore closer ones anyway.
constexpr Duration kKeyFrameQuiet = std::chrono::milliseconds(200);

// The peer's clock against ours moves by a sixteenth of what a report says, which evens out the
// jitter of the path, unless it has been set anew.
constexpr int64_t kClockSmoothing = 16;
constexpr Duration kClockStep = std::chrono::seconds(1);

Duration FromNtp(NtpTime time) {
  const auto fraction = (static_cast<uint64_t>(time.fraction()) * 1'000'000) >> 32;
  return Duration(static_cast<int64_t>(time.seconds()) * 1'000'000 +
                  static_cast<int64_t>(fraction));
}

InboundStream::KeyFrameRequest RequestFor(const CodecPlan& codec) {
  if (codec.pli) return InboundStream::KeyFrameRequest::kPli;
  if (codec.fir) return InboundStream::KeyFrameRequest::kFir;
  return InboundStream::KeyFrameRequest::kNone;
}

rtp::StreamBinder::Description Describe(Handle<Producer> producer, const MediaPlan& plan,
                                        const EncodingPlan& encoding) {
  rtp::StreamBinder::Description description;
  description.group = producer.slot;
  description.mid = plan.mid;
  description.rid = encoding.rid;
  description.ssrc = encoding.ssrc;
  description.rtx_ssrc = encoding.rtx_ssrc;
  for (const CodecPlan& codec : plan.codecs) {
    auto& set = codec.repeats ? description.rtx_payload_types : description.payload_types;
    set.set(codec.payload_type.value());
  }
  return description;
}

std::unique_ptr<InboundStream> MakeStream(const MediaPlan& plan, const PayloadMap& map,
                                          Duration key_frame_quiet) {
  auto stream = std::make_unique<InboundStream>(key_frame_quiet > Duration(0) ? key_frame_quiet
                                                                              : kKeyFrameQuiet);
  const CodecPlan& main = plan.main_codec();
  stream->mime_type = main.mime_type;
  stream->key_frame_request = RequestFor(main);
  stream->options.kind = plan.kind;
  stream->options.clock_rate = main.clock_rate;
  stream->options.nack = main.nack;
  if (main.dtx) stream->options.inactive_after = std::chrono::milliseconds(6'000);
  for (const CodecPlan& codec : plan.codecs) {
    InboundStream::Payload& payload = stream->payloads[codec.payload_type.value()];
    payload.kind = codec.kind;
    payload.repeats = codec.repeats;
    payload.known = true;
    const std::optional<PayloadType>& mapped = map[codec.payload_type.value()];
    if (mapped) payload.mapped = *mapped;
  }
  return stream;
}

}  // namespace

Ingress::Ingress(Entropy& entropy, Duration unix_offset)
    : unix_offset_(unix_offset),
      own_ssrc_(entropy.U32()),
      reports_(MediaKind::kVideo, entropy.U64()) {}

absl::Status Ingress::AddExtensions(const MediaPlan& plan) {
  // Ids are a matter of the whole transport (RFC 8843 §10), hence of all its producers.
  rtp::ExtensionMap extended = extensions_;
  for (const auto& [id, extension] : plan.extensions) {
    if (!extended.Add(id, extension)) {
      return absl::InvalidArgumentError(
          absl::StrCat("rtpParameters.headerExtensions: id ", id,
                       " means something else to another producer of the transport"));
    }
  }
  extensions_ = extended;
  return absl::OkStatus();
}

absl::Status Ingress::AddProducer(Handle<Producer> producer, const MediaPlan& plan,
                                  const PayloadMap& map, Duration key_frame_quiet) {
  const rtp::ExtensionMap before = extensions_;
  if (absl::Status status = AddExtensions(plan); !status.ok()) return status;
  for (size_t i = 0; i < plan.encodings.size(); ++i) {
    const EncodingPlan& encoding = plan.encodings[i];
    std::unique_ptr<InboundStream> stream = MakeStream(plan, map, key_frame_quiet);
    stream->producer = producer;
    stream->source.index = static_cast<uint8_t>(i);
    stream->rid = encoding.rid;
    stream->signalled_ssrc = encoding.ssrc;
    stream->rtx_ssrc = encoding.rtx_ssrc;
    const auto free = std::find(streams_.begin(), streams_.end(), nullptr);
    const rtp::StreamIndex index(static_cast<uint32_t>(free - streams_.begin()));
    if (const auto collision = binder_.Add(index, Describe(producer, plan, encoding))) {
      Withdraw(producer);
      extensions_ = before;
      return absl::AlreadyExistsError(absl::StrCat(
          "rtpParameters.encodings[", i, "].", std::string(rtp::CollisionName(*collision)),
          ": belongs to another producer of the transport, or names nothing"));
    }
    if (free == streams_.end()) {
      streams_.push_back(std::move(stream));
    } else {
      *free = std::move(stream);
    }
  }
  ChooseEstimation(plan);
  return absl::OkStatus();
}

// A peer that numbers its packets estimates its uplink from our feedback, and REMB only carries the
// application's bound; any other peer relies on REMB for all.
void Ingress::ChooseEstimation(const MediaPlan& plan) {
  const CodecPlan& codec = plan.main_codec();
  const bool numbered = extensions_.Id(Extension::kTransportSequence) != 0;
  feedback_wanted_ |= numbered && codec.transport_feedback;
  if (!codec.remb && !remb_) return;
  using Mode = rtp::RembSource::Mode;
  const Mode mode = feedback_wanted_ ? Mode::kBoundOnly : Mode::kEstimate;
  if (remb_mode_ == mode) return;
  remb_mode_ = mode;
  remb_.emplace(mode);
  remb_->set_max(max_bit_rate_);
}

void Ingress::Withdraw(Handle<Producer> producer) {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i] == nullptr || streams_[i]->producer != producer) continue;
    binder_.Withdraw(rtp::StreamIndex(static_cast<uint32_t>(i)));
    streams_[i] = nullptr;
  }
}

Ingress::Ended Ingress::RemoveProducer(Handle<Producer> producer) {
  Ended ended;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i] == nullptr || streams_[i]->producer != producer) continue;
    if (streams_[i]->receiver) ended.sources.push_back(streams_[i]->receiver->ssrc());
    if (streams_[i]->rtx_ssrc) ended.sources.push_back(*streams_[i]->rtx_ssrc);
    binder_.Remove(rtp::StreamIndex(static_cast<uint32_t>(i)));
    streams_[i] = nullptr;
  }
  ended.forgotten = binder_.TakeForgotten();
  return ended;
}

std::optional<rtp::RtpPacket> Ingress::Parse(PacketRef bytes) const {
  return rtp::RtpPacket::Parse(std::move(bytes), extensions_);
}

Ingress::Verdict Ingress::ReceiveRtp(Timestamp now, rtp::RtpPacket packet) {
  RecordArrival(now, packet);
  const auto bound = binder_.Bind(packet);
  if (const auto* reason = std::get_if<DropReason>(&bound)) return *reason;
  const auto& binding = std::get<rtp::StreamBinder::Binding>(bound);
  return ReceiveBound(now, *streams_[binding.stream.value()], std::move(packet), binding.rtx);
}

// What the peer's estimator wants to know about every packet, whoever it belongs to.
void Ingress::RecordArrival(Timestamp now, const rtp::RtpPacket& packet) {
  if (!report_due_ && !reports_.NextTimeout()) reports_.Start(now);
  last_media_ssrc_ = packet.ssrc();
  if (feedback_wanted_) {
    const std::optional<ByteView> number = packet.extension(Extension::kTransportSequence);
    if (number && number->size() == 2) {
      feedback_.Record(ByteReader(*number).U16(), packet.arrival());
    }
  }
  if (remb_) remb_->RecordReceived(now, packet.size());
}

Ingress::Verdict Ingress::ReceiveBound(Timestamp now, InboundStream& stream, rtp::RtpPacket packet,
                                       bool rtx) {
  const InboundStream::Payload outer = stream.payloads[packet.payload_type().value()];
  if (!outer.known) return DropReason::kRtpUnknownPayload;
  (rtx ? totals_.rtx_bytes : totals_.rtp_bytes) += packet.size();
  (rtx ? totals_.rtx_rate : totals_.rtp_rate).Record(now, packet.size());
  if (rtx) {
    stream.rtx_ssrc = packet.ssrc();
    // Browsers probe the path with empty retransmissions.
    if (packet.payload().empty()) return DropReason::kRtpPadding;
    if (!stream.receiver) return DropReason::kRtxUnwanted;
    if (!outer.repeats || !packet.UnwrapRtx(stream.receiver->ssrc(), *outer.repeats)) {
      return DropReason::kRtxMalformed;
    }
  } else if (!stream.receiver) {
    stream.options.ssrc = packet.ssrc();
    stream.receiver.emplace(stream.options);
  } else if (packet.ssrc() != stream.receiver->ssrc()) {
    stream.receiver->Rebind(packet.ssrc());
    stream.source.clock.reset();
  }
  const InboundStream::Payload& payload = stream.payloads[packet.payload_type().value()];
  stream.source.Describe(payload.kind, packet);
  const auto placed = stream.receiver->Receive(now, packet);
  if (const auto* reason = std::get_if<DropReason>(&placed)) {
    // Padding goes on, because forwarders must close the gap it leaves; they let nothing of it
    // through.
    if (*reason != DropReason::kRtpPadding) return *reason;
  }
  if (packet.description().key_frame) {
    stream.throttle.RecordKeyFrame();
    const rtp::codec::PictureSize size =
        rtp::codec::ReadPictureSize(payload.kind, packet.payload());
    if (size.width != 0) stream.size = size;
  }
  const rtp::EncodingSource::Place place = stream.source.Record(packet);
  return Arrival{stream.producer, std::move(packet), payload.mapped, &stream.source,
                 place,           stream.size};
}

InboundStream* Ingress::Find(const EncodingRef& encoding) {
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || stream->producer != encoding.producer) continue;
    if (stream->source.index == encoding.encoding) return stream.get();
  }
  return nullptr;
}

void Ingress::AskKeyFrame(Timestamp now, const EncodingRef& encoding) {
  InboundStream* stream = Find(encoding);
  if (stream == nullptr || !stream->receiver) return;
  if (stream->throttle.Ask(now)) stream->key_frame_due = true;
}

bool Ingress::Want(Timestamp now, Handle<Producer> producer,
                   const std::array<bool, rtp::kMaxEncodings>& wanted) {
  bool news = false;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || stream->producer != producer || !stream->signalled_ssrc) continue;
    news |= stream->demand.Want(now, wanted[stream->source.index]);
  }
  demands_ |= news;
  return news;
}

void Ingress::CancelKeyFrame(const EncodingRef& encoding) {
  InboundStream* stream = Find(encoding);
  if (stream == nullptr) return;
  stream->throttle.Cancel();
  stream->key_frame_due = false;
}

void Ingress::SetMaxBitRate(BitRate max) {
  max_bit_rate_ = max;
  if (remb_) remb_->set_max(max);
}

BitRate Ingress::estimate() const { return remb_ ? remb_->estimate() : BitRate(); }

Ingress::ReportResult Ingress::ReceiveReport(Timestamp now, const rtp::RtcpPacket& member) {
  ReportResult result;
  switch (member.kind()) {
    case rtp::RtcpKind::kSenderReport:
      if (const auto report = rtp::SenderReport::Parse(member.bytes())) {
        result.source_time = RecordSenderReport(now, *report);
      } else {
        result.malformed = true;
      }
      break;
    case rtp::RtcpKind::kExtendedReport:
      if (const auto report = rtp::ExtendedReport::Parse(member.bytes())) {
        RecordExtendedReport(now, *report);
      } else {
        result.malformed = true;
      }
      break;
    case rtp::RtcpKind::kTmmbn:
      if (const auto bound = rtp::BoundNotification::Parse(member.bytes())) {
        RecordBound(*bound);
      } else {
        result.malformed = true;
      }
      break;
    case rtp::RtcpKind::kBye:
      // A source may leave and come back under the same name (a browser that stops and restarts a
      // track); silence ends it for the score, and the application ends it for good.
      result.malformed = !rtp::Bye::Parse(member.bytes()).has_value();
      break;
    default:
      break;
  }
  return result;
}

std::optional<SourceTime> Ingress::RecordSenderReport(Timestamp now,
                                                      const rtp::SenderReport& report) {
  const auto found = std::ranges::find_if(streams_, [&](const auto& stream) {
    return stream != nullptr && stream->receiver && stream->receiver->ssrc() == report.sender;
  });
  if (found == streams_.end()) return std::nullopt;
  InboundStream& stream = **found;
  stream.receiver->RecordSenderReport(now, report.ntp, report.rtp_timestamp);
  // A sender without a wall clock writes zero (RFC 3550 §6.4.1).
  if (report.ntp.raw() == 0) return std::nullopt;
  const Duration peer = FromNtp(report.ntp);
  const Duration sample = peer - now.time_since_epoch();
  if (!peer_clock_ || sample - *peer_clock_ > kClockStep || *peer_clock_ - sample > kClockStep) {
    peer_clock_ = sample;
  } else {
    *peer_clock_ += (sample - *peer_clock_) / kClockSmoothing;
  }
  const Timestamp capture(peer - *peer_clock_);
  stream.source.clock = {capture, report.rtp_timestamp};
  return SourceTime{stream.producer, report.sender,       report.ntp,        report.rtp_timestamp,
                    capture,         report.packet_count, report.octet_count};
}

void Ingress::RecordExtendedReport(Timestamp now, const rtp::ExtendedReport& report) {
  if (report.reference_time) reference_ = {report.sender, *report.reference_time, now};
  for (const auto& entry : report.dlrr) {
    if (entry.receiver != own_ssrc_) continue;
    const auto rtt =
        rtp::RoundTripTime(NtpTime::From(now, unix_offset_), entry.last_report, entry.delay);
    if (!rtt) continue;
    round_trip_ = rtt;
    for (const std::unique_ptr<InboundStream>& stream : streams_) {
      if (stream == nullptr || !stream->receiver) continue;
      stream->receiver->RecordRtt(*rtt);
      stream->throttle.RecordRtt(*rtt);
    }
  }
}

void Ingress::HandleTimeout(Timestamp now) {
  if (reports_.TakeDue(now)) report_due_ = true;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream != nullptr && stream->throttle.HandleTimeout(now)) stream->key_frame_due = true;
  }
}

std::optional<Timestamp> Ingress::NextTimeout() const {
  std::optional<Timestamp> next = Earlier(reports_.NextTimeout(), feedback_.NextTimeout());
  if (remb_) next = Earlier(next, remb_->NextTimeout());
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr) continue;
    next = Earlier(next, stream->throttle.NextTimeout());
    if (demands_) next = Earlier(next, stream->demand.NextTimeout());
    if (stream->receiver) next = Earlier(next, stream->receiver->NextTimeout());
  }
  return next;
}

absl::InlinedVector<Ingress::EncodingRef, 4> Ingress::TakeKeyFrameNeeds() {
  absl::InlinedVector<EncodingRef, 4> needs;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || !stream->receiver) continue;
    if (stream->receiver->TakeKeyFrameNeed()) {
      needs.push_back({stream->producer, stream->source.index});
    }
  }
  return needs;
}

Ingress::Scores Ingress::ScoresOf(Timestamp now, Handle<Producer> producer) const {
  Scores scores{};
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || stream->producer != producer || !stream->receiver) continue;
    scores[stream->source.index] = stream->receiver->stats(now).score;
  }
  return scores;
}

std::vector<const InboundStream*> Ingress::StreamsOf(Handle<Producer> producer) const {
  std::vector<const InboundStream*> found;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream != nullptr && stream->producer == producer) found.push_back(stream.get());
  }
  return found;
}

}  // namespace sluice::worker
