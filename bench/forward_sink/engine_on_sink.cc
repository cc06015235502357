#include "bench/forward_sink/engine_on_sink.h"

#include <algorithm>
#include <utility>

namespace sluice::bench {
namespace {

// Until stores are full and estimates have settled.
constexpr Duration kWarmUp = std::chrono::seconds(3);

}  // namespace

absl::StatusOr<std::unique_ptr<EngineOnSink>> EngineOnSink::Create(const SinkDevice& sink,
                                                                   const Options& options) {
  std::unique_ptr<EngineOnSink> created(new EngineOnSink());
  auto sockets = worker::SocketTable::Create({created->pool_, created->entropy_, created->log_});
  if (!sockets.ok()) return sockets.status();
  created->sockets_ = *std::move(sockets);
  // Full packets are all alike, wherever a picture ends, so that the rate can be the same with any
  // train. Otherwise a turn finds one picture.
  const bool full = options.pictures == PictureShape::kAllFull;
  created->fan_ = std::make_unique<FanOut>(
      FanOut::Options{.receivers = options.receivers,
                      .profile = options.profile,
                      .shape = options.pictures,
                      .packets_per_picture = full ? 6 : static_cast<int>(options.train),
                      .packets_per_turn = options.train,
                      .feedback = options.feedback},
      FanOut::Ground{.pool = created->pool_,
                     .sockets = *created->sockets_,
                     .address = sink.local().address,
                     .address_of = [sink](size_t i) { return sink.Receiver(i).address; }});
  created->turns_ = std::max<size_t>(kBatch / (options.receivers * options.train), 1);
  created->fan_->WarmUp(kWarmUp);
  created->fan_->TakeForwarded();
  return created;
}

void EngineOnSink::Prepare() {
  if (fan_->options().feedback == Feedback::kAnswered) fan_->Answer();
  fan_->Prepare(turns_);
}

size_t EngineOnSink::Run(bool sends) {
  fan_->Tell();
  for (size_t i = 0; i < turns_; ++i) {
    fan_->Feed();
    fan_->Drain([&](const worker::TransmitBatch& batch) {
      if (sends) sockets_->Send(batch);
    });
  }
  return static_cast<size_t>(fan_->TakeForwarded());
}

size_t EngineOnSink::losses() {
  const worker::SocketTable::Drops drops = sockets_->TakeDrops();
  return static_cast<size_t>(drops.socket_full + drops.socket_error);
}

}  // namespace sluice::bench
