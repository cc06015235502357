#include "bench/load/reception.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "bench/load/rtp_view.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"

namespace sluice::load {
namespace {

// Browsers send one report a second with video.
constexpr Duration kReportInterval = std::chrono::seconds(1);
// A report of twenty streams and its description.
constexpr size_t kMaxBlocks = 20;
// What leaves room for SRTCP in the smallest datagram that every path carries.
constexpr size_t kMaxClear = 1'100;
// One request for a picture, or for lost packets.
constexpr size_t kRoomPerRequest = 100;
constexpr size_t kMaxNacks = 64;
// A packet that waits a moment for one that overtook it; loopback reorders nothing.
constexpr Duration kFirstNackDelay{0};

}  // namespace

Reception::Reception(const Options& options, std::vector<StreamDescription> streams,
                     ReceptionTotals& totals, const TrackTable& tracks)
    : options_(options), totals_(totals), tracks_(tracks), entropy_(options.seed) {
  for (StreamDescription& description : streams) {
    const auto index = static_cast<uint32_t>(streams_.size());
    places_.push_back({description.ssrc, index, false});
    if (description.rtx_ssrc != 0) places_.push_back({description.rtx_ssrc, index, true});
    const bool repairs = options.nack && description.rtx_ssrc != 0;
    const bool video = description.video;
    streams_.emplace_back(std::move(description));
    if (repairs) {
      streams_.back().missing = std::make_unique<rtp::NackTracker>(video, kFirstNackDelay);
    }
  }
}

// Packets of one stream come in a row; the search is short where they do not.
const Reception::Place* Reception::FindPlace(uint32_t ssrc) {
  if (last_place_ < places_.size() && places_[last_place_].ssrc == ssrc) {
    return &places_[last_place_];
  }
  for (size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].ssrc != ssrc) continue;
    last_place_ = i;
    return &places_[i];
  }
  return nullptr;
}

bool Reception::ReceiveRtp(ByteSpan packet, int64_t stamp_ns, Timestamp at,
                           dtls::SrtpSession& srtp) {
  if (packet.size() < kRtpHeaderSize) return false;
  const Place* place = FindPlace(SsrcOf(packet));
  if (place != nullptr && options_.loss > 0 && entropy_.Chance(options_.loss)) {
    ++totals_.dropped;
    // It was forwarded, and arrived; the network that is played here is behind the server.
    if (place->retransmission) return false;
    ++totals_.packets;
    ReceiveStream& stream = streams_[place->stream];
    if (!stream.missing) stream.RecordThrownAway();
    return false;
  }
  if (options_.twcc_id != 0) {
    const std::optional<uint16_t> number = FindTwoBytes(packet, options_.twcc_id);
    if (number) feedback_.Record(*number, at);
  }
  if (place == nullptr) {
    ++totals_.padding;
    return false;
  }
  ReceiveStream& stream = streams_[place->stream];
  if (place->retransmission) {
    ReceiveRetransmission(packet, stream, at, srtp);
    return false;
  }
  const uint16_t seq = SeqOf(packet);
  if (stream.received() == 0) {
    ++begun_;
    if (!first_media_at_) first_media_at_ = at;
  }
  if (stream.missing) RecordMissing(stream, seq, at);
  stream.Record(seq);
  ++totals_.packets;
  totals_.bytes += packet.size();
  if (options_.sampled) Examine(packet, stamp_ns, srtp);
  return true;
}

void Reception::RecordMissing(ReceiveStream& stream, uint16_t seq, Timestamp at) {
  if (stream.received() == 0) return;
  const int64_t step = stream.Step(seq);
  if (step > 0) {
    stream.missing->RecordNewest(at, stream.Unwrap(seq), step - 1);
  } else {
    stream.missing->RecordLate(at, stream.Unwrap(seq), false);
  }
}

// RFC 4588 §4: the number of what is repeated is inside, so it has to be decrypted.
void Reception::ReceiveRetransmission(ByteSpan packet, ReceiveStream& stream, Timestamp at,
                                      dtls::SrtpSession& srtp) {
  if (!stream.missing) {
    // Nobody asked: it probes the path.
    ++totals_.padding;
    return;
  }
  const auto opened = srtp.UnprotectRtp(packet);
  const size_t* size = std::get_if<size_t>(&opened);
  if (size == nullptr) {
    ++totals_.unsealed;
    return;
  }
  const std::optional<ByteView> payload = PayloadOf(packet.first(*size));
  if (!payload || payload->size() < 2) {
    ++totals_.padding;
    return;
  }
  const RtpSeq seq = stream.Unwrap(LoadU16(payload->data()));
  if (!stream.missing->IsWaitingFor(seq)) {
    ++totals_.padding;
    return;
  }
  stream.missing->RecordLate(at, seq, true);
  ++totals_.repaired;
  ComparePayload(payload->subspan(2), 0);
}

void Reception::Examine(ByteSpan packet, int64_t stamp_ns, dtls::SrtpSession& srtp) {
  const auto opened = srtp.UnprotectRtp(packet);
  const size_t* size = std::get_if<size_t>(&opened);
  if (size == nullptr) {
    ++totals_.unsealed;
    return;
  }
  const std::optional<ByteView> payload = PayloadOf(packet.first(*size));
  if (payload) {
    ComparePayload(*payload, stamp_ns);
  } else {
    ++totals_.damaged;
  }
}

void Reception::ComparePayload(ByteView payload, int64_t stamp_ns) {
  if (payload.size() < PayloadMark::kLeastPayload) {
    ++totals_.unmarked;
    return;
  }
  const std::optional<PayloadMark> mark = ReadMark(payload);
  if (!mark || mark->track >= tracks_.size()) {
    ++totals_.damaged;
    return;
  }
  const SentPayload* sent = tracks_[mark->track]->Find(mark->index);
  if (sent == nullptr || !IsIntact(*sent, payload)) {
    ++totals_.damaged;
    return;
  }
  ++totals_.intact;
  if (stamp_ns != 0) totals_.delay.Record(stamp_ns - sent->sent_at_ns);
}

void Reception::ReceiveRtcp(ByteSpan packet, Timestamp at, dtls::SrtpSession& srtp) {
  const auto opened = srtp.UnprotectRtcp(packet);
  const size_t* size = std::get_if<size_t>(&opened);
  if (size == nullptr) {
    ++totals_.unsealed;
    return;
  }
  rtp::CompoundReader compound(packet.first(*size));
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) {
    const auto report = rtp::SenderReport::Parse(member->bytes());
    if (!report) continue;
    const Place* place = FindPlace(report->sender.value());
    if (place == nullptr) continue;
    streams_[place->stream].report_time = report->ntp.compact();
    streams_[place->stream].report_arrival = at;
  }
}

void Reception::RequestKeyFrames() {
  for (const ReceiveStream& stream : streams_) {
    if (stream.description().video) key_frames_wanted_.push_back(stream.description().ssrc);
  }
}

size_t Reception::WriteRtcp(Timestamp now, ByteSpan room) {
  ByteWriter out(room.first(std::min(room.size(), kMaxClear)));
  // The first leaves at once, as a browser's does.
  if (!next_report_ || *next_report_ <= now) {
    next_report_ = now + kReportInterval;
    WriteReport(now, out);
  }
  if (options_.key_frame_every.count() > 0) LoseThreadSometimes(now);
  WriteRequests(now, out);
  const std::optional<Timestamp> due = feedback_.NextTimeout();
  if (out.size() == 0 && due && *due <= now) {
    const Ssrc media(streams_.empty() ? 0 : streams_.front().description().ssrc);
    feedback_.WriteFeedback(now, Ssrc(options_.own_ssrc), media, out);
  }
  return out.ok() ? out.size() : 0;
}

// Evenly between none and twice the mean.
void Reception::LoseThreadSometimes(Timestamp now) {
  if (next_key_frame_ && now < *next_key_frame_) return;
  if (next_key_frame_) RequestKeyFrames();
  const auto most = static_cast<uint64_t>(2 * options_.key_frame_every.count());
  next_key_frame_ = now + Duration(static_cast<int64_t>(entropy_.Below(most)));
}

// RFC 3550 §6.4: with more streams than fit, reports take turns.
void Reception::WriteReport(Timestamp now, ByteWriter& out) {
  rtp::ReceiverReport report;
  report.sender = Ssrc(options_.own_ssrc);
  const size_t count = std::min(streams_.size(), kMaxBlocks);
  for (size_t i = 0; i < count; ++i) {
    ReceiveStream& stream = streams_[next_block_++ % streams_.size()];
    if (stream.received() == 0) continue;
    rtp::ReportBlock block;
    block.source = Ssrc(stream.description().ssrc);
    block.fraction_lost = stream.TakeFractionLost();
    block.cumulative_lost = static_cast<int32_t>(stream.lost());
    block.highest_sequence = stream.highest();
    block.last_sender_report = stream.report_time;
    if (stream.report_time != 0) {
      block.delay_since_last = ToCompactNtp(now - stream.report_arrival);
    }
    report.blocks.push_back(block);
  }
  report.WriteTo(out);
  rtp::SourceDescription description;
  description.chunks.push_back({report.sender, "load"});
  description.WriteTo(out);
}

void Reception::WriteRequests(Timestamp now, ByteWriter& out) {
  const Ssrc own(options_.own_ssrc);
  while (!key_frames_wanted_.empty() && out.room() >= kRoomPerRequest) {
    rtp::PictureLossIndication{{own, Ssrc(key_frames_wanted_.back())}}.WriteTo(out);
    key_frames_wanted_.pop_back();
    ++totals_.key_frame_requests;
  }
  for (ReceiveStream& stream : streams_) {
    if (!stream.missing || !stream.missing->NextTimeout()) continue;
    if (*stream.missing->NextTimeout() > now || out.room() < 4 * kRoomPerRequest) continue;
    std::array<SeqNo, kMaxNacks> due;
    const size_t count = stream.missing->Poll(now, due);
    if (count == 0) continue;
    rtp::GenericNack nack;
    nack.sources = {own, Ssrc(stream.description().ssrc)};
    for (size_t i = 0; i < count; ++i) nack.Add(due[i]);
    nack.WriteTo(out);
    totals_.nacked += count;
  }
}

}  // namespace sluice::load
