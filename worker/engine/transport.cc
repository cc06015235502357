#include "worker/engine/transport.h"

#include <algorithm>
#include <array>

#include "dtls/session.h"

namespace sluice::worker {
namespace {

// RTCP stays below any path MTU: 1,200 bytes are what QUIC and WebRTC count on (RFC 9000 §14).
constexpr size_t kMaxRtcp = 1200;
// Index and tag of SRTCP (RFC 3711 §3.4, RFC 7714 §9).
constexpr size_t kSealRoom = 20;

}  // namespace

void Transport::HandleTimeout(Timestamp now) {
  link.HandleTimeout(now);
  ingress.HandleTimeout(now);
  egress.HandleTimeout(now);
}

std::optional<Timestamp> Transport::NextChange() const {
  const std::optional<Timestamp> next = link.NextTimeout();
  // Without a path there is nobody to tell anything.
  if (!link.ready()) return next;
  return Earlier(Earlier(next, ingress.NextTimeout()), Earlier(next_sharing, next_scores));
}

bool Transport::PollTransmit(Timestamp now, TransmitBatch& batch, Departures& departures) {
  if (link.tap() != nullptr) link.tap()->set_now(now);
  const size_t entries = batch.entries().size();
  const size_t bytes = batch.bytes();
  bool more = false;
  if (link.ready() && !closed) egress.WriteDue(now, link, batch, departures);
  more = link.PollTransmit(now, batch);
  if (!more && link.ready() && !closed) {
    // Data last: it may be much, and what is not written now is written with the next batch.
    more = WriteRtcp(now, batch) || egress.WriteMedia(now, link, batch, departures) ||
           (data != nullptr && WriteData(now, batch));
  } else if (!more && closed) {
    // The other end of a pipe learns from SCTP alone that there is nobody any more.
    more = WriteData(now, batch);
  }
  RecordSent(now, batch, entries, bytes);
  return more;
}

bool Transport::PollMedia(Timestamp now, TransmitBatch& batch, Departures& departures) {
  if (!link.ready() || closed) return false;
  if (link.tap() != nullptr) link.tap()->set_now(now);
  const size_t entries = batch.entries().size();
  const size_t bytes = batch.bytes();
  egress.WriteDue(now, link, batch, departures);
  const bool more = egress.WriteMedia(now, link, batch, departures);
  RecordSent(now, batch, entries, bytes);
  return more;
}

void Transport::RecordSent(Timestamp now, const TransmitBatch& batch, size_t entries,
                           size_t bytes) {
  if (batch.bytes() == bytes) return;
  totals_.packets_sent += batch.entries().size() - entries;
  totals_.bytes_sent += batch.bytes() - bytes;
  sent_.Record(now, batch.bytes() - bytes);
}

bool Transport::WriteRtcp(Timestamp now, TransmitBatch& batch) {
  // Bounded in any case: whatever a writer leaves over, it can write into an empty datagram.
  for (bool more = true; more;) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    ByteWriter out(room.first(kMaxRtcp - kSealRoom));
    more = egress.WriteReports(now, out) || ingress.WriteRtcp(now, out);
    if (!out.ok()) drops.Count(DropReason::kTooLarge);
    if (out.size() == 0 || !out.ok()) return false;
    const std::optional<Path>& destination = link.rtcp_destination();
    // What is said while nobody knows where to is said again when its time comes.
    if (!destination) {
      drops.Count(DropReason::kNotConnected);
      continue;
    }
    const std::optional<size_t> size = link.SealRtcp(room, out.size());
    if (!size) {
      drops.Count(DropReason::kTooLarge);
      return false;
    }
    batch.Commit(*destination, *size);
  }
  return false;
}

bool Transport::WriteData(Timestamp now, TransmitBatch& batch) {
  if (data == nullptr || !link.CanSendData()) return false;
  std::array<uint8_t, dtls::Session::kMaxApplicationData> packet;
  for (;;) {
    if (batch.Room().empty()) return true;
    const size_t size = data->association().PollTransmit(now, packet);
    if (size == 0) return false;
    if (!link.SendData(ByteView(packet).first(size))) drops.Count(DropReason::kTooLarge);
    if (link.PollTransmit(now, batch)) return true;
  }
}

DropCounters Transport::AllDrops() const {
  DropCounters sum = drops;
  sum.Add(link.drops());
  if (data != nullptr) sum.Add(data->association().drops());
  sum.Add(egress.drops());
  for (const std::unique_ptr<OutboundStream>& stream : egress.streams()) {
    if (stream != nullptr) sum.Add(stream->AllDrops());
  }
  return sum;
}

Traffic Transport::AllTraffic(Timestamp now) const {
  Traffic sum{.packets_received = totals_.packets_received,
              .bytes_received = totals_.bytes_received,
              .packets_sent = totals_.packets_sent,
              .bytes_sent = totals_.bytes_sent,
              .probation_bytes_sent = egress.totals().probation_bytes,
              .incoming = past_incoming,
              .outgoing = past_outgoing,
              .drops = AllDrops()};
  for (const std::unique_ptr<InboundStream>& stream : ingress.streams()) {
    if (stream != nullptr && stream->receiver) sum.incoming.Add(stream->receiver->stats(now));
  }
  for (const std::unique_ptr<OutboundStream>& stream : egress.streams()) {
    if (stream != nullptr) sum.outgoing.Add(stream->sent.stats(now));
  }
  return sum;
}

}  // namespace sluice::worker
