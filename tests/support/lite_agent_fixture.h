// A lite agent and the means to speak to it as its peer, or as somebody who would like to be.

#ifndef SLUICE_TESTS_SUPPORT_LITE_AGENT_FIXTURE_H_
#define SLUICE_TESTS_SUPPORT_LITE_AGENT_FIXTURE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "ice/lite_agent.h"
#include "tests/support/stun_bytes.h"

namespace sluice::test {

// One event as text, so that a history compares in one line: "connected", "+1", "*1", "-1" for a
// state, and a path validated, selected or removed. A path is named by its remote port.
inline std::string Describe(const ice::LiteAgent::Event& event) {
  using Agent = ice::LiteAgent;
  if (const auto* changed = std::get_if<Agent::StateChanged>(&event)) {
    return std::string(ice::StateName(changed->state));
  }
  if (const auto* validated = std::get_if<Agent::PathValidated>(&event)) {
    return "+" + std::to_string(validated->path.remote.port);
  }
  if (const auto* selected = std::get_if<Agent::PathSelected>(&event)) {
    return "*" + std::to_string(selected->path.remote.port);
  }
  return "-" + std::to_string(std::get<Agent::PathRemoved>(event).path.remote.port);
}

// An answer of the agent, and where it goes.
struct Answer {
  Path path;
  std::vector<uint8_t> bytes;
};

class LiteAgentFixture : public ::testing::Test {
 protected:
  using Strings = std::vector<std::string>;

  static Path PathTo(uint16_t port) {
    return {SocketId(1), {IpAddress::V4(192, 0, 2, 1), port, TransportProtocol::kUdp}};
  }

  // A check as a browser sends it, without any nomination.
  ice::StunMessage Check() {
    ice::StunMessage request;
    request.transaction[0] = static_cast<uint8_t>(++transactions_ >> 8);
    request.transaction[1] = static_cast<uint8_t>(transactions_);
    request.username = username_;
    request.priority = 0x7e0000ff;
    request.controlling = 1;
    return request;
  }
  ice::StunMessage UseCandidate() {
    ice::StunMessage request = Check();
    request.use_candidate = true;
    return request;
  }
  ice::StunMessage Nominate(uint32_t number) {
    ice::StunMessage request = Check();
    request.nomination = number;
    return request;
  }

  void Deliver(uint16_t port, const std::vector<uint8_t>& bytes) {
    agent_.Receive(now_, {PathTo(port), bytes});
  }
  void Send(uint16_t port, const ice::StunMessage& request) {
    Deliver(port, Sealed(StunBytes(request), password_));
  }

  // Everything that has happened since the last call.
  Strings Events() {
    Strings history;
    while (const auto event = agent_.PollEvent()) history.push_back(Describe(*event));
    return history;
  }

  std::optional<Answer> TakeAnswer() {
    std::array<uint8_t, 1500> out{};
    const Transmit transmit = agent_.PollTransmit(now_, out);
    if (!transmit) return std::nullopt;
    return Answer{transmit.path, {out.begin(), out.begin() + static_cast<long>(transmit.size)}};
  }
  size_t DrainAnswers() {
    size_t count = 0;
    while (TakeAnswer()) ++count;
    return count;
  }

  // Time passes, and the owner keeps its timer.
  void AdvanceTo(Timestamp now) {
    now_ = now;
    agent_.HandleTimeout(now_);
  }
  void Advance(Duration span) { AdvanceTo(now_ + span); }

  const ice::Credentials old_{"localUfrag000000", "passwordpasswordpasswordpassword"};
  const ice::Credentials new_{"freshUfrag111111", "freshfreshfreshfreshfreshfreshfr"};

  // What the peer puts into its checks; tests change it after a restart.
  std::string username_ = old_.ufrag + ":peer";
  std::string password_ = old_.password;

  Timestamp now_{std::chrono::seconds(1000)};
  ice::LiteAgent agent_{old_, {}};
  unsigned transactions_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_LITE_AGENT_FIXTURE_H_
