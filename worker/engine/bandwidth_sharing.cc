#include "worker/engine/bandwidth_sharing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "worker/engine/media_flow.h"
#include "worker/engine/pipe_demand.h"
#include "worker/engine/traces.h"

namespace sluice::worker {
namespace {

// Layers fall silent and rates drift; five times a second is soon enough for both.
constexpr Duration kPeriod = std::chrono::milliseconds(200);
// An estimate that has moved by less than a thirtieth changes nothing that cannot wait for it.
constexpr int64_t kNoticeable = 30;
// What the allocator wants to be free beyond the sum before it gives anybody more, and a bit.
constexpr int64_t kWithHeadroom = 112;
// The smallest pictures may take so much of the estimate.
constexpr int64_t kTolerated = 140;
// Nor do they take more than this before anything is known: what asks for more for its smallest
// picture has to show that it fits.
constexpr BitRate kMostUnknown = BitRate::Kbps(5'000);

bool IsWatching(const Workspace& workspace, const Consumer& consumer) {
  const Producer* producer = workspace.producers.Find(consumer.producer);
  return consumer.kind == rtp::MediaKind::kVideo && producer->layers && !consumer.stopped() &&
         !producer->paused;
}

// What an encoding takes as a whole.
BitRate RateOf(Timestamp now, Producer& producer, uint8_t encoding) {
  BitRate most;
  for (const rtp::LayerCatalog::Offer& offer : producer.layers->Offers(now)) {
    if (offer.where.encoding == encoding && offer.alive) most = std::max(most, offer.rate);
  }
  return most;
}

// What everybody's lowest layer takes together.
BitRate LowestOf(const std::vector<rtp::Allocator::Request>& requests) {
  BitRate sum;
  for (const rtp::Allocator::Request& request : requests) {
    const auto lowest =
        std::ranges::find_if(request.offers, [](const auto& offer) { return offer.alive; });
    if (!request.paused && lowest != request.offers.end()) sum = sum + lowest->rate;
  }
  return sum;
}

BitRate Percent(BitRate rate, int64_t percent) {
  return BitRate::Bps(SaturatedProduct(rate.bps(), percent) / 100);
}

// Until the path has shown a limit, everybody's smallest picture is the way to ask for it: the
// initial estimate is a guess, and nobody should see black for it. Nor for an estimate that is a
// little too low: if the path does not carry it, its queue will say so.
std::optional<BitRate> Available(const Transport& transport, Timestamp now,
                                 const std::vector<rtp::Allocator::Request>& requests) {
  std::optional<BitRate> available = transport.egress.AvailableForVideo(now);
  if (!available) return available;
  // Smaller pictures would not arrive either, and their key frames would cost the others.
  if (transport.egress.IsSilent(now)) return BitRate();
  const BitRate lowest = Percent(LowestOf(requests), kWithHeadroom);
  if (Percent(*available, kTolerated) >= lowest) return std::max(*available, lowest);
  if (!transport.egress.HasMetLimit()) return std::max(*available, std::min(lowest, kMostUnknown));
  return available;
}

void Apply(Workspace& workspace, Timestamp now, Transport& transport,
           const rtp::Allocator::Decision& decision) {
  Consumer* consumer = workspace.consumers.Find(workspace.consumers.At(decision.consumer));
  consumer->reason = decision.reason;
  if (transport.egress.forwarder(consumer->stream).target() != decision.target) {
    // What has come was for whoever took it then.
    ServeAll(workspace, now);
    transport.egress.SetTarget(consumer->stream, decision.target);
    FollowTarget(workspace, now, transport, *consumer);
  }
  TraceLayers(workspace, now, *consumer, decision.layer, transport.shared.value_or(BitRate()));
  AskAwaited(workspace, now, *consumer);
  TellLayers(workspace, now, *consumer);
}

bool HasMoved(std::optional<BitRate> before, std::optional<BitRate> now) {
  if (before.has_value() != now.has_value()) return true;
  if (!now) return false;
  const int64_t step = std::abs(now->bps() - before->bps());
  return step * kNoticeable > before->bps();
}

bool WasNoCongestion(rtp::BandwidthEstimator::Reason reason) {
  using Reason = rtp::BandwidthEstimator::Reason;
  return reason == Reason::kNewRoute || reason == Reason::kPassed;
}

void TraceDecisions(Workspace& workspace, Timestamp now, Transport& transport) {
  while (const auto decision = transport.egress.PollDecision()) {
    TraceEstimate(workspace, now, transport, *decision);
    if (WasNoCongestion(decision->reason)) transport.allocator.LiftHolds();
  }
}

// The place by size of a layer of an encoding; nothing until it has been seen.
std::optional<uint8_t> PlaceOf(Timestamp now, Producer& producer, uint8_t encoding,
                               uint8_t spatial) {
  for (const rtp::LayerCatalog::Offer& offer : producer.layers->Offers(now)) {
    if (offer.where.encoding == encoding && offer.where.layer.spatial == spatial) {
      return offer.layer.spatial;
    }
  }
  return std::nullopt;
}

std::unique_ptr<schema::ConsumerLayersT> Describe(const rtp::LayerId& layers) {
  auto described = std::make_unique<schema::ConsumerLayersT>();
  described->spatial_layer = layers.spatial;
  described->temporal_layer = layers.temporal;
  return described;
}

// What one consumer watches at the most: on a pipe, the size that it carries.
rtp::LayerId WatchedBy(Timestamp now, Producer& producer, const Consumer& consumer) {
  if (!consumer.pinned || producer.plan.encodings.size() == 1) return consumer.preferred;
  std::optional<uint8_t> place = PlaceOf(now, producer, *consumer.pinned, 0);
  if (!place) place = producer.layers->DeclaredPlace(*consumer.pinned);
  return {place.value_or(*consumer.pinned), rtp::kMaxTemporalLayers - 1};
}

}  // namespace

WantedLayers FindWanted(const Workspace& workspace, Timestamp now, Producer& producer) {
  WantedLayers wanted;
  for (Handle<Consumer> handle : producer.consumers) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    if (consumer == nullptr || consumer->stopped()) continue;
    const rtp::LayerId before = wanted.layers.value_or(rtp::LayerId());
    const rtp::LayerId watched = WatchedBy(now, producer, *consumer);
    wanted.layers = {std::max(before.spatial, watched.spatial),
                     std::max(before.temporal, watched.temporal)};
  }
  if (!wanted.layers) return wanted;
  for (size_t i = 0; i < producer.plan.encodings.size(); ++i) {
    const auto index = static_cast<uint8_t>(i);
    std::optional<uint8_t> place = PlaceOf(now, producer, index, 0);
    // Of an encoding that has not come only its publisher can say how large it is.
    if (!place) place = producer.layers->DeclaredPlace(index);
    wanted.encodings[i] = !place || *place <= wanted.layers->spatial;
  }
  return wanted;
}

void ShareBandwidth(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.next_sharing.reset();
  if (!transport.link.ready()) return;
  std::vector<rtp::Allocator::Request>& requests = workspace.requests_scratch;
  requests.clear();
  bool watching = false;
  // What is sent whatever the path carries: whole encodings, whose receiver chooses himself. What
  // is over a pipe is not shared at all.
  const bool over_pipe = transport.link.kind() == LinkKind::kPipe;
  BitRate carried;
  for (Handle<Consumer> consumer_handle : transport.consumers) {
    const Consumer& consumer = *workspace.consumers.Find(consumer_handle);
    Producer& producer = *workspace.producers.Find(consumer.producer);
    if (!producer.layers || (consumer.pinned && over_pipe)) continue;
    const bool watches = IsWatching(workspace, consumer);
    watching |= watches;
    if (consumer.pinned) {
      if (watches) carried = carried + RateOf(now, producer, *consumer.pinned);
      continue;
    }
    requests.push_back({.consumer = consumer_handle.slot,
                        .priority = consumer.priority,
                        .preferred = consumer.preferred,
                        .offers = producer.layers->Offers(now),
                        .paused = !watches});
  }
  transport.shared = Available(transport, now, requests);
  std::optional<BitRate> left = transport.shared;
  if (left) left = std::max(*left - carried, BitRate());
  for (const rtp::Allocator::Decision& decision :
       transport.allocator.Allocate(now, left, requests, transport.egress.IsPressed())) {
    Apply(workspace, now, transport, decision);
  }
  transport.egress.SetDesired(now, transport.allocator.desired() + carried);
  if (watching) transport.next_sharing = now + kPeriod;
  workspace.Wake(handle);
}

void ShareBandwidthIfDue(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  TraceDecisions(workspace, now, transport);
  if (!transport.next_sharing) return;
  if (*transport.next_sharing <= now ||
      HasMoved(transport.shared, transport.egress.AvailableForVideo(now))) {
    ShareBandwidth(workspace, now, handle);
  }
}

void ShareAnew(Workspace& workspace, Timestamp now, const Producer& producer) {
  for (Handle<Consumer> handle : producer.consumers) {
    const Consumer& consumer = *workspace.consumers.Find(handle);
    Transport& transport = *workspace.transports.Find(consumer.transport);
    transport.next_sharing = now;
    workspace.Wake(consumer.transport);
  }
}

void TellLayers(Workspace& workspace, Timestamp now, Consumer& consumer) {
  if (consumer.kind != rtp::MediaKind::kVideo || consumer.pinned) return;
  const Transport& transport = *workspace.transports.Find(consumer.transport);
  Producer& producer = *workspace.producers.Find(consumer.producer);
  const std::optional<rtp::LayerTarget> current =
      transport.egress.forwarder(consumer.stream).current();
  if (current == consumer.flowing) return;
  std::optional<rtp::LayerId> layers;
  if (current) {
    const auto place = PlaceOf(now, producer, current->encoding, current->layer.spatial);
    if (!place) return;
    layers = {*place, current->layer.temporal};
  }
  consumer.flowing = current;
  if (layers == consumer.told_layers) return;
  consumer.told_layers = layers;
  schema::LayersChangeT news;
  if (layers) news.layers = Describe(*layers);
  news.reason = std::string(rtp::Allocator::Name(consumer.reason));
  const LogTag tag = producer.plan.encodings.size() > 1 ? LogTag::Simulcast : LogTag::Svc;
  workspace.Debug(now, tag, "consumer ", consumer.id, ": layers ",
                  layers ? static_cast<int>(layers->spatial) : -1, ".",
                  layers ? static_cast<int>(layers->temporal) : -1, ": ", news.reason);
  workspace.outbox.Notify(consumer.id, std::move(news));
}

void TellWanted(Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  TellDemand(workspace, now, handle);
  Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr || !producer->layers) return;
  const WantedLayers wanted = FindWanted(workspace, now, *producer);
  if (producer->told_wanted == wanted) return;
  producer->told_wanted = wanted;
  schema::WantedLayersT news;
  if (wanted.layers) news.layers = Describe(*wanted.layers);
  for (size_t i = 0; i < producer->plan.encodings.size(); ++i) {
    news.encodings.push_back(wanted.encodings[i]);
  }
  workspace.outbox.Notify(producer->id, std::move(news));
}

}  // namespace sluice::worker
