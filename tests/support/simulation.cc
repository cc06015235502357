#include "tests/support/simulation.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "tests/support/virtual_gettimeofday.h"

namespace sluice::test {
namespace {

// Turns without time going on. Beyond this somebody asks for a timeout that does nothing.
constexpr int kMaxTurnsAtOnce = 10'000;

const dtls::Context& NewContext() {
  auto context = dtls::Context::Create();
  SLUICE_CHECK(context.ok());
  return *context->release();
}

}  // namespace

const dtls::Context& Simulation::PeerCertificate() {
  static const dtls::Context& context = NewContext();
  return context;
}

const dtls::Context& Simulation::WorkerCertificate() {
  static const dtls::Context& context = NewContext();
  return context;
}

const dtls::Context& Simulation::ForeignCertificate() {
  static const dtls::Context& context = NewContext();
  return context;
}

Simulation::Simulation(const Options& options)
    : options_(options), network_(options.seed), entropy_(options.seed ^ 0x5eed) {
  SetWallClock(now_);
  for (size_t i = 0; i < options.engines; ++i) {
    engines_.push_back(std::make_unique<SimEngine>(
        options.seed * 31 + i, WorkerCertificate(),
        SimEngine::Options{options.pool_slots, options.adapts_to_bandwidth, options.estimate_traces,
                           options.answers_stun}));
    schema::CreateRouterT router;
    router.router_id = "room";
    SLUICE_CHECK(Ask("", std::move(router), i).ok());
    schema::CreateWebRtcServerT create;
    create.webrtc_server_id = "server";
    auto info = std::make_unique<schema::ListenInfoT>();
    info->ip = server(i).address.ToString();
    info->port = server(i).port;
    if (options.listens_on_tcp) {
      create.listen_infos.push_back(std::make_unique<schema::ListenInfoT>(*info));
      create.listen_infos.back()->protocol = schema::Protocol::Tcp;
    }
    create.listen_infos.push_back(std::move(info));
    SLUICE_CHECK(Ask("", std::move(create), i).ok());
  }
}

Simulation::~Simulation() = default;

Endpoint Simulation::server(size_t index) const {
  return {IpAddress::V4(10, 0, 0, static_cast<uint8_t>(1 + index)), 4444};
}

Member& Simulation::Arrive(std::string_view name, const MemberOptions& options) {
  const size_t number = members_.size();
  Member& member =
      *members_.emplace_back(std::make_unique<Member>(*this, std::string(name), number, options));
  const std::vector<Endpoint>& sockets = member.peer().options().sockets;
  for (uint32_t i = 0; i < sockets.size(); ++i) {
    by_socket_[sockets[i]] = {&member, SocketId(i)};
  }
  return member;
}

Member& Simulation::Join(std::string_view name, const MemberOptions& options) {
  Member& member = Arrive(name, options);
  SLUICE_CHECK(member.Connect().ok());
  return member;
}

Stranger& Simulation::AddStranger(const IpAddress& address, uint16_t port) {
  Stranger& stranger = *strangers_.emplace_back(std::make_unique<Stranger>());
  stranger.endpoint = {address, port};
  return stranger;
}

void Simulation::SendAs(Stranger& stranger, const Endpoint& to, ByteView bytes) {
  ++stranger.datagrams_sent;
  stranger.bytes_sent += bytes.size();
  network_.Inject(now_, stranger.endpoint, to, bytes);
}

void Simulation::RunFor(Duration span) {
  RunUntil(span, [] { return false; });
}

bool Simulation::RunUntil(Duration limit, const std::function<bool()>& done) {
  const Timestamp end = now_ + limit;
  int turns_at_once = 0;
  for (Flush(); !done();) {
    const std::optional<Timestamp> next = NextTimeout();
    if (!next || *next > end) {
      now_ = end;
      SetWallClock(now_);
      return false;
    }
    turns_at_once = *next > now_ ? 0 : turns_at_once + 1;
    SLUICE_CHECK(turns_at_once < kMaxTurnsAtOnce);
    Turn(std::max(now_, *next));
  }
  return true;
}

void Simulation::Turn(Timestamp time) {
  now_ = time;
  SetWallClock(now_);
  Deliver();
  for (const auto& engine : engines_) engine->HandleTimeout(now_);
  for (const auto& member : members_) {
    const std::optional<Timestamp> due = member->peer().NextTimeout();
    if (due && *due <= now_) member->peer().HandleTimeout(now_);
  }
  Flush();
}

void Simulation::Deliver() {
  while (const std::optional<SimNetwork::Delivery> delivery = network_.Poll(now_)) {
    for (const auto& engine : engines_) {
      if (engine->Owns(delivery->to)) engine->Receive(now_, *delivery);
    }
    if (const auto found = by_socket_.find(delivery->to); found != by_socket_.end()) {
      const auto& [member, socket] = found->second;
      ++member->datagrams_received;
      member->peer().Receive(now_, {{socket, delivery->from}, delivery->bytes});
    }
    for (const auto& stranger : strangers_) {
      if (stranger->endpoint != delivery->to) continue;
      ++stranger->datagrams_received;
      stranger->bytes_received += delivery->bytes.size();
      stranger->received.push_back(delivery->bytes);
    }
  }
}

void Simulation::Flush() {
  std::array<uint8_t, 2048> out;
  for (const auto& engine : engines_) engine->Flush(now_, network_);
  for (const auto& member : members_) {
    SimPeer& peer = member->peer();
    while (const Transmit sent = peer.PollTransmit(now_, out)) {
      network_.Send(now_, peer.socket(sent.path.socket), sent.path.remote,
                    ByteView(out).first(sent.size));
    }
  }
}

std::optional<Timestamp> Simulation::NextTimeout() const {
  std::optional<Timestamp> next = network_.NextTimeout();
  for (const auto& engine : engines_) next = Earlier(next, engine->NextTimeout());
  for (const auto& member : members_) next = Earlier(next, member->peer().NextTimeout());
  return next;
}

schema::WorkerStatsT Simulation::WorkerStats(size_t engine) {
  SimControl::Answer answer = Ask("", schema::GetWorkerStatsT(), engine);
  SLUICE_CHECK(answer.ok());
  return std::move(*answer.body.AsWorkerStats());
}

uint64_t Simulation::Drops(DropReason reason, size_t engine) {
  uint64_t drops = CountOf(WorkerStats(engine).drops, reason);
  for (const auto& member : members_) {
    if (member->engine() != engine) continue;
    const SimControl::Answer answer = Ask(member->transport(), schema::GetStatsT(), engine);
    if (answer.ok()) drops += CountOf(answer.body.AsTransportStats()->drops, reason);
  }
  return drops;
}

}  // namespace sluice::test
