#include "tests/support/sim_network.h"

#include <algorithm>

#include "worker/engine/demux.h"

namespace sluice::test {

void SimNetwork::SetAccess(const IpAddress& host, const LinkOptions& up, const LinkOptions& down) {
  std::unique_ptr<Access>& access = hosts_[host];
  if (access != nullptr) {
    access->up.set_options(up);
    access->down.set_options(down);
    return;
  }
  const uint64_t seed = seed_ * 1'000'003 + 2 * next_seed_++;
  access = std::make_unique<Access>(Access{SimLink(up, seed), SimLink(down, seed + 1)});
}

void SimNetwork::Rebind(const Endpoint& inner, const Endpoint& outer) {
  if (const auto before = outer_of_.find(inner); before != outer_of_.end()) {
    inner_of_.erase(before->second);
  }
  outer_of_[inner] = outer;
  inner_of_[outer] = inner;
}

Endpoint SimNetwork::Shown(const Endpoint& inner) const {
  const auto found = outer_of_.find(inner);
  return found == outer_of_.end() ? inner : found->second;
}

void SimNetwork::Connect(const Endpoint& client, const Endpoint& server,
                         const StreamOptions& options) {
  for (const auto& ends : {std::pair(client, server), std::pair(server, client)}) {
    streams_.insert_or_assign(ends, SimStream(options, seed_ * 7 + next_seed_++));
  }
}

bool SimNetwork::Break(const Endpoint& client, const Endpoint& server) {
  streams_.erase({server, client});
  return streams_.erase({client, server}) != 0;
}

bool SimNetwork::SendOnStream(Timestamp now, const Endpoint& from, const Endpoint& to,
                              ByteView bytes) {
  const Delivery delivery{from, to, to, {bytes.begin(), bytes.end()}};
  Trace(now, delivery);
  if (tap_) tap_(now, delivery);
  const auto found = streams_.find({from, to});
  return found != streams_.end() && found->second.Send(now, bytes);
}

std::optional<SimNetwork::Delivery> SimNetwork::PollStreams(Timestamp now) {
  for (auto& [ends, stream] : streams_) {
    if (std::optional<std::vector<uint8_t>> datagram = stream.Poll(now)) {
      return Delivery{ends.first, ends.second, ends.second, *std::move(datagram)};
    }
  }
  return std::nullopt;
}

bool SimNetwork::Send(Timestamp now, const Endpoint& from, const Endpoint& to, ByteView bytes) {
  if (from.protocol == TransportProtocol::kTcp) return SendOnStream(now, from, to, bytes);
  Delivery delivery{Shown(from), to, to, {bytes.begin(), bytes.end()}};
  Trace(now, delivery);
  if (tap_) tap_(now, delivery);
  if (separated_.contains(std::minmax(from.address, to.address))) return true;

  std::vector<Timestamp> times = {now};
  if (const auto host = hosts_.find(from.address); host != hosts_.end()) {
    const SimLink::Arrivals arrivals = host->second->up.Send(now, bytes.size());
    times.assign(arrivals.begin(), arrivals.end());
  }
  // The far host is found by where the datagram will end up, as things stand now.
  const auto inner = inner_of_.find(to);
  const IpAddress& far = inner == inner_of_.end() ? to.address : inner->second.address;
  const auto host = hosts_.find(far);
  for (const Timestamp time : times) {
    if (host == hosts_.end()) {
      Launch(now, time, delivery);
      continue;
    }
    for (const Timestamp arrival : host->second->down.Send(time, bytes.size())) {
      Launch(now, arrival, delivery);
    }
  }
  return true;
}

void SimNetwork::Inject(Timestamp now, const Endpoint& shown_from, const Endpoint& to,
                        ByteView bytes) {
  const Delivery delivery{shown_from, to, to, {bytes.begin(), bytes.end()}};
  Trace(now, delivery);
  Launch(now, now, delivery);
}

void SimNetwork::Launch(Timestamp now, Timestamp arrival, Delivery delivery) {
  flying_.emplace(std::pair(std::max(now, arrival), sent_++), std::move(delivery));
}

std::optional<Timestamp> SimNetwork::NextTimeout() const {
  std::optional<Timestamp> next;
  for (const auto& [ends, stream] : streams_) next = Earlier(next, stream.NextTimeout());
  return flying_.empty() ? next : Earlier(next, flying_.begin()->first.first);
}

std::optional<SimNetwork::Delivery> SimNetwork::Poll(Timestamp now) {
  while (!flying_.empty() && flying_.begin()->first.first <= now) {
    Delivery delivery = std::move(flying_.begin()->second);
    flying_.erase(flying_.begin());
    // The mapping that counts is the one of the moment when the datagram reaches the NAT.
    if (const auto inner = inner_of_.find(delivery.shown); inner != inner_of_.end()) {
      delivery.to = inner->second;
    } else if (outer_of_.contains(delivery.shown)) {
      continue;  // Nobody outside knows an inner address.
    }
    return delivery;
  }
  return PollStreams(now);
}

void SimNetwork::Trace(Timestamp now, const Delivery& delivery) {
  const worker::Wire wire = worker::Classify(delivery.bytes);
  trace_.Add(now);
  trace_.Add(delivery.from);
  trace_.Add(delivery.to);
  trace_.Add(static_cast<uint64_t>(wire));
  if (wire != worker::Wire::kDtls) trace_.Add(uint64_t{delivery.bytes.size()});
}

}  // namespace sluice::test
