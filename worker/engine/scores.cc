#include "worker/engine/scores.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace sluice::worker {
namespace {

// Reports come about once a second for video, and people do not read faster.
constexpr Duration kPeriod = std::chrono::seconds(1);

void TellProducer(Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  Producer& producer = *workspace.producers.Find(handle);
  const Transport& transport = *workspace.transports.Find(producer.transport);
  const Ingress::Scores scores = transport.ingress.ScoresOf(now, handle);
  if (scores == producer.told_scores) return;
  producer.told_scores = scores;
  schema::ProducerScoreT news;
  for (const InboundStream* stream : transport.ingress.StreamsOf(handle)) {
    if (!stream->receiver) continue;
    auto entry = std::make_unique<schema::EncodingScoreT>();
    entry->ssrc = stream->receiver->ssrc().value();
    entry->rid = stream->rid;
    entry->score = scores[stream->source.index];
    workspace.Debug(now, LogTag::Score, "producer ", producer.id, ": encoding ",
                    static_cast<int>(stream->source.index), " has ",
                    static_cast<int>(entry->score));
    news.scores.push_back(std::move(entry));
  }
  workspace.outbox.Notify(producer.id, std::move(news));
}

void TellConsumer(Workspace& workspace, Timestamp now, Consumer& consumer) {
  const Producer& producer = *workspace.producers.Find(consumer.producer);
  const Transport& source = *workspace.transports.Find(producer.transport);
  const Transport& transport = *workspace.transports.Find(consumer.transport);
  ConsumerScores scores;
  scores.score = transport.egress.stream(consumer.stream).score.value();
  scores.encodings = source.ingress.ScoresOf(now, consumer.producer);
  scores.producer = scores.encodings[consumer.flowing ? consumer.flowing->encoding : 0];
  if (scores == consumer.told_scores) return;
  consumer.told_scores = scores;
  schema::ConsumerScoreT news;
  news.score = scores.score;
  workspace.Debug(now, LogTag::Score, "consumer ", consumer.id, ": has ",
                  static_cast<int>(scores.score), ", its producer ",
                  static_cast<int>(scores.producer));
  news.producer_score = scores.producer;
  news.producer_scores.assign(
      scores.encodings.begin(),
      scores.encodings.begin() + static_cast<std::ptrdiff_t>(producer.plan.encodings.size()));
  workspace.outbox.Notify(consumer.id, std::move(news));
}

}  // namespace

void TellScoresIfDue(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  if (transport.producers.empty() && transport.consumers.empty()) {
    transport.next_scores.reset();
    return;
  }
  if (transport.next_scores && *transport.next_scores > now) return;
  const bool first = !transport.next_scores;
  transport.next_scores = now + kPeriod;
  if (first) return;
  for (Handle<Producer> producer : transport.producers) TellProducer(workspace, now, producer);
  for (Handle<Consumer> consumer_handle : transport.consumers) {
    Consumer& consumer = *workspace.consumers.Find(consumer_handle);
    if (!consumer.is_part) TellConsumer(workspace, now, consumer);
  }
}

}  // namespace sluice::worker
