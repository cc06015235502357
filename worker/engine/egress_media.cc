// The part of Egress that writes media: what leaves now, in which order, and what is noted of it.

#include <algorithm>
#include <utility>

#include "worker/engine/egress.h"
#include "worker/engine/packet_comments.h"
#include "worker/engine/transmission.h"

namespace sluice::worker {
namespace {

using rtp::MediaKind;

// What SRTP adds at most: a 16-byte tag (RFC 7714 §14.2).
constexpr size_t kSealRoom = 16;

constexpr uint8_t kPaddingBit = 1 << 5;

// RFC 3550 §5.1: zeros, and a last byte that counts them all. What was shared is copied in front of
// it. Nothing if there is no room.
std::optional<rtp::OutgoingPacket> Padded(const rtp::OutgoingPacket& packet, size_t padding,
                                          ByteSpan room) {
  ByteWriter out(room.subspan(packet.written));
  out.Bytes(packet.rest);
  out.Zeros(padding - 1);
  out.U8(static_cast<uint8_t>(padding));
  if (!out.ok()) return std::nullopt;
  room[0] |= kPaddingBit;
  return rtp::OutgoingPacket{packet.header_size, packet.written + out.size(), {}};
}

}  // namespace

bool Egress::WriteMedia(Timestamp now, Link& link, TransmitBatch& batch, Departures& departures) {
  StartProbes(now);
  while (!pacer_.empty()) {
    const size_t room = batch.room();
    // Rather than cut what could leave as one train.
    const size_t wanted = std::min(pacer_.items(), Departures::Order::kMaxPackets);
    if (room < wanted && !batch.empty()) return true;
    const size_t most = std::min(room, wanted);
    std::vector<rtp::PacerItem>& due = departures.due();
    while (due.size() < most) {
      std::optional<rtp::PacerItem> item = pacer_.Pop(now);
      if (!item) break;
      due.push_back(*std::move(item));
    }
    const bool all = due.size() < most;
    WriteDue(now, link, batch, departures);
    if (all) break;
  }
  CountEvicted();
  return WriteProbe(now, link, batch);
}

void Egress::WriteDue(Timestamp now, Link& link, TransmitBatch& batch, Departures& departures) {
  if (departures.due().empty()) return;
  // A stream of bytes needs no pieces of one size.
  const bool pads =
      batch.forms_trains() && link.destination().remote.protocol == TransportProtocol::kUdp;
  // Of the train that is being put together.
  size_t train = 0;
  for (const Departures::Order::Place& place : departures.Arrange()) {
    rtp::PacerItem& item = departures.due()[place.packet];
    OutboundStream& stream = *streams_[item.owner];
    const ByteSpan room = batch.Room();
    std::optional<rtp::OutgoingPacket> written = WriteItem(now, item, room);
    if (written) {
      // Sizes were compared as they came in. As they go out, extensions may differ.
      if (place.begins) train = written->size() + place.padding;
      const size_t short_of =
          place.is_full && train > written->size() ? train - written->size() : 0;
      if (short_of > 0 && short_of <= Departures::Order::kMaxPadding && pads &&
          !item.rewrite.padding_only) {
        written = Padded(*written, short_of, room.first(room.size() - kSealRoom));
        if (written) departures.RecordPadding(short_of);
      }
    }
    const auto job = written ? link.PrepareRtp(room, *written) : std::nullopt;
    if (!job) {
      stream.drops.Count(DropReason::kTooLarge);
      continue;
    }
    if (link.tap() != nullptr) AnnotateSent(*link.tap(), item);
    RecordSent(now, item, stream, job->clear.out.size());
    if (!item.retransmission) departures.RecordArrival(item.packet.arrival());
    departures.Commit(batch, link.destination(), *job, std::move(item.packet));
  }
  departures.due().clear();
}

rtp::Departure Egress::DepartureAt(Timestamp now) const {
  return {NtpTime::From(now, unix_offset_), transport_sequence_};
}

std::optional<rtp::OutgoingPacket> Egress::WriteRtx(Timestamp now, OutboundStream& stream,
                                                    const Repetition& what, ByteSpan room) {
  const std::optional<PayloadType> type = stream.rtx->payload_types.Find(what.rewrite.payload_type);
  if (!type) return std::nullopt;
  const rtp::RtxHeader header{stream.rtx->ssrc, *type, SeqNo(stream.rtx->next_seq)};
  const auto written = stream.writer.WriteRtx(what.packet, what.rewrite, header, DepartureAt(now),
                                              room.first(room.size() - kSealRoom));
  if (written) ++stream.rtx->next_seq;
  return written;
}

std::optional<rtp::OutgoingPacket> Egress::WriteItem(Timestamp now, const rtp::Pacer::Item& item,
                                                     ByteSpan room) {
  OutboundStream& stream = *streams_[item.owner];
  const bool rtx = item.retransmission && stream.rtx &&
                   stream.rtx->payload_types.Find(item.rewrite.payload_type);
  if (rtx) return WriteRtx(now, stream, {item.packet, item.rewrite}, room);
  return stream.writer.Write(item.packet, item.rewrite, DepartureAt(now),
                             room.first(room.size() - kSealRoom));
}

void Egress::RecordSent(Timestamp now, const rtp::Pacer::Item& item, OutboundStream& stream,
                        size_t size) {
  using Use = rtp::BandwidthEstimator::Use;
  const bool audio = stream.sent.kind() == MediaKind::kAudio;
  if (stream.numbered) {
    const Use media = audio ? Use::kAudio : Use::kVideo;
    const auto repeats = static_cast<uint8_t>(item.retransmission ? item.repeats + 1 : 0);
    RecordNumbered(now, {.bytes = size,
                         .use = item.retransmission ? Use::kRetransmission : media,
                         .probe = item.probe,
                         .name = Transmission{item.owner, item.rewrite.seq, repeats}.name()});
  }
  // What has no number is not part of the estimate either.
  if (audio && stream.numbered) audio_rate_.Record(now, size);
  if (item.retransmission) {
    stream.sent.RecordRetransmitted(now, size);
    ++totals_.rtx_packets;
    totals_.rtx_bytes += size;
    return;
  }
  stream.sent.RecordSent(now, item.rewrite.timestamp, item.packet.payload().size(), size);
  ++totals_.rtp_packets;
  totals_.rtp_bytes += size;
  if (stream.nack) stream.cache.Store(now, item.packet, item.rewrite);
  if (!stream.reports.NextTimeout()) {
    stream.reports.Start(now);
    next_report_ = Earlier(next_report_, stream.reports.NextTimeout());
  }
}

}  // namespace sluice::worker
