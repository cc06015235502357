#include "bench/load/split_peer.h"

#include <numeric>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "bench/load/adapter_line.h"

namespace sluice::load {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

absl::StatusOr<PeerIdentity> SplitPeer::Start() {
  PeerIdentity all;
  for (const auto& worker : workers_) {
    absl::StatusOr<PeerIdentity> identity = worker->Start();
    if (!identity.ok()) return identity.status();
    all.name = identity->name;
    all.version = identity->version;
    all.workers.insert(all.workers.end(), identity->workers.begin(), identity->workers.end());
  }
  return all;
}

void SplitPeer::Submit(const Request& request) {
  pending_.emplace_back();
  std::visit(
      Overloaded{
          [&](const RoomRequest& room) {
            const size_t worker = rooms_.size() % workers_.size();
            SubmitTo(rooms_.emplace(room.room, worker).first->second, room);
          },
          [&](const SendRequest& send) { SubmitTo(WorkerOf(send.client.room), send); },
          [&](const ReceiveRequest& receive) { SubmitTo(WorkerOf(receive.client.room), receive); },
          [&](const ConnectedRequest& connected) {
            const Place place = PlaceOf(connected.transport);
            SubmitTo(place.worker, ConnectedRequest{place.id});
          },
          [&](const CloseRequest& close) {
            const Place place = PlaceOf(close.transport);
            SubmitTo(place.worker, CloseRequest{place.id});
          },
          [&](const CountersRequest& counters) {
            for (size_t i = 0; i < workers_.size(); ++i) SubmitTo(i, counters);
          },
      },
      request);
}

void SplitPeer::SubmitTo(size_t worker, const Request& request) {
  workers_[worker]->Submit(request);
  pending_.back().workers.push_back(worker);
}

size_t SplitPeer::WorkerOf(const std::string& room) const {
  const auto found = rooms_.find(room);
  SLUICE_CHECK(found != rooms_.end());
  return found->second;
}

// "1:t4": all workers give the same names to their transports.
SplitPeer::Place SplitPeer::PlaceOf(const std::string& transport) {
  const size_t colon = transport.find(':');
  const auto worker = ParseUnsigned(std::string_view(transport).substr(0, colon), UINT32_MAX);
  SLUICE_CHECK(colon != std::string::npos && worker.has_value());
  return {static_cast<size_t>(*worker), transport.substr(colon + 1)};
}

// Answers of one worker come in the order of its requests, so the first that is missing is always
// the one that belongs to the oldest of ours.
std::optional<Answer> SplitPeer::Poll() {
  if (pending_.empty()) {
    // What servers tell without being asked is not to fill their pipes.
    for (const auto& worker : workers_) worker->Poll();
    return std::nullopt;
  }
  Pending& pending = pending_.front();
  while (!pending.workers.empty()) {
    const size_t worker = pending.workers.back();
    std::optional<Answer> part = workers_[worker]->Poll();
    if (!part) return std::nullopt;
    pending.workers.pop_back();
    Merge(*std::move(part), worker, pending.answer);
  }
  Answer answer = std::move(pending.answer);
  pending_.pop_front();
  return answer;
}

void SplitPeer::Merge(Answer part, size_t worker, Answer& whole) {
  for (auto& [name, count] : part.counters) count += whole.counters[name];
  const std::string error = whole.error.empty() ? part.error : whole.error;
  whole = std::move(part);
  whole.error = error;
  whole.worker = worker;
  if (!whole.transport.empty()) whole.transport = absl::StrCat(worker, ":", whole.transport);
}

void SplitPeer::Stop() {
  for (const auto& worker : workers_) worker->Stop();
}

}  // namespace sluice::load
