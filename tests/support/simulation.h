// Whole rooms in virtual time: engines, browsers and the network between them, at the speed of the
// processor.
//
//   Simulation sim({.seed = 7, .link = {.one_way = 40ms, .loss = 0.05}});
//   Member& alice = sim.Join("alice");
//   Publication& camera = alice.PublishVideo();
//   sim.RunFor(10s);
//   Subscription& view = sim.Join("bob").Subscribe(camera);
//   sim.RunFor(1s);
//   EXPECT_THAT(view.track().first_picture(), Optional(Le(...)));
//
// Time jumps to whatever is due next; ties are broken by a fixed order: datagrams by the order of
// sending, then engines, then members in the order of joining. Signalling takes no time. One seed
// gives one history (see SimNetwork::trace for what of it can be compared).

#ifndef SLUICE_TESTS_SUPPORT_SIMULATION_H_
#define SLUICE_TESTS_SUPPORT_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/time.h"
#include "dtls/context.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/sim_engine.h"
#include "tests/support/sim_member.h"
#include "tests/support/sim_network.h"

namespace sluice::test {

// Somebody who was not invited: an endpoint that sends whatever it is told and counts what comes.
struct Stranger {
  Endpoint endpoint;
  uint64_t datagrams_sent = 0, bytes_sent = 0;
  uint64_t datagrams_received = 0, bytes_received = 0;
  std::vector<std::vector<uint8_t>> received;
};

class Simulation {
 public:
  struct Options {
    uint64_t seed = 1;
    // Of every member, in both directions.
    LinkOptions link = {};
    size_t engines = 1;
    // All transports on one port of a WebRTC server, or a port for each.
    bool shared_port = true;
    size_t pool_slots = PacketPool::kDefaultMaxSlots;
    // Engines bound what they send by what they estimate.
    bool adapts_to_bandwidth = true;
    // Where engines write down what their estimators are told; none if null.
    worker::EstimateTraces* estimate_traces = nullptr;
    // The shared port is one of TCP as well, for members that come over it.
    bool listens_on_tcp = false;
    // Binding requests of anybody are answered.
    bool answers_stun = false;
  };

  Simulation() : Simulation(Options()) {}
  explicit Simulation(const Options& options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // A member with a transport, whose peer begins to connect. Fails the process if the engine
  // refuses.
  Member& Join(std::string_view name, const MemberOptions& options = {});
  // The same, but connect() is left to the caller (Member::Connect).
  Member& Arrive(std::string_view name, const MemberOptions& options = {});

  Stranger& AddStranger(const IpAddress& address, uint16_t port = 6666);
  void SendAs(Stranger& stranger, const Endpoint& to, ByteView bytes);

  void RunFor(Duration span);
  // True if `done` came true within `limit`; stops at once when it does.
  bool RunUntil(Duration limit, const std::function<bool()>& done);
  // Sends what everybody has to say, without moving the time.
  void Flush();

  Timestamp now() const { return now_; }
  SimNetwork& network() { return network_; }
  SimEngine& engine(size_t index = 0) { return *engines_[index]; }
  SimControl& control(size_t index = 0) { return engines_[index]->control(); }
  // Where transports on the shared port are reached.
  Endpoint server(size_t index = 0) const;
  Entropy& entropy() { return entropy_; }

  template <typename Body>
  SimControl::Answer Ask(std::string_view target, Body body, size_t engine = 0) {
    SimControl::Answer answer = control(engine).Ask(now_, target, std::move(body));
    Flush();
    return answer;
  }
  schema::WorkerStatsT WorkerStats(size_t engine = 0);
  // What died in this engine for this reason, transports that live included.
  uint64_t Drops(DropReason reason, size_t engine = 0);

  // Of all peers, and of the engine; made once per process.
  static const dtls::Context& PeerCertificate();
  static const dtls::Context& WorkerCertificate();
  static const dtls::Context& ForeignCertificate();

 private:
  friend class Member;

  void Deliver();
  void Turn(Timestamp time);
  std::optional<Timestamp> NextTimeout() const;

  const Options options_;
  // Far from zero, so that a mistake in absolute times shows.
  Timestamp now_{std::chrono::hours(1)};
  SimNetwork network_;
  SeededEntropy entropy_;
  std::vector<std::unique_ptr<SimEngine>> engines_;
  std::vector<std::unique_ptr<Member>> members_;
  std::map<Endpoint, std::pair<Member*, SocketId>> by_socket_;
  std::vector<std::unique_ptr<Stranger>> strangers_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIMULATION_H_
