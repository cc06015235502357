#include "worker/engine/statistics.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "worker/engine/data_flow.h"
#include "worker/engine/link_events.h"
#include "worker/engine/plain_link.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

uint64_t Milliseconds(Timestamp time) {
  return static_cast<uint64_t>(time.time_since_epoch().count() / 1000);
}

float Milliseconds(std::optional<Duration> span) {
  return span ? static_cast<float>(span->count()) / 1000.0f : 0.0f;
}

// Rates of the control API have 32 bits; no transport of ours reaches 4 Gbit/s.
uint32_t Bps(BitRate rate) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(rate.bps(), 0, std::numeric_limits<uint32_t>::max()));
}

std::vector<std::unique_ptr<schema::DropCountT>> Describe(const DropCounters& counters) {
  std::vector<std::unique_ptr<schema::DropCountT>> list;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (counters[reason] == 0) continue;
    auto entry = std::make_unique<schema::DropCountT>();
    entry->reason = DropReasonName(reason);
    entry->packets = counters[reason];
    list.push_back(std::move(entry));
  }
  return list;
}

schema::MediaKind Describe(rtp::MediaKind kind) {
  return kind == rtp::MediaKind::kAudio ? schema::MediaKind::Audio : schema::MediaKind::Video;
}

std::unique_ptr<schema::RtpStreamStatsT> Describe(const InboundStream& stream, Timestamp now) {
  auto stats = std::make_unique<schema::RtpStreamStatsT>();
  stats->timestamp_ms = Milliseconds(now);
  stats->rid = stream.rid;
  stats->kind = Describe(stream.options.kind);
  stats->mime_type = stream.mime_type;
  if (stream.rtx_ssrc) stats->rtx_ssrc = stream.rtx_ssrc->value();
  if (stream.signalled_ssrc) stats->ssrc = stream.signalled_ssrc->value();
  if (!stream.receiver) return stats;
  const rtp::StreamReceiver::Stats from = stream.receiver->stats(now);
  stats->ssrc = stream.receiver->ssrc().value();
  stats->packet_count = from.packets;
  stats->byte_count = from.bytes;
  stats->bitrate = Bps(from.rate);
  stats->packets_lost = from.packets_lost;
  stats->fraction_lost = from.fraction_lost;
  stats->packets_discarded = from.packets_discarded;
  stats->packets_retransmitted = from.packets_retransmitted;
  stats->packets_repaired = from.packets_repaired;
  stats->nack_count = from.nack_count;
  stats->nack_packet_count = from.nack_packet_count;
  stats->pli_count = from.pli_count;
  stats->fir_count = from.fir_count;
  stats->rtx_packets_discarded = from.rtx_packets_discarded;
  stats->key_frames = from.key_frames;
  stats->jitter = from.jitter;
  stats->round_trip_time_ms = Milliseconds(from.round_trip);
  stats->score = from.score;
  return stats;
}

void DescribeBandwidth(const Transport& transport, Timestamp now, schema::TransportStatsT& stats) {
  const Egress& egress = transport.egress;
  if (egress.estimator().active()) {
    stats.available_outgoing_bitrate = Bps(egress.estimator().estimate());
  }
  stats.min_outgoing_bitrate = Bps(egress.bounds().min);
  stats.max_outgoing_bitrate = Bps(egress.bounds().max);
  stats.desired_outgoing_bitrate = Bps(egress.desired());
  stats.probation_bytes_sent = egress.totals().probation_bytes;
  stats.probation_send_bitrate = Bps(egress.probation().Rate(now));
  stats.bandwidth_reason = std::string(egress.bandwidth_reason());
  stats.send_queue_ms = Milliseconds(std::optional(egress.queue_delay()));
}

// A share of packets, of several streams together: each counts as much as it sends.
class SharedLoss {
 public:
  void Add(BitRate rate, uint8_t fraction_lost) {
    const auto weight = static_cast<double>(rate.bps());
    weights_ += weight;
    lost_ += weight * fraction_lost / 256.0;
  }
  // Nothing if nothing is sent.
  flatbuffers::Optional<float> Share() const {
    if (weights_ <= 0.0) return flatbuffers::nullopt;
    return static_cast<float>(lost_ / weights_);
  }

 private:
  double weights_ = 0;
  double lost_ = 0;
};

void DescribeLink(const Workspace& workspace, const Transport& transport,
                  schema::TransportStatsT& stats) {
  if (const auto* link = transport.As<WebRtcLink>()) {
    stats.ice_state = ice::StateName(link->agent().state());
    stats.dtls_state = DtlsStateName(link->dtls_state());
    if (const std::optional<Path>& path = link->agent().selected()) {
      stats.selected_tuple = DescribeTuple(workspace, transport, *path);
    }
  }
  if (const auto* link = transport.As<PlainLink>()) {
    if (link->path()) stats.selected_tuple = DescribeTuple(workspace, transport, *link->path());
    if (link->rtcp_path()) {
      stats.rtcp_tuple = DescribeTuple(workspace, transport, *link->rtcp_path());
    }
  }
  stats.kind = LinkKindName(transport.link.kind());
  stats.srtp_profile = transport.link.srtp_profile();
}

std::unique_ptr<schema::ConsumerLayersT> Describe(const rtp::LayerId& layers) {
  auto described = std::make_unique<schema::ConsumerLayersT>();
  described->spatial_layer = layers.spatial;
  described->temporal_layer = layers.temporal;
  return described;
}

// What each layer of an encoding carries by itself.
void DescribeLayers(const Producer& producer, const InboundStream& stream, Timestamp now,
                    schema::RtpStreamStatsT& stats) {
  for (uint8_t spatial = 0; spatial < rtp::kMaxSpatialLayers; ++spatial) {
    for (uint8_t temporal = 0; temporal < rtp::kMaxTemporalLayers; ++temporal) {
      const BitRate rate =
          producer.layers->LayerRate(now, {stream.source.index, {spatial, temporal}});
      if (rate.bps() == 0) continue;
      auto entry = std::make_unique<schema::LayerBitrateT>();
      entry->spatial_layer = spatial;
      entry->temporal_layer = temporal;
      entry->bitrate = Bps(rate);
      stats.bitrate_by_layer.push_back(std::move(entry));
    }
  }
}

std::unique_ptr<schema::TcpStatsT> Describe(const Engine::TcpUse& use) {
  auto stats = std::make_unique<schema::TcpStatsT>();
  stats->connections = static_cast<uint32_t>(use.connections);
  stats->strangers = static_cast<uint32_t>(use.strangers);
  stats->accepted = use.accepted;
  stats->refused = use.refused;
  stats->expired = use.expired;
  stats->expelled = use.expelled;
  stats->late_packets = use.late;
  return stats;
}

std::unique_ptr<schema::StunStatsT> Describe(const ice::BindingResponder::Counters& counters) {
  auto stats = std::make_unique<schema::StunStatsT>();
  stats->requests = counters.requests;
  stats->answers = counters.answers;
  stats->too_short = counters.short_of_credit;
  stats->over_limit = counters.over_limit;
  return stats;
}

}  // namespace

schema::WorkerStatsT DescribeWorker(const Workspace& workspace, Timestamp now) {
  schema::WorkerStatsT stats;
  stats.timestamp_ms = Milliseconds(now);
  stats.routers = static_cast<uint32_t>(workspace.routers.size());
  stats.transports = static_cast<uint32_t>(workspace.transports.size() - workspace.closing.size());
  stats.producers = static_cast<uint32_t>(workspace.producers.size());
  stats.consumers = static_cast<uint32_t>(workspace.consumers.size());
  stats.packets_in_use = static_cast<uint32_t>(workspace.options.pool.in_use());
  stats.packets_allocated = static_cast<uint32_t>(workspace.options.pool.allocated());
  stats.drops = Describe(workspace.drops);
  stats.datagrams_received = workspace.datagrams_received;
  stats.datagrams_sent = workspace.datagrams_sent;
  stats.sends = workspace.sending.sends;
  stats.send_calls = workspace.sending.calls;
  stats.trains_refused = workspace.sending.trains_refused;
  stats.holds = workspace.sending.holds;
  stats.held_us = static_cast<uint64_t>(workspace.sending.held.count());
  stats.padding_bytes_sent = workspace.departures.padding_bytes();
  stats.tcp = Describe(workspace.tcp);
  if (workspace.stun) stats.stun = Describe(workspace.stun->counters());
  stats.requests = workspace.requests;
  stats.requests_refused = workspace.requests_refused;
  stats.messages_dropped = workspace.outbox.dropped();
  return stats;
}

namespace {

std::unique_ptr<schema::SctpStatsT> DescribeSctp(const DataPath& data) {
  const sctp::Association& association = data.association();
  const sctp::Association::Counters& counters = association.counters();
  auto stats = std::make_unique<schema::SctpStatsT>();
  stats->state = SctpStateName(association.state());
  stats->messages_received = counters.messages_received;
  stats->bytes_received = counters.bytes_received;
  stats->messages_sent = counters.messages_sent;
  stats->bytes_sent = counters.bytes_sent;
  stats->buffered_amount = static_cast<uint32_t>(association.buffered_amount());
  stats->messages_refused = counters.messages_refused;
  stats->messages_expired = counters.messages_expired;
  stats->messages_lost = counters.messages_lost;
  stats->messages_oversized = counters.messages_oversized;
  stats->messages_cut_off = counters.messages_cut_off;
  stats->messages_unclaimed = data.unclaimed();
  stats->inits_ignored = counters.inits_ignored;
  stats->restarts = counters.restarts;
  stats->dcep_refused = data.dcep_refused();
  return stats;
}

}  // namespace

schema::TransportStatsT DescribeTransport(const Workspace& workspace, const Transport& transport,
                                          Timestamp now) {
  schema::TransportStatsT stats;
  stats.transport_id = transport.id;
  stats.timestamp_ms = Milliseconds(now);
  DescribeLink(workspace, transport, stats);
  stats.bytes_received = transport.totals().bytes_received;
  stats.bytes_sent = transport.totals().bytes_sent;
  stats.packets_received = transport.totals().packets_received;
  stats.packets_sent = transport.totals().packets_sent;
  stats.recv_bitrate = Bps(transport.received().Rate(now));
  stats.send_bitrate = Bps(transport.sent().Rate(now));
  const Ingress::Totals& received = transport.ingress.totals();
  stats.rtp_bytes_received = received.rtp_bytes;
  stats.rtx_bytes_received = received.rtx_bytes;
  stats.rtp_recv_bitrate = Bps(received.rtp_rate.Rate(now));
  stats.rtx_recv_bitrate = Bps(received.rtx_rate.Rate(now));
  SharedLoss lost_here;
  transport.ingress.ForEachReceiver([&](const rtp::StreamReceiver& receiver) {
    const rtp::StreamReceiver::Stats from = receiver.stats(now);
    lost_here.Add(from.rate, from.fraction_lost);
  });
  stats.rtp_packet_loss_received = lost_here.Share();
  SharedLoss lost_there;
  for (const std::unique_ptr<OutboundStream>& stream : transport.egress.streams()) {
    if (stream == nullptr) continue;
    const rtp::SendStream::Stats from = stream->sent.stats(now);
    stats.rtp_send_bitrate += Bps(from.rate);
    stats.rtx_send_bitrate += Bps(from.retransmitted_rate);
    lost_there.Add(from.rate, from.fraction_lost);
  }
  stats.rtp_packet_loss_sent = lost_there.Share();
  stats.rtp_bytes_sent = transport.egress.totals().rtp_bytes;
  stats.rtx_bytes_sent = transport.egress.totals().rtx_bytes;
  DescribeBandwidth(transport, now, stats);
  stats.available_incoming_bitrate = Bps(transport.ingress.estimate());
  stats.max_incoming_bitrate = Bps(transport.ingress.max_bit_rate());
  stats.drops = Describe(transport.AllDrops());
  const std::optional<Duration> sending = transport.egress.round_trip();
  stats.round_trip_time_ms = Milliseconds(sending ? sending : transport.ingress.round_trip());
  if (transport.data != nullptr) stats.sctp = DescribeSctp(*transport.data);
  return stats;
}

namespace {

std::unique_ptr<schema::RtpStreamStatsT> DescribeReceived(const Producer& producer,
                                                          const InboundStream& stream,
                                                          Timestamp now) {
  std::unique_ptr<schema::RtpStreamStatsT> stats = Describe(stream, now);
  if (producer.layers) DescribeLayers(producer, stream, now, *stats);
  stats->frame_width = stream.size.width;
  stats->frame_height = stream.size.height;
  return stats;
}

// Of several encodings a consumer has the one that flows, and one that carries all has all.
bool Feeds(const InboundStream& stream, const Consumer& consumer, size_t encodings) {
  if (encodings == 1 || consumer.pinned) return true;
  return consumer.flowing && consumer.flowing->encoding == stream.source.index;
}

}  // namespace

schema::StreamStatsListT DescribeProducer(const Workspace& workspace, Handle<Producer> handle,
                                          Timestamp now) {
  schema::StreamStatsListT list;
  const Producer& producer = *workspace.producers.Find(handle);
  const Transport& transport = *workspace.transports.Find(producer.transport);
  for (const InboundStream* stream : transport.ingress.StreamsOf(handle)) {
    list.streams.push_back(DescribeReceived(producer, *stream, now));
  }
  return list;
}

namespace {

// One stream of a consumer; on a pipe there is one for each encoding.
std::unique_ptr<schema::RtpStreamStatsT> DescribeSent(const Workspace& workspace, Timestamp now,
                                                      const Consumer& consumer) {
  const Transport& transport = *workspace.transports.Find(consumer.transport);
  const OutboundStream& stream = transport.egress.stream(consumer.stream);
  const rtp::SendStream::Stats from = stream.sent.stats(now);
  auto stats = std::make_unique<schema::RtpStreamStatsT>();
  stats->timestamp_ms = Milliseconds(now);
  stats->ssrc = stream.sent.ssrc().value();
  if (stream.rtx) stats->rtx_ssrc = stream.rtx->ssrc.value();
  stats->kind = Describe(consumer.kind);
  stats->mime_type = consumer.plan.main_codec().mime_type;
  stats->packet_count = from.packets;
  stats->byte_count = from.bytes;
  stats->bitrate = Bps(from.rate);
  stats->packets_lost = from.packets_lost;
  stats->fraction_lost = from.fraction_lost;
  stats->packets_retransmitted = from.packets_retransmitted;
  stats->nack_count = from.nack_count;
  stats->nack_packet_count = from.nack_packet_count;
  stats->pli_count = from.pli_count;
  stats->fir_count = from.fir_count;
  stats->jitter = from.jitter;
  stats->round_trip_time_ms = Milliseconds(from.round_trip);
  stats->drops = Describe(stream.AllDrops());
  stats->score = stream.score.value();
  if (consumer.kind == rtp::MediaKind::kVideo && !consumer.pinned) {
    stats->preferred_layers = Describe(consumer.preferred);
    if (consumer.told_layers) stats->current_layers = Describe(*consumer.told_layers);
    stats->layers_reason = std::string(rtp::Allocator::Name(consumer.reason));
  }
  return stats;
}

}  // namespace

schema::StreamStatsListT DescribeConsumer(const Workspace& workspace, Handle<Consumer> handle,
                                          Timestamp now) {
  const Consumer& consumer = *workspace.consumers.Find(handle);
  schema::StreamStatsListT list;
  list.streams.push_back(DescribeSent(workspace, now, consumer));
  for (Handle<Consumer> part : consumer.parts) {
    const Consumer* found = workspace.consumers.Find(part);
    if (found != nullptr) list.streams.push_back(DescribeSent(workspace, now, *found));
  }
  const Producer& producer = *workspace.producers.Find(consumer.producer);
  const Transport& source = *workspace.transports.Find(producer.transport);
  for (const InboundStream* stream : source.ingress.StreamsOf(consumer.producer)) {
    if (!Feeds(*stream, consumer, producer.plan.encodings.size())) continue;
    list.streams.push_back(DescribeReceived(producer, *stream, now));
  }
  return list;
}

schema::DataProducerStatsT DescribeDataProducer(const DataProducer& producer, Timestamp now) {
  schema::DataProducerStatsT stats;
  stats.timestamp_ms = Milliseconds(now);
  stats.label = producer.label;
  stats.protocol = producer.protocol;
  stats.messages_received = producer.messages;
  stats.bytes_received = producer.bytes;
  stats.messages_dropped = producer.dropped;
  return stats;
}

schema::DataConsumerStatsT DescribeDataConsumer(const Workspace& workspace,
                                                const DataConsumer& consumer, Timestamp now) {
  schema::DataConsumerStatsT stats;
  stats.timestamp_ms = Milliseconds(now);
  const DataProducer& producer = *workspace.data_producers.Find(consumer.producer);
  stats.label = producer.label;
  stats.protocol = producer.protocol;
  stats.messages_sent = consumer.messages;
  stats.bytes_sent = consumer.bytes;
  stats.messages_dropped = consumer.dropped;
  if (consumer.stream) {
    const Transport& transport = *workspace.transports.Find(consumer.transport);
    stats.buffered_amount =
        static_cast<uint32_t>(transport.data->association().buffered_amount(*consumer.stream));
  }
  return stats;
}

}  // namespace sluice::worker
