#include "tests/support/sim_receive_track.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "rtp/codec/descriptor.h"

namespace sluice::test {
namespace {

// RFC 8285 §4.2, of which only the transport-wide number is of interest.
std::optional<uint16_t> FindTransportSequence(ByteView elements) {
  ByteReader in(elements);
  while (!in.empty()) {
    const uint8_t head = in.U8();
    if (head == 0) continue;
    const ByteView value = in.Bytes((head & 0x0f) + size_t{1});
    if (head >> 4 == kTransportSequenceExtensionId && value.size() == 2) {
      return ByteReader(value).U16();
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<SimRtp> SimRtp::Parse(ByteView packet) {
  ByteReader in(packet);
  const uint8_t first = in.U8();
  const uint8_t second = in.U8();
  SimRtp rtp;
  rtp.seq = SeqNo(in.U16());
  rtp.timestamp = in.U32();
  rtp.ssrc = Ssrc(in.U32());
  rtp.marker = second & 0x80;
  rtp.payload_type = PayloadType(second & 0x7f);
  in.Skip(4u * (first & 0x0f));
  if (first & 0x10) {
    const uint16_t profile = in.U16();
    const ByteView elements = in.Bytes(4u * in.U16());
    if (profile == 0xbede) rtp.transport_sequence = FindTransportSequence(elements);
  }
  rtp.payload = in.rest();
  if (first & 0x20 && !rtp.payload.empty()) {
    rtp.padding = rtp.payload.back();
    if (rtp.padding == 0 || rtp.padding > rtp.payload.size()) return std::nullopt;
    rtp.payload = rtp.payload.first(rtp.payload.size() - rtp.padding);
  }
  if (!in.ok() || first >> 6 != 2) return std::nullopt;
  return rtp;
}

void SimReceiveTrack::Receive(Timestamp now, const SimRtp& packet) {
  ByteView payload = packet.payload;
  if (!payload.empty()) padding_bytes_ += packet.padding;
  SeqNo seq = packet.seq;
  bool repeat = false;
  const bool on_rtx = track_.rtx_ssrc && packet.ssrc == *track_.rtx_ssrc;
  if (on_rtx) {
    if (payload.empty()) {
      ++empty_;
      return;
    }
    if (packet.payload_type != track_.rtx_payload_type || payload.size() < 2) {
      ++foreign_;
      return;
    }
    repeat = true;
    seq = SeqNo(ByteReader(payload).U16());
    payload = payload.subspan(2);
  } else if (packet.payload_type != track_.payload_type) {
    ++foreign_;
    return;
  }
  if (!first_packet_) {
    first_packet_ = now;
    if (video()) key_frame_due_ = now + kPictureWait;
  }
  last_packet_ = now;
  const int64_t number = unwrapper_.Unwrap(seq.value()).value;
  const bool fresh = !mark_of_.contains(number);
  // Without RTX, what was asked for counts as an answer.
  const auto asked = missing_.find(number);
  const bool was_asked = asked != missing_.end() && asked->second.tries > 0;
  // What comes again without being asked for probes the path.
  if (on_rtx && !fresh && !was_asked) {
    ++probes_;
    return;
  }
  repeat |= was_asked;
  if (repeat) ++repeats_;
  Place(now, number);
  if (payload.empty()) {
    ++empty_;
    ++empty_numbers_;
    if (video()) decoder_.InsertEmpty(now, number);
    return;
  }
  if (CheckMark(number, payload) && fresh && video()) Decode(now, number, packet, payload);
}

void SimReceiveTrack::Place(Timestamp now, int64_t number) {
  missing_.erase(number);
  if (!newest_) {
    newest_ = number;
    return;
  }
  if (track_.nack) {
    for (int64_t skipped = *newest_ + 1; skipped < number; ++skipped) {
      missing_.emplace(skipped, Missing{.due = now});
    }
  }
  newest_ = std::max(*newest_, number);
}

bool SimReceiveTrack::CheckMark(int64_t seq, ByteView payload) {
  const std::optional<MediaMark> mark = MediaMark::Read(payload);
  const auto source = std::ranges::find_if(
      sources_, [&](Ssrc candidate) { return mark && candidate.value() == mark->track; });
  if (source == sources_.end()) {
    ++foreign_;
    return false;
  }
  const auto [known, fresh] = mark_of_.emplace(seq, *mark);
  if (!fresh) {
    ++(known->second == *mark ? duplicates_ : misnumbered_);
    return true;
  }
  CheckOrder(known);
  received_.emplace(mark->track, mark->index);
  const auto encoding = static_cast<size_t>(source - sources_.begin());
  if (seq == *newest_ && encoding != encoding_) {
    if (mark_of_.size() > 1) ++switches_;
    encoding_ = encoding;
  }
  return true;
}

// Numbers grow as the packets of a source do.
void SimReceiveTrack::CheckOrder(std::map<int64_t, MediaMark>::const_iterator at) {
  const MediaMark& mark = at->second;
  if (at != mark_of_.begin()) {
    const MediaMark& before = std::prev(at)->second;
    if (before.track == mark.track && before.index >= mark.index) ++misnumbered_;
  }
  if (std::next(at) != mark_of_.end()) {
    const MediaMark& after = std::next(at)->second;
    if (after.track == mark.track && after.index <= mark.index) ++misnumbered_;
  }
}

void SimReceiveTrack::Decode(Timestamp now, int64_t seq, const SimRtp& packet, ByteView payload) {
  const auto described =
      rtp::codec::Describe(rtp::codec::Kind::kVp8, payload, packet.marker, std::nullopt);
  const uint64_t before = decoder_.pictures();
  decoder_.Insert(now, seq,
                  {.timestamp = packet.timestamp,
                   .first = described.frame_start,
                   .last = packet.marker,
                   .key_frame = described.key_frame});
  if (decoder_.pictures() != before) key_frame_due_ = now + kMaxWait;
}

void SimReceiveTrack::RecordSenderReport(Timestamp now, const rtp::SenderReport& report) {
  ++sender_reports_;
  sender_report_ = report;
  sender_report_at_ = now;
}

void SimReceiveTrack::HandleTimeout(Timestamp now) {
  if (!key_frame_due_ || now < *key_frame_due_) return;
  // Silence is no reason to ask: a paused camera has nothing to show.
  const bool silent = now - *last_packet_ > kKeyFrameRetry;
  if (!silent) {
    key_frame_wish_ = true;
    ++key_frame_requests_;
  }
  key_frame_due_ = now + kKeyFrameRetry;
}

std::optional<Timestamp> SimReceiveTrack::NextTimeout() const {
  std::optional<Timestamp> next = key_frame_due_;
  for (const auto& [seq, missing] : missing_) next = Earlier(next, missing.due);
  return next;
}

std::vector<SeqNo> SimReceiveTrack::TakeNacks(Timestamp now) {
  std::vector<SeqNo> due;
  for (auto it = missing_.begin(); it != missing_.end();) {
    Missing& missing = it->second;
    if (missing.due > now) {
      ++it;
      continue;
    }
    if (missing.tries == kMaxTries) {
      it = missing_.erase(it);
      continue;
    }
    ++missing.tries;
    missing.due = now + std::max<Duration>(round_trip_, Duration(20'000)) + Duration(10'000);
    due.emplace_back(static_cast<uint16_t>(it->first));
    ++it;
    if (due.size() == 100) break;
  }
  nacked_ += due.size();
  return due;
}

bool SimReceiveTrack::TakeKeyFrameWish() { return std::exchange(key_frame_wish_, false); }

std::optional<rtp::ReportBlock> SimReceiveTrack::MakeReportBlock(Timestamp now) {
  if (mark_of_.empty()) return std::nullopt;
  const int64_t expected = *newest_ - mark_of_.begin()->first + 1;
  const auto arrivals = static_cast<int64_t>(mark_of_.size() + empty_numbers_);
  rtp::ReportBlock block;
  block.source = track_.ssrc;
  block.cumulative_lost = static_cast<int32_t>(expected - arrivals);
  const int64_t interval = expected - expected_prior_;
  const int64_t lost = interval - (arrivals - arrivals_prior_);
  if (interval > 0 && lost > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(255, lost * 256 / interval));
  }
  expected_prior_ = expected;
  arrivals_prior_ = arrivals;
  // The unwrapper starts in the second lap.
  block.highest_sequence = static_cast<uint32_t>(*newest_ - 65'536);
  if (sender_report_) {
    block.last_sender_report = sender_report_->ntp.compact();
    block.delay_since_last = ToCompactNtp(now - *sender_report_at_);
  }
  return block;
}

uint64_t SimReceiveTrack::packets_between(uint32_t first, uint32_t end) const {
  const uint32_t source = sources_.front().value();
  return static_cast<uint64_t>(
      std::distance(received_.lower_bound({source, first}), received_.lower_bound({source, end})));
}

uint64_t SimReceiveTrack::residual_loss() const {
  if (received_.empty()) return 0;
  return received_.rbegin()->second - received_.begin()->second + 1 - received_.size();
}

double SimReceiveTrack::residual_loss_share() const {
  if (received_.empty()) return 1;
  const double all = received_.rbegin()->second - received_.begin()->second + 1.0;
  return static_cast<double>(residual_loss()) / all;
}

std::optional<Duration> SimReceiveTrack::first_picture() const {
  if (!decoder_.first_picture()) return std::nullopt;
  return *decoder_.first_picture() - since_;
}

std::optional<Duration> SimReceiveTrack::first_packet() const {
  if (!first_packet_) return std::nullopt;
  return *first_packet_ - since_;
}

}  // namespace sluice::test
