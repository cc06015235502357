#include "worker/engine/stats_feed.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/statistics.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {
namespace {

using schema::StatsKind;

// Until somebody who was behind is looked at again.
constexpr Duration kPatience = std::chrono::milliseconds(10);

// Collects what a snapshot is of.
class Collection {
 public:
  Collection(const Workspace& workspace, StatsFeed& feed) : workspace_(workspace), feed_(feed) {}

  void AddAll() {
    workspace_.routers.ForEach([this](Handle<Router>, const Router& router) { Add(router); });
  }
  void Add(const Router& router) {
    for (Handle<Transport> transport : router.transports) Add(transport);
  }
  void Add(Handle<Transport> handle) {
    const Transport& transport = *workspace_.transports.Find(handle);
    if (feed_.kinds.Has(StatsKind::Transport)) feed_.objects.emplace_back(handle);
    if (feed_.kinds.Has(StatsKind::Producer)) Append(transport.producers);
    if (feed_.kinds.Has(StatsKind::Consumer)) Append(transport.consumers);
    if (feed_.kinds.Has(StatsKind::DataProducer)) Append(transport.data_producers);
    if (feed_.kinds.Has(StatsKind::DataConsumer)) Append(transport.data_consumers);
  }

 private:
  template <typename T>
  void Append(const std::vector<Handle<T>>& handles) {
    feed_.objects.insert(feed_.objects.end(), handles.begin(), handles.end());
  }

  const Workspace& workspace_;
  StatsFeed& feed_;
};

using Entry = std::unique_ptr<schema::ObjectStatsT>;

template <typename Body>
Entry EntryOf(const std::string& id, StatsKind kind, Body body) {
  auto entry = std::make_unique<schema::ObjectStatsT>();
  entry->id = id;
  entry->kind = kind;
  entry->body.Set(std::move(body));
  return entry;
}

Entry EntryOf(const std::string& id, StatsKind kind, schema::StreamStatsListT list) {
  schema::StreamStatsOfOneT one;
  one.streams = std::move(list.streams);
  return EntryOf(id, kind, std::move(one));
}

// Null for what has gone, and for what the application knows as a part of something else.
class Describer {
 public:
  Describer(const Workspace& workspace, Timestamp now) : workspace_(workspace), now_(now) {}

  Entry operator()(Handle<Transport> handle) const {
    const Transport* transport = workspace_.transports.Find(handle);
    if (transport == nullptr || transport->closed) return nullptr;
    return EntryOf(transport->id, StatsKind::Transport,
                   DescribeTransport(workspace_, *transport, now_));
  }
  Entry operator()(Handle<Producer> handle) const {
    const Producer* producer = workspace_.producers.Find(handle);
    if (producer == nullptr) return nullptr;
    return EntryOf(producer->id, StatsKind::Producer, DescribeProducer(workspace_, handle, now_));
  }
  Entry operator()(Handle<Consumer> handle) const {
    const Consumer* consumer = workspace_.consumers.Find(handle);
    if (consumer == nullptr || consumer->is_part) return nullptr;
    return EntryOf(consumer->id, StatsKind::Consumer,
                   DescribeConsumerStreams(workspace_, handle, now_));
  }
  Entry operator()(Handle<DataProducer> handle) const {
    const DataProducer* producer = workspace_.data_producers.Find(handle);
    if (producer == nullptr) return nullptr;
    return EntryOf(producer->id, StatsKind::DataProducer, DescribeDataProducer(*producer, now_));
  }
  Entry operator()(Handle<DataConsumer> handle) const {
    const DataConsumer* consumer = workspace_.data_consumers.Find(handle);
    if (consumer == nullptr) return nullptr;
    return EntryOf(consumer->id, StatsKind::DataConsumer,
                   DescribeDataConsumer(workspace_, *consumer, now_));
  }
  // Routers, servers and observers have none.
  template <typename T>
  Entry operator()(Handle<T>) const {
    return nullptr;
  }

 private:
  const Workspace& workspace_;
  const Timestamp now_;
};

// The object is still there, and it is the one that was meant.
bool IsAlive(const Workspace& workspace, const StatsFeed& feed) {
  if (!feed.object) return true;
  const auto found = workspace.names.find(feed.target);
  return found != workspace.names.end() && found->second == *feed.object;
}

void Begin(const Workspace& workspace, Timestamp now, StatsFeed& feed) {
  Collection collection(workspace, feed);
  if (!feed.object) {
    feed.worker_left = feed.kinds.Has(StatsKind::Worker);
    collection.AddAll();
  } else if (const auto* router = std::get_if<Handle<Router>>(&*feed.object)) {
    collection.Add(*workspace.routers.Find(*router));
  } else {
    collection.Add(std::get<Handle<Transport>>(*feed.object));
  }
  feed.began = now;
  feed.chunk = 0;
  ++feed.sequence;
}

void TellChunk(Workspace& workspace, Timestamp now, StatsFeed& feed) {
  schema::StatsSnapshotT snapshot;
  snapshot.sequence = feed.sequence;
  snapshot.chunk = feed.chunk++;
  snapshot.timestamp_ms = static_cast<uint64_t>(feed.began->time_since_epoch().count() / 1000);
  snapshot.skipped = feed.skipped;
  if (std::exchange(feed.worker_left, false)) {
    snapshot.objects.push_back(
        EntryOf(std::string(), StatsKind::Worker, DescribeWorker(workspace, now)));
  }
  const Describer describe(workspace, now);
  while (feed.next < feed.objects.size() && snapshot.objects.size() < kObjectsPerChunk) {
    Entry entry = std::visit(describe, feed.objects[feed.next++]);
    if (entry != nullptr) snapshot.objects.push_back(std::move(entry));
  }
  snapshot.is_last = feed.next == feed.objects.size();
  const bool is_last = snapshot.is_last;
  workspace.outbox.Notify(feed.target, std::move(snapshot));
  if (!is_last) return;
  feed.began.reset();
  feed.objects.clear();
  feed.next = 0;
}

// The next time that lies ahead; those that have passed in the meantime are left out.
void SetNextDue(Timestamp now, StatsFeed& feed) {
  feed.due += feed.interval;
  if (feed.due > now) return;
  const int64_t passed = (now - feed.due) / feed.interval + 1;
  feed.skipped += static_cast<uint32_t>(passed);
  feed.due += passed * feed.interval;
}

// When to look at it again.
Timestamp Step(Workspace& workspace, Timestamp now, StatsFeed& feed) {
  const bool is_behind = workspace.outbox.is_behind();
  if (is_behind && feed.began) return now + kPatience;
  if (is_behind) {
    ++feed.skipped;
    SetNextDue(now, feed);
    return feed.due;
  }
  if (!feed.began) Begin(workspace, now, feed);
  TellChunk(workspace, now, feed);
  if (feed.began) return now;
  SetNextDue(now, feed);
  return feed.due;
}

void Erase(StatsFeeds& feeds, Handle<StatsFeed> handle) {
  feeds.deadlines.Set(handle.slot, std::nullopt);
  feeds.by_target.erase(feeds.feeds.Find(handle)->target);
  feeds.feeds.Erase(handle);
}

absl::StatusOr<StatsKinds> ReadKinds(const schema::SubscribeStatsT& options, bool of_worker) {
  if (options.kinds.empty()) return StatsKinds::All();
  StatsKinds kinds;
  for (StatsKind kind : options.kinds) {
    if (kind == StatsKind::Worker && !of_worker) {
      return absl::InvalidArgumentError("kinds: those of the worker are to be had of the worker");
    }
    kinds.Add(kind);
  }
  return kinds;
}

}  // namespace

absl::Status SubscribeStats(Workspace& workspace, Timestamp now, const std::string& target,
                            const schema::SubscribeStatsT& options) {
  const Duration interval = std::chrono::milliseconds(options.interval_ms);
  if (interval < kMinStatsInterval || interval > kMaxStatsInterval) {
    return absl::InvalidArgumentError("interval: not 100 to 3600000");
  }
  std::optional<ObjectRef> object;
  if (!target.empty()) {
    const auto found = workspace.names.find(target);
    const bool holds = found != workspace.names.end() &&
                       (std::holds_alternative<Handle<Router>>(found->second) ||
                        std::holds_alternative<Handle<Transport>>(found->second));
    if (!holds) return absl::NotFoundError("target: neither a router nor a transport");
    object = found->second;
  }
  absl::StatusOr<StatsKinds> kinds = ReadKinds(options, target.empty());
  if (!kinds.ok()) return kinds.status();
  UnsubscribeStats(workspace, target);
  StatsFeeds& feeds = workspace.stats_feeds;
  if (feeds.feeds.size() >= kMaxStatsFeeds) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the worker has ", kMaxStatsFeeds, " subscriptions to statistics"));
  }
  const Handle<StatsFeed> handle = feeds.feeds.Emplace();
  StatsFeed& feed = *feeds.feeds.Find(handle);
  feed.target = target;
  feed.object = object;
  feed.kinds = *kinds;
  feed.interval = interval;
  feed.due = now + interval;
  feeds.by_target.emplace(target, handle);
  feeds.deadlines.Set(handle.slot, feed.due);
  return absl::OkStatus();
}

void UnsubscribeStats(Workspace& workspace, const std::string& target) {
  StatsFeeds& feeds = workspace.stats_feeds;
  const auto found = feeds.by_target.find(target);
  if (found != feeds.by_target.end()) Erase(feeds, found->second);
}

void TellStatsIfDue(Workspace& workspace, Timestamp now) {
  StatsFeeds& feeds = workspace.stats_feeds;
  for (int i = 0; i < kChunksPerTurn; ++i) {
    const std::optional<uint32_t> slot = feeds.deadlines.PopDue(now);
    if (!slot) return;
    const Handle<StatsFeed> handle = feeds.feeds.At(*slot);
    StatsFeed& feed = *feeds.feeds.Find(handle);
    if (IsAlive(workspace, feed)) {
      feeds.deadlines.Set(*slot, Step(workspace, now, feed));
    } else {
      Erase(feeds, handle);
    }
  }
}

}  // namespace sluice::worker
