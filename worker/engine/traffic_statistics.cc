#include "worker/engine/traffic_statistics.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/engine/statistics_values.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

std::unique_ptr<schema::StreamTrafficT> DescribeStreams(const StreamTraffic& traffic) {
  auto stats = std::make_unique<schema::StreamTrafficT>();
  stats->packets = traffic.packets;
  stats->packets_lost = traffic.packets_lost;
  stats->packets_retransmitted = traffic.packets_retransmitted;
  stats->packets_repaired = traffic.packets_repaired;
  stats->nack_count = traffic.nacks;
  stats->nack_packet_count = traffic.nack_packets;
  stats->pli_count = traffic.plis;
  stats->fir_count = traffic.firs;
  stats->key_frames = traffic.key_frames;
  return stats;
}

// Adds up transports as they are now; what has been comes from their owner.
class TrafficSum {
 public:
  TrafficSum(Traffic past, Timestamp now) : now_(now), sum_(std::move(past)) {}

  void Add(const Transport& transport) {
    sum_.Add(transport.AllTraffic(now_));
    if (transport.closed) return;
    ++stats_.transports;
    stats_.producers += static_cast<uint32_t>(transport.producers.size());
    stats_.consumers += static_cast<uint32_t>(transport.consumers.size());
    stats_.data_producers += static_cast<uint32_t>(transport.data_producers.size());
    stats_.data_consumers += static_cast<uint32_t>(transport.data_consumers.size());
    if (const auto* link = transport.As<WebRtcLink>()) {
      ++ice_[static_cast<size_t>(link->agent().state())];
      ++dtls_[static_cast<size_t>(link->dtls_state())];
    }
    stats_.recv_bitrate += Bps(transport.received().Rate(now_));
    stats_.send_bitrate += Bps(transport.sent().Rate(now_));
    stats_.desired_outgoing_bitrate += Bps(transport.egress.desired());
    if (!transport.egress.estimator().active()) return;
    ++stats_.estimated_transports;
    stats_.available_outgoing_bitrate += Bps(transport.egress.estimator().estimate());
  }

  std::unique_ptr<schema::TrafficT> Describe() {
    stats_.packets_received = sum_.packets_received;
    stats_.bytes_received = sum_.bytes_received;
    stats_.packets_sent = sum_.packets_sent;
    stats_.bytes_sent = sum_.bytes_sent;
    stats_.probation_bytes_sent = sum_.probation_bytes_sent;
    stats_.received = DescribeStreams(sum_.incoming);
    stats_.sent = DescribeStreams(sum_.outgoing);
    stats_.drops = worker::Describe(sum_.drops);
    for (size_t i = 0; i < ice_.size(); ++i) {
      Append(stats_.ice_states, ice::StateName(static_cast<ice::State>(i)), ice_[i]);
    }
    for (size_t i = 0; i < dtls_.size(); ++i) {
      Append(stats_.dtls_states, DtlsStateName(static_cast<DtlsState>(i)), dtls_[i]);
    }
    return std::make_unique<schema::TrafficT>(std::move(stats_));
  }

 private:
  using States = std::vector<std::unique_ptr<schema::StateCountT>>;

  static void Append(States& states, std::string_view name, uint32_t count) {
    if (count == 0) return;
    states.push_back(std::make_unique<schema::StateCountT>());
    states.back()->state = name;
    states.back()->count = count;
  }

  const Timestamp now_;
  Traffic sum_;
  schema::TrafficT stats_;
  std::array<uint32_t, 5> ice_{};   // by ice::State
  std::array<uint32_t, 5> dtls_{};  // by DtlsState
};

}  // namespace

std::unique_ptr<schema::DurationHistogramT> Describe(DurationHistogram& histogram) {
  auto stats = std::make_unique<schema::DurationHistogramT>();
  for (size_t i = 0; i < DurationHistogram::kBounds; ++i) {
    stats->bounds_us.push_back(static_cast<uint64_t>(DurationHistogram::Bound(i).count()));
  }
  stats->counts.assign(histogram.cells().begin(), histogram.cells().end());
  stats->sum_us = histogram.sum_us();
  stats->max_us = histogram.TakeMaxUs();
  return stats;
}

std::unique_ptr<schema::TrafficT> DescribeTraffic(const Workspace& workspace, Timestamp now) {
  Traffic past = workspace.past;
  // With what belonged to no transport.
  past.drops = workspace.drops;
  TrafficSum sum(std::move(past), now);
  workspace.transports.ForEach(
      [&](Handle<Transport>, const Transport& transport) { sum.Add(transport); });
  return sum.Describe();
}

schema::RouterStatsT DescribeRouter(const Workspace& workspace, const Router& router,
                                    Timestamp now) {
  schema::RouterStatsT stats;
  stats.timestamp_ms = Milliseconds(now);
  stats.router_id = router.id;
  TrafficSum sum(router.past, now);
  for (Handle<Transport> handle : router.transports) sum.Add(*workspace.transports.Find(handle));
  stats.traffic = sum.Describe();
  return stats;
}

}  // namespace sluice::worker
