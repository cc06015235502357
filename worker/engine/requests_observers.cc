// Requests about observers of a router.

#include <chrono>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/pipe_demand.h"

namespace sluice::worker {

Dispatcher::Result Dispatcher::CreateAudioLevelObserver(Timestamp,
                                                        const schema::RequestT& request) {
  const auto& options = *request.body.AsCreateAudioLevelObserver();
  if (options.max_entries < 1 || options.max_entries > rtp::AudioLevelRanker::kMaxEntries) {
    return absl::InvalidArgumentError("maxEntries: neither 1 nor up to 64");
  }
  if (options.threshold < -127 || options.threshold > 0) {
    return absl::InvalidArgumentError("threshold: not -127 to 0");
  }
  if (options.interval_ms < 250 || options.interval_ms > 5000) {
    return absl::InvalidArgumentError("interval: not 250 to 5000");
  }
  return AddObserver(
      request, options.observer_id,
      rtp::AudioLevelRanker({.interval = std::chrono::milliseconds(options.interval_ms),
                             .max_entries = options.max_entries,
                             .threshold = options.threshold}));
}

Dispatcher::Result Dispatcher::CreateActiveSpeakerObserver(Timestamp,
                                                           const schema::RequestT& request) {
  const auto& options = *request.body.AsCreateActiveSpeakerObserver();
  if (options.interval_ms < 100 || options.interval_ms > 5000) {
    return absl::InvalidArgumentError("interval: not 100 to 5000");
  }
  return AddObserver(
      request, options.observer_id,
      rtp::DominantSpeaker({.interval = std::chrono::milliseconds(options.interval_ms)}));
}

Dispatcher::Result Dispatcher::AddObserver(const schema::RequestT& request, const std::string& id,
                                           Observer::Core core) {
  absl::StatusOr<Handle<Router>> router_handle = Target<Router>(request);
  if (!router_handle.ok()) return router_handle.status();
  if (absl::Status status = CheckNewId(id, "observerId"); !status.ok()) return status;
  Router& router = *workspace_.routers.Find(*router_handle);
  if (router.observers.size() >= kMaxObserversPerRouter) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the router has ", kMaxObserversPerRouter, " observers"));
  }
  const Handle<Observer> handle = workspace_.observers.Emplace(std::move(core));
  Observer& observer = *workspace_.observers.Find(handle);
  observer.id = id;
  observer.router = *router_handle;
  router.observers.push_back(handle);
  workspace_.names.emplace(id, handle);
  return Done();
}

absl::StatusOr<Handle<Producer>> Dispatcher::FindObserved(const std::string& id,
                                                          const Observer& observer) const {
  const ObjectRef* object = Find(id);
  const auto* handle = object == nullptr ? nullptr : std::get_if<Handle<Producer>>(object);
  if (handle == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("producerId: there is no '", absl::CHexEscape(id), "'"));
  }
  const Producer& producer = *workspace_.producers.Find(*handle);
  if (producer.router != observer.router) {
    return absl::FailedPreconditionError("producerId: belongs to another router");
  }
  if (producer.kind != rtp::MediaKind::kAudio) {
    return absl::FailedPreconditionError("producerId: is no producer of audio");
  }
  return *handle;
}

Dispatcher::Result Dispatcher::AddProducer(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Observer>> handle = Target<Observer>(request);
  if (!handle.ok()) return handle.status();
  Observer& observer = *workspace_.observers.Find(*handle);
  absl::StatusOr<Handle<Producer>> producer_handle =
      FindObserved(request.body.AsAddProducer()->producer_id, observer);
  if (!producer_handle.ok()) return producer_handle.status();
  Producer& producer = *workspace_.producers.Find(*producer_handle);
  for (Handle<Observer> known : producer.observers) {
    if (known == *handle) return Done();
  }
  const uint32_t key = producer_handle->slot;
  if (!std::visit([&](auto& core) { return core.Add(key); }, observer.core)) {
    return absl::ResourceExhaustedError("producerId: the observer has as many as it can follow");
  }
  producer.observers.push_back(*handle);
  observer.producers.push_back(*producer_handle);
  TellDemand(workspace_, now, *producer_handle);
  return Done();
}

Dispatcher::Result Dispatcher::RemoveProducer(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Observer>> handle = Target<Observer>(request);
  if (!handle.ok()) return handle.status();
  Observer& observer = *workspace_.observers.Find(*handle);
  absl::StatusOr<Handle<Producer>> producer_handle =
      FindObserved(request.body.AsRemoveProducer()->producer_id, observer);
  if (!producer_handle.ok()) return producer_handle.status();
  const uint32_t key = producer_handle->slot;
  std::visit([&](auto& core) { core.Remove(key); }, observer.core);
  std::erase(workspace_.producers.Find(*producer_handle)->observers, *handle);
  std::erase(observer.producers, *producer_handle);
  TellDemand(workspace_, now, *producer_handle);
  return Done();
}

}  // namespace sluice::worker
