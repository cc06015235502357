#include "bench/load/sending.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "bench/load/rtp_view.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"

namespace sluice::load {
namespace {

constexpr Duration kReportInterval = std::chrono::seconds(1);
// A sender report without blocks has 28 bytes, and the description must fit as well.
constexpr size_t kRoomPerReport = 100;

}  // namespace

Sending::Sending(Link& link, std::vector<std::unique_ptr<SendTrack>> tracks)
    : link_(link), tracks_(std::move(tracks)), repeatable_(kRepeatable) {
  SLUICE_CHECK(!tracks_.empty());
}

Duration Sending::NextDue() const {
  Duration next = tracks_.front()->source().NextDue();
  for (const auto& track : tracks_) next = std::min(next, track->source().NextDue());
  return next;
}

size_t Sending::SendDue(Duration media_now, const LoadClock& clock) {
  size_t count = 0;
  for (const auto& track : tracks_) {
    for (; track->source().NextDue() <= media_now; ++count) SendOne(*track, clock);
  }
  return count;
}

// The clock is read at the last moment: on loopback the datagram is in the server's socket when
// send returns, so this is when its way begins.
void Sending::SendOne(SendTrack& track, const LoadClock& clock) {
  Sealed& sealed = repeatable_[sent_ % kRepeatable];
  const SendTrack::Moment moment{clock.Now(), LoadClock::RealNs(), transport_sequence_};
  const size_t clear = track.WriteNext(moment, sealed.bytes);
  if (clear == 0 || !link_.connected()) return;
  const std::optional<size_t> size = link_.srtp().ProtectRtp(sealed.bytes, clear, {});
  SLUICE_CHECK(size.has_value());
  sealed.size = static_cast<uint16_t>(*size);
  sealed.ssrc = SsrcOf(sealed.bytes);
  sealed.seq = SeqOf(sealed.bytes);
  track.SetSentAt(LoadClock::RealNs());
  link_.Send(ByteView(sealed.bytes).first(*size));
  ++transport_sequence_;
  ++sent_;
}

void Sending::ReceiveRtcp(ByteSpan packet) {
  const auto opened = link_.srtp().UnprotectRtcp(packet);
  const size_t* size = std::get_if<size_t>(&opened);
  if (size == nullptr) return;
  rtp::CompoundReader compound(packet.first(*size));
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) ReceiveMember(*member);
}

void Sending::ReceiveMember(const rtp::RtcpPacket& member) {
  if (const auto nack = rtp::GenericNack::Parse(member.bytes())) {
    Repeat(*nack);
  } else if (const auto pli = rtp::PictureLossIndication::Parse(member.bytes())) {
    RequestKeyFrame(pli->sources.media.value());
  } else if (const auto fir = rtp::FullIntraRequest::Parse(member.bytes())) {
    for (const auto& entry : fir->entries) RequestKeyFrame(entry.source.value());
  }
}

// The very same datagram: the server has not seen it, so nothing takes it for a recording.
void Sending::Repeat(const rtp::GenericNack& nack) {
  nack.ForEachLost([&](SeqNo seq) {
    for (const Sealed& sealed : repeatable_) {
      if (sealed.seq != seq.value() || sealed.ssrc != nack.sources.media.value()) continue;
      link_.Send(ByteView(sealed.bytes).first(sealed.size));
      ++repeated_;
      return;
    }
  });
}

void Sending::RequestKeyFrame(uint32_t ssrc) {
  for (const auto& track : tracks_) {
    if (std::ranges::count(track->description().ssrcs, ssrc) == 0) continue;
    ++key_frames_asked_;
    track->source().RequestKeyFrame();
  }
}

size_t Sending::WriteRtcp(Timestamp now, ByteSpan room) {
  if (next_report_ && now < *next_report_) return 0;
  next_report_ = now + kReportInterval;
  ByteWriter out(room);
  for (const auto& track : tracks_) {
    for (size_t i = 0; i < track->description().ssrcs.size(); ++i) {
      if (out.room() < 2 * kRoomPerReport) break;
      rtp::SenderReport report = track->MakeReport(now, i);
      if (report.packet_count > 0) report.WriteTo(out);
    }
  }
  if (out.size() == 0) return 0;
  rtp::SourceDescription description;
  description.chunks.push_back({Ssrc(tracks_.front()->description().ssrcs.front()), "load"});
  description.WriteTo(out);
  return out.ok() ? out.size() : 0;
}

}  // namespace sluice::load
