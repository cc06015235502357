#include "worker/engine/observers.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "rtp/packet/extensions.h"

namespace sluice::worker {
namespace {

rtp::AudioLevel LevelOf(const rtp::RtpPacket& packet) {
  const std::optional<ByteView> value = packet.extension(rtp::Extension::kAudioLevel);
  if (!value) return {};
  return rtp::AudioLevel::Parse(*value).value_or(rtp::AudioLevel());
}

const Producer* FindBySlot(const Workspace& workspace, uint32_t slot) {
  return workspace.producers.Find(workspace.producers.At(slot));
}

void Arm(Workspace& workspace, Handle<Observer> handle, const Observer& observer) {
  const auto next = std::visit([](const auto& core) { return core.NextTimeout(); }, observer.core);
  workspace.observer_deadlines.Set(handle.slot, observer.paused ? std::nullopt : next);
}

void Tell(Workspace& workspace, Timestamp now, Observer& observer, rtp::AudioLevelRanker& ranker) {
  const std::optional<rtp::AudioLevelRanker::Report> report = ranker.Poll(now);
  if (!report || observer.paused) return;
  schema::AudioLevelsT news;
  for (const rtp::AudioLevelRanker::Volume& volume : *report) {
    const Producer* producer = FindBySlot(workspace, volume.stream);
    if (producer == nullptr) continue;
    auto entry = std::make_unique<schema::VolumeT>();
    entry->producer_id = producer->id;
    entry->volume = static_cast<int8_t>(volume.volume);
    news.volumes.push_back(std::move(entry));
  }
  workspace.outbox.Notify(observer.id, std::move(news));
}

void Tell(Workspace& workspace, Timestamp now, Observer& observer, rtp::DominantSpeaker& speaker) {
  const std::optional<rtp::AudioStreamKey> dominant = speaker.Poll(now);
  if (!dominant || observer.paused) return;
  const Producer* producer = FindBySlot(workspace, *dominant);
  if (producer == nullptr) return;
  schema::DominantSpeakerT news;
  news.producer_id = producer->id;
  workspace.outbox.Notify(observer.id, std::move(news));
}

}  // namespace

bool RecordAudioLevel(Workspace& workspace, Timestamp now, Handle<Producer> handle,
                      const rtp::RtpPacket& packet) {
  const Producer& producer = *workspace.producers.Find(handle);
  std::optional<rtp::LoudestFilter>& loudest = workspace.routers.Find(producer.router)->loudest;
  if (producer.observers.empty() && !loudest) return true;
  const rtp::AudioLevel level = LevelOf(packet);
  for (Handle<Observer> observer_handle : producer.observers) {
    Observer& observer = *workspace.observers.Find(observer_handle);
    if (observer.paused) continue;
    std::visit([&](auto& core) { core.RecordLevel(now, handle.slot, level); }, observer.core);
    Arm(workspace, observer_handle, observer);
  }
  return !loudest || loudest->RecordLevel(now, handle.slot, level);
}

void HandleObservers(Workspace& workspace, Timestamp now) {
  while (const std::optional<uint32_t> slot = workspace.observer_deadlines.PopDue(now)) {
    const Handle<Observer> handle = workspace.observers.At(*slot);
    Observer* observer = workspace.observers.Find(handle);
    if (observer == nullptr) continue;
    std::visit([&](auto& core) { Tell(workspace, now, *observer, core); }, observer->core);
    Arm(workspace, handle, *observer);
  }
}

bool JoinLoudest(Workspace& workspace, Handle<Producer> handle) {
  const Producer& producer = *workspace.producers.Find(handle);
  std::optional<rtp::LoudestFilter>& loudest = workspace.routers.Find(producer.router)->loudest;
  if (!loudest || producer.kind != rtp::MediaKind::kAudio) return true;
  return loudest->Add(handle.slot);
}

void ForgetProducer(Workspace& workspace, Handle<Producer> handle) {
  Producer& producer = *workspace.producers.Find(handle);
  for (Handle<Observer> observer_handle : producer.observers) {
    Observer& observer = *workspace.observers.Find(observer_handle);
    std::erase(observer.producers, handle);
    std::visit([&](auto& core) { core.Remove(handle.slot); }, observer.core);
  }
  producer.observers.clear();
  Router* router = workspace.routers.Find(producer.router);
  if (router != nullptr && router->loudest) router->loudest->Remove(handle.slot);
}

}  // namespace sluice::worker
