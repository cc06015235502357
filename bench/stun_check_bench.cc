// What does a connectivity check cost: telling whose it is, checking it, and answering? A receiver
// sends one every five seconds (RFC 7675), and anybody may send as many as the line carries.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "ice/lite_agent.h"
#include "ice/stun_message.h"
#include "tests/support/stun_bytes.h"

namespace sluice::bench {
namespace {

using Bytes = std::vector<uint8_t>;

const ice::Credentials kCredentials{"localUfrag000000", "passwordpasswordpasswordpassword"};
const Path kPath{SocketId(1), {IpAddress::V4(192, 0, 2, 1), 50'000, TransportProtocol::kUdp}};

// More than an agent remembers, so that none is taken for a repetition.
constexpr size_t kChecks = 256;

std::vector<Bytes> Checks(const std::string& password) {
  const std::string username = kCredentials.ufrag + ":peer";
  std::vector<Bytes> checks;
  for (size_t i = 0; i < kChecks; ++i) {
    ice::StunMessage request;
    ByteWriter(request.transaction).U64(i);
    request.username = username;
    request.priority = 0x7e0000ff;
    request.controlling = 1;
    request.use_candidate = true;
    checks.push_back(test::Sealed(test::StunBytes(request), password));
  }
  return checks;
}

void BM_PeekUser(benchmark::State& state) {
  const std::vector<Bytes> checks = Checks(kCredentials.password);
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ice::PeekLocalUfrag(checks[next]));
    next = (next + 1) % kChecks;
  }
}
BENCHMARK(BM_PeekUser);

// A check on a path that is valid already, and its answer.
void BM_ConsentCheck(benchmark::State& state) {
  const std::vector<Bytes> checks = Checks(kCredentials.password);
  ice::LiteAgent agent(kCredentials, {});
  Timestamp now(std::chrono::seconds(1000));
  std::array<uint8_t, 1500> out;
  size_t next = 0;
  for (auto _ : state) {
    now += Duration(100);
    agent.Receive(now, {kPath, checks[next]});
    while (agent.PollEvent()) {
    }
    SLUICE_CHECK(agent.PollTransmit(now, out).size != 0);
    next = (next + 1) % kChecks;
  }
  SLUICE_CHECK(agent.counters().requests == static_cast<uint64_t>(state.iterations()));
}
BENCHMARK(BM_ConsentCheck);

// A check by somebody who does not know the password: this is what a flood of them costs each.
void BM_ForgedCheck(benchmark::State& state) {
  const std::vector<Bytes> checks = Checks("a password that is not the agent's");
  ice::LiteAgent agent(kCredentials, {});
  const Timestamp now(std::chrono::seconds(1000));
  size_t next = 0;
  for (auto _ : state) {
    agent.Receive(now, {kPath, checks[next]});
    next = (next + 1) % kChecks;
  }
  SLUICE_CHECK(agent.counters().requests == 0);
}
BENCHMARK(BM_ForgedCheck);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
