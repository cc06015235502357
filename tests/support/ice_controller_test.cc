#include "tests/support/ice_controller.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ice/lite_agent.h"
#include "ice/stun_integrity.h"
#include "ice/stun_message.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/stun_bytes.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Optional;
using State = IceController::State;
using Nomination = IceController::Nomination;

// A controller and a lite agent with a wire between them that may be cut.
class IceControllerTest : public ::testing::Test {
 protected:
  static Path ServerSide(uint16_t client_port) {
    return {SocketId(7), {IpAddress::V4(192, 0, 2, 2), client_port}};
  }
  static Path ClientSide(uint16_t server_port) {
    return {SocketId(1), {IpAddress::V4(192, 0, 2, 1), server_port}};
  }

  // Both sides anew.
  void Make(IceController::Options options) {
    options.local = client_;
    options.remote = server_;
    options.path = ClientSide(1000);
    controller_ = std::make_unique<IceController>(options, entropy_);
    agent_ = std::make_unique<ice::LiteAgent>(server_, ice::LiteAgent::Options{});
  }

  // Moves datagrams both ways until there are none.
  void Exchange() {
    std::array<uint8_t, 1500> buffer{};
    for (bool moved = true; moved;) {
      moved = false;
      while (const Transmit out = controller_->PollTransmit(now_, buffer)) {
        moved = true;
        if (!cut_) agent_->Receive(now_, {ServerSide(port_), ByteView(buffer).first(out.size)});
      }
      while (const Transmit out = agent_->PollTransmit(now_, buffer)) {
        moved = true;
        if (!cut_) {
          controller_->Receive(now_, {controller_->path(), ByteView(buffer).first(out.size)});
        }
      }
      while (agent_->PollEvent()) {
      }
    }
  }

  void RunFor(Duration span) {
    const Timestamp end = now_ + span;
    Exchange();
    while (true) {
      const auto next = Earlier(controller_->NextTimeout(), agent_->NextTimeout());
      if (!next || *next > end) break;
      now_ = std::max(now_, *next);
      controller_->HandleTimeout(now_);
      agent_->HandleTimeout(now_);
      Exchange();
    }
    now_ = end;
  }

  std::vector<State> States() {
    std::vector<State> states;
    while (const auto event = controller_->PollEvent()) {
      if (const auto* changed = std::get_if<IceController::StateChanged>(&*event)) {
        states.push_back(changed->state);
      }
    }
    return states;
  }

  const ice::Credentials client_{"client", "clientpasswordclientpassword"};
  const ice::Credentials server_{"serverUfrag00000", "serverpasswordserverpassword"};
  SeededEntropy entropy_{1};
  Timestamp now_{1s};
  bool cut_ = false;
  uint16_t port_ = 2000;
  std::unique_ptr<IceController> controller_;
  std::unique_ptr<ice::LiteAgent> agent_;
};

TEST_F(IceControllerTest, SaysNothingBeforeStart) {
  Make({});
  RunFor(1min);
  EXPECT_EQ(controller_->requests_sent(), 0u);
  EXPECT_EQ(controller_->state(), State::kNew);
}

TEST_F(IceControllerTest, EveryKindOfNominationCompletesBothSides) {
  for (Nomination kind : {Nomination::kRegular, Nomination::kAggressive, Nomination::kNumbered}) {
    Make({.nomination = kind});
    controller_->Start(now_);
    Exchange();
    EXPECT_EQ(controller_->state(), State::kCompleted);
    EXPECT_EQ(agent_->state(), ice::State::kCompleted);
    EXPECT_EQ(agent_->remote_ufrag(), client_.ufrag);
    EXPECT_THAT(controller_->mapped(), Optional(ServerSide(port_).remote));
  }
}

TEST_F(IceControllerTest, WithoutNominationBothStayConnected) {
  Make({.nomination = Nomination::kNever});
  controller_->Start(now_);
  RunFor(1min);
  EXPECT_THAT(States(), ElementsAre(State::kChecking, State::kConnected));
  EXPECT_EQ(agent_->state(), ice::State::kConnected);
}

TEST_F(IceControllerTest, RepeatsTheSameRequestAtDoublingIntervals) {
  Make({});
  cut_ = true;
  controller_->Start(now_);
  std::vector<int64_t> at_ms;
  const Timestamp begin = now_;
  std::array<uint8_t, 1500> buffer{};
  std::vector<uint8_t> first;
  while (at_ms.size() < 5) {
    const Transmit out = controller_->PollTransmit(now_, buffer);
    if (out) {
      at_ms.push_back((now_ - begin) / 1ms);
      const std::vector<uint8_t> bytes(buffer.begin(),
                                       buffer.begin() + static_cast<long>(out.size));
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first);
      continue;
    }
    now_ = *controller_->NextTimeout();
    controller_->HandleTimeout(now_);
  }
  EXPECT_THAT(at_ms, ElementsAre(0, 500, 1500, 3500, 7500));
  EXPECT_EQ(controller_->retransmissions(), 4u);
}

TEST_F(IceControllerTest, FailsAfterThirtySecondsOfSilenceAndThenRests) {
  Make({});
  cut_ = true;
  controller_->Start(now_);
  RunFor(30s);
  EXPECT_THAT(States(), ElementsAre(State::kChecking, State::kFailed));
  const uint64_t sent = controller_->requests_sent();
  RunFor(1h);
  EXPECT_EQ(controller_->requests_sent(), sent);
  EXPECT_FALSE(controller_->NextTimeout().has_value());
}

TEST_F(IceControllerTest, KeepsConsentFreshAboutEveryFiveSeconds) {
  Make({});
  controller_->Start(now_);
  RunFor(10min);
  EXPECT_EQ(agent_->state(), ice::State::kCompleted);
  EXPECT_EQ(controller_->state(), State::kCompleted);
  EXPECT_GE(controller_->requests_sent(), 100u);  // Every six seconds at the longest.
  EXPECT_LE(controller_->requests_sent(), 152u);  // Every four at the shortest, and two to begin.
}

TEST_F(IceControllerTest, SurvivesASilenceShorterThanConsent) {
  Make({});
  controller_->Start(now_);
  RunFor(1s);
  cut_ = true;
  RunFor(20s);
  cut_ = false;
  RunFor(20s);
  EXPECT_THAT(States(), ElementsAre(State::kChecking, State::kConnected, State::kCompleted));
  EXPECT_EQ(agent_->state(), ice::State::kCompleted);
}

TEST_F(IceControllerTest, GivesInWhenToldItHasTheWrongRole) {
  Make({.claim_controlled = true});
  controller_->Start(now_);
  Exchange();
  EXPECT_EQ(controller_->role_conflicts(), 1u);
  EXPECT_EQ(controller_->state(), State::kCompleted);
}

TEST_F(IceControllerTest, MoveIsSelectedByTheServer) {
  for (Nomination kind : {Nomination::kRegular, Nomination::kNumbered}) {
    Make({.nomination = kind});
    controller_->Start(now_);
    Exchange();
    port_ = 3000;
    controller_->MoveTo(now_, ClientSide(1001));
    Exchange();
    EXPECT_THAT(agent_->selected(), Optional(ServerSide(3000)));
    EXPECT_EQ(controller_->state(), State::kCompleted);
    port_ = 2000;
  }
}

TEST_F(IceControllerTest, RestartUsesTheNewCredentials) {
  Make({});
  controller_->Start(now_);
  Exchange();
  const ice::Credentials fresh = {"serverUfrag11111", "anotherpasswordanotherpassword"};
  agent_->Restart(fresh);
  controller_->Restart(now_, {"client2", "x"}, fresh);
  Exchange();
  EXPECT_EQ(controller_->state(), State::kCompleted);
  EXPECT_EQ(agent_->remote_ufrag(), "client2");
  EXPECT_FALSE(agent_->AcceptsUfrag(server_.ufrag));
}

TEST_F(IceControllerTest, AnswersAServerThatChecksAsWell) {
  Make({});
  controller_->Start(now_);
  Exchange();
  ice::StunMessage check;
  check.transaction[0] = 42;
  const Path path = controller_->path();
  controller_->Receive(now_, {path, Sealed(StunBytes(check), client_.password)});

  std::array<uint8_t, 1500> buffer{};
  const Transmit out = controller_->PollTransmit(now_, buffer);
  const auto answer = ice::StunMessage::Parse(ByteView(buffer).first(out.size));
  ASSERT_TRUE(answer && answer->is_binding(ice::StunClass::kSuccess));
  EXPECT_EQ(out.path, path);
  EXPECT_EQ(answer->transaction, check.transaction);
  EXPECT_THAT(answer->mapped, Optional(path.remote));
  EXPECT_TRUE(ice::HasIntegrity(*answer, client_.password));
  EXPECT_FALSE(controller_->PollTransmit(now_, buffer));
}

TEST_F(IceControllerTest, AnswersNoCheckOfAStranger) {
  Make({});
  controller_->Start(now_);
  Exchange();
  const ice::StunMessage check;
  controller_->Receive(now_, {controller_->path(), Sealed(StunBytes(check), "guessed")});
  EXPECT_EQ(controller_->drops()[DropReason::kStunBadIntegrity], 1u);
  controller_->Receive(now_, {ClientSide(6), Sealed(StunBytes(check), client_.password)});
  EXPECT_EQ(controller_->drops()[DropReason::kStunUnexpected], 1u);
  std::array<uint8_t, 1500> buffer{};
  EXPECT_FALSE(controller_->PollTransmit(now_, buffer));
}

TEST_F(IceControllerTest, ForgedAnswersAreNotBelieved) {
  Make({});
  controller_->Start(now_);
  std::array<uint8_t, 1500> buffer{};
  const Transmit out = controller_->PollTransmit(now_, buffer);
  const auto request = ice::StunMessage::Parse(ByteView(buffer).first(out.size));
  ice::StunMessage answer;
  answer.message_class = ice::StunClass::kSuccess;
  answer.transaction = request->transaction;
  answer.mapped = Endpoint{IpAddress::V4(6, 6, 6, 6), 6};

  const Path path = controller_->path();
  controller_->Receive(now_, {path, Sealed(StunBytes(answer), "guessed")});
  EXPECT_EQ(controller_->drops()[DropReason::kStunBadIntegrity], 1u);
  controller_->Receive(now_, {ClientSide(6), Sealed(StunBytes(answer), server_.password)});
  EXPECT_EQ(controller_->drops()[DropReason::kStunUnexpected], 1u);
  answer.transaction[0] ^= 1;
  controller_->Receive(now_, {path, Sealed(StunBytes(answer), server_.password)});
  EXPECT_EQ(controller_->drops()[DropReason::kStunUnexpected], 2u);
  EXPECT_EQ(controller_->state(), State::kChecking);
}

}  // namespace
}  // namespace sluice::test
