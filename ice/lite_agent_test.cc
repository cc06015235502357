#include "ice/lite_agent.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ice/stun_integrity.h"
#include "tests/support/lite_agent_fixture.h"

namespace sluice::ice {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class LiteAgentTest : public test::LiteAgentFixture {};

TEST_F(LiteAgentTest, BeginsNewAndAsksForNothing) {
  EXPECT_EQ(agent_.state(), State::kNew);
  EXPECT_FALSE(agent_.NextTimeout().has_value());
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_FALSE(TakeAnswer().has_value());
  EXPECT_FALSE(agent_.selected().has_value());
  EXPECT_EQ(agent_.remote_ufrag(), "");
}

TEST_F(LiteAgentTest, StatesHaveTheirNames) {
  EXPECT_EQ(StateName(State::kNew), "new");
  EXPECT_EQ(StateName(State::kConnected), "connected");
  EXPECT_EQ(StateName(State::kCompleted), "completed");
  EXPECT_EQ(StateName(State::kDisconnected), "disconnected");
  EXPECT_EQ(StateName(State::kClosed), "closed");
}

TEST_F(LiteAgentTest, FirstCheckConnectsAndSelectsSoThatMediaFlowsEarly) {
  Send(1, Check());
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "connected"));
  EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
  EXPECT_TRUE(agent_.IsValidated(PathTo(1)));
  EXPECT_FALSE(agent_.IsValidated(PathTo(2)));
  EXPECT_EQ(agent_.remote_ufrag(), "peer");
}

TEST_F(LiteAgentTest, AnswerReflectsTheSenderAndIsSealed) {
  const StunMessage request = Check();
  Send(7, request);
  const std::optional<Answer> answer = TakeAnswer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->path, PathTo(7));
  const auto response = StunMessage::Parse(answer->bytes);
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->is_binding(StunClass::kSuccess));
  EXPECT_EQ(response->transaction, request.transaction);
  EXPECT_THAT(response->mapped, Optional(PathTo(7).remote));
  EXPECT_TRUE(HasIntegrity(*response, old_.password));
  EXPECT_TRUE(HasFingerprint(*response));
  EXPECT_FALSE(TakeAnswer().has_value());
}

TEST_F(LiteAgentTest, AnswerReflectsIpv6Senders) {
  const Path path = {SocketId(2), {*IpAddress::Parse("2001:db8::7"), 9}};
  agent_.Receive(now_, {path, test::Sealed(test::StunBytes(Check()), password_)});
  const std::optional<Answer> answer = TakeAnswer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(StunMessage::Parse(answer->bytes)->mapped, Optional(path.remote));
}

TEST_F(LiteAgentTest, UseCandidateCompletes) {
  Send(1, UseCandidate());
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "completed"));
}

TEST_F(LiteAgentTest, LaterNominationMovesTheSelection) {
  Send(1, Check());
  Send(2, Check());
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "connected", "+2"));
  Send(2, UseCandidate());
  EXPECT_THAT(Events(), ElementsAre("*2", "completed"));
  EXPECT_EQ(agent_.counters().nominations, 1u);
}

TEST_F(LiteAgentTest, ChecksWithoutNominationDoNotMoveTheSelection) {
  Send(1, UseCandidate());
  Send(2, Check());
  Send(2, Check());
  EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
}

// RFC 5245 §8.1.1.2, which some clients still do: every check nominates.
TEST_F(LiteAgentTest, LatestOfSeveralBareNominationsWins) {
  Send(1, UseCandidate());
  Send(2, UseCandidate());
  Send(1, UseCandidate());
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "completed", "+2", "*2", "*1"));
}

TEST_F(LiteAgentTest, RepeatedNominationIsNoEvent) {
  Send(1, UseCandidate());
  Events();
  Send(1, UseCandidate());
  Send(1, Check());
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_EQ(agent_.counters().nominations, 1u);
}

TEST_F(LiteAgentTest, HigherNominationNumberWinsInAnyOrder) {
  Send(1, Nominate(1));
  Send(2, Nominate(3));
  Send(3, Nominate(2));  // Overtaken on the way.
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "completed", "+2", "*2", "+3"));
  Send(1, Nominate(4));
  EXPECT_THAT(Events(), ElementsAre("*1"));
}

TEST_F(LiteAgentTest, NumberZeroNominatesToo) {
  Send(1, Nominate(0));
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

TEST_F(LiteAgentTest, BareNominationIsLateOnceThePeerCounts) {
  Send(1, UseCandidate());
  Send(2, Nominate(1));
  Send(1, UseCandidate());
  EXPECT_THAT(agent_.selected(), Optional(PathTo(2)));
}

TEST_F(LiteAgentTest, PriorityAndRoleMayBeMissing) {
  StunMessage bare = Check();
  bare.priority.reset();
  bare.controlling.reset();
  Send(1, bare);
  EXPECT_EQ(agent_.state(), State::kConnected);
}

TEST_F(LiteAgentTest, PeerThatClaimsOurRoleIsToldSoAndChangesNothing) {
  StunMessage conflict = Check();
  conflict.controlling.reset();
  conflict.controlled = 0;  // The lowest tie-breaker there is.
  conflict.use_candidate = true;
  Send(1, conflict);
  const std::optional<Answer> answer = TakeAnswer();
  ASSERT_TRUE(answer.has_value());
  const auto response = StunMessage::Parse(answer->bytes);
  EXPECT_TRUE(response->is_binding(StunClass::kError));
  EXPECT_THAT(response->error_code, Optional(487));
  EXPECT_TRUE(HasIntegrity(*response, old_.password));
  EXPECT_EQ(agent_.state(), State::kNew);
  EXPECT_EQ(agent_.path_count(), 0u);
  EXPECT_EQ(agent_.counters().role_conflicts, 1u);
}

TEST_F(LiteAgentTest, UnknownRequiredAttributeIsNamedAndChangesNothing) {
  Deliver(1, test::Sealed(test::StunBytes(Check(), {{0x7abc, {}}, {0x7def, {1}}}), password_));
  const std::optional<Answer> answer = TakeAnswer();
  ASSERT_TRUE(answer.has_value());
  const auto response = StunMessage::Parse(answer->bytes);
  EXPECT_THAT(response->error_code, Optional(420));
  // Header and ERROR-CODE, then UNKNOWN-ATTRIBUTES with both types.
  ByteReader list(ByteView(answer->bytes).subspan(20 + 8));
  EXPECT_EQ(list.U32(), 0x000a0004u);
  EXPECT_EQ(list.U32(), 0x7abc7defu);
  EXPECT_EQ(agent_.state(), State::kNew);
  EXPECT_EQ(agent_.counters().unknown_attributes, 1u);
}

TEST_F(LiteAgentTest, RetransmissionIsAnsweredAgain) {
  const StunMessage request = Check();
  Send(1, request);
  Send(1, request);
  EXPECT_EQ(DrainAnswers(), 2u);
  EXPECT_THAT(Events(), ElementsAre("+1", "*1", "connected"));
}

TEST_F(LiteAgentTest, PathThatIsLostGivesWayToALivingOne) {
  Send(1, UseCandidate());
  Send(2, Check());
  Events();
  agent_.LosePath(PathTo(1));
  EXPECT_THAT(Events(), ElementsAre("-1", "*2", "connected"));
}

TEST_F(LiteAgentTest, LossOfTheLastPathIsADisconnection) {
  Send(1, UseCandidate());
  Events();
  agent_.LosePath(PathTo(1));
  EXPECT_THAT(Events(), ElementsAre("-1", "disconnected"));
  EXPECT_FALSE(agent_.selected());
  Send(3, Check());
  EXPECT_THAT(Events(), ElementsAre("+3", "*3", "connected"));
}

TEST_F(LiteAgentTest, LossOfASpareOrOfNoPathChangesNothingElse) {
  Send(1, UseCandidate());
  Send(2, Check());
  Events();
  agent_.LosePath(PathTo(2));
  EXPECT_THAT(Events(), ElementsAre("-2"));
  agent_.LosePath(PathTo(2));
  EXPECT_THAT(Events(), ElementsAre());
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

// Its nominations are still numbered, and a late one must not win.
TEST_F(LiteAgentTest, LossOfAPathKeepsTheNominationNumber) {
  Send(1, Nominate(5));
  Send(2, Check());
  agent_.LosePath(PathTo(1));
  Send(3, Nominate(4));
  EXPECT_THAT(agent_.selected(), Optional(PathTo(2)));
  Send(3, Nominate(6));
  EXPECT_THAT(agent_.selected(), Optional(PathTo(3)));
}

// The same remote endpoint over two of our sockets is two paths: an answer must leave by the socket
// the question came in by.
TEST_F(LiteAgentTest, PathsDifferBySocketAndByProtocol) {
  const std::vector<uint8_t> first = test::Sealed(test::StunBytes(Check()), password_);
  const std::vector<uint8_t> second = test::Sealed(test::StunBytes(Check()), password_);
  const std::vector<uint8_t> third = test::Sealed(test::StunBytes(Check()), password_);
  Path path = PathTo(1);
  agent_.Receive(now_, {path, first});
  path.socket = SocketId(2);
  agent_.Receive(now_, {path, second});
  path.remote.protocol = TransportProtocol::kTcp;
  agent_.Receive(now_, {path, third});
  EXPECT_EQ(agent_.path_count(), 3u);
}

TEST_F(LiteAgentTest, NinthPathReplacesTheOneSilentLongest) {
  for (uint16_t port = 1; port <= 8; ++port) {
    Send(port, Check());
    DrainAnswers();
    Advance(1s);
  }
  Send(2, Check());  // Port 1 is older but selected; port 2 has just spoken.
  Events();
  Send(9, Check());
  EXPECT_THAT(Events(), ElementsAre("-3", "+9"));
  EXPECT_EQ(agent_.path_count(), LiteAgent::kMaxPaths);
  EXPECT_EQ(agent_.counters().evicted_paths, 1u);
  EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
}

TEST_F(LiteAgentTest, AnswerThatDoesNotFitIsDroppedAndTheNextOneFollows) {
  Send(1, Check());
  Send(2, Check());
  std::array<uint8_t, 63> small{};
  EXPECT_FALSE(agent_.PollTransmit(now_, small));
  EXPECT_EQ(agent_.drops()[DropReason::kTooLarge], 2u);
  Send(3, Check());
  EXPECT_TRUE(TakeAnswer().has_value());
}

class ConsentTest : public LiteAgentTest {};

TEST_F(ConsentTest, ExpiresExactlyWhenAnnounced) {
  Send(1, UseCandidate());
  Events();
  EXPECT_THAT(agent_.NextTimeout(), Optional(now_ + 30s));
  Advance(30s - 1us);
  EXPECT_THAT(Events(), IsEmpty());
  Advance(1us);
  EXPECT_THAT(Events(), ElementsAre("-1", "disconnected"));
  EXPECT_FALSE(agent_.selected().has_value());
  EXPECT_FALSE(agent_.IsValidated(PathTo(1)));
  EXPECT_FALSE(agent_.NextTimeout().has_value());
}

TEST_F(ConsentTest, AnyCheckRenewsIt) {
  Send(1, UseCandidate());
  for (int i = 0; i < 100; ++i) {
    Advance(29s);
    Send(1, Check());
    DrainAnswers();
  }
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

TEST_F(ConsentTest, LaterCheckRevives) {
  Send(1, UseCandidate());
  Advance(31s);
  Events();
  Send(2, Check());
  EXPECT_THAT(Events(), ElementsAre("+2", "*2", "connected"));
  Send(2, UseCandidate());
  EXPECT_THAT(Events(), ElementsAre("completed"));
}

// A browser that froze with its nomination acknowledged does not repeat the number when it wakes.
TEST_F(ConsentTest, RevivalForgetsTheNominationNumber) {
  Send(1, Nominate(5));
  Advance(31s);
  Send(1, UseCandidate());
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

TEST_F(ConsentTest, SelectedPathThatFallsSilentGivesWayToALivingOne) {
  Send(1, UseCandidate());
  Send(2, Check());
  Send(3, Check());
  Advance(10s);
  Send(2, Check());
  Advance(10s);
  Send(3, Check());
  Events();
  Advance(10s);
  EXPECT_THAT(Events(), ElementsAre("-1", "*3", "connected"));
  Send(2, UseCandidate());
  EXPECT_THAT(Events(), ElementsAre("*2", "completed"));
}

TEST_F(ConsentTest, SpareThatExpiresLeavesTheCallAlone) {
  Send(1, UseCandidate());
  Send(2, Check());
  Advance(20s);
  Send(1, Check());
  Events();
  EXPECT_THAT(agent_.NextTimeout(), Optional(now_ + 10s));
  Advance(10s);
  EXPECT_THAT(Events(), ElementsAre("-2"));
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

TEST_F(ConsentTest, AllPathsMayExpireAtOnce) {
  for (uint16_t port = 1; port <= 8; ++port) Send(port, Check());
  Events();
  Advance(1h);
  EXPECT_EQ(Events().size(), 9u);
  EXPECT_EQ(agent_.path_count(), 0u);
  EXPECT_EQ(agent_.state(), State::kDisconnected);
}

TEST_F(ConsentTest, RefusedRequestsDoNotRenewIt) {
  Send(1, UseCandidate());
  Advance(29s);
  StunMessage conflict = Check();
  conflict.controlled = 1;
  Send(1, conflict);
  Advance(1s);
  EXPECT_EQ(agent_.state(), State::kDisconnected);
}

TEST_F(ConsentTest, ZeroMeansNever) {
  LiteAgent patient(old_, {.consent_timeout = 0s});
  patient.Receive(now_, {PathTo(1), test::Sealed(test::StunBytes(Check()), password_)});
  EXPECT_FALSE(patient.NextTimeout().has_value());
  patient.HandleTimeout(now_ + 24h);
  EXPECT_EQ(patient.state(), State::kConnected);
}

class RestartTest : public LiteAgentTest {
 protected:
  void SpeakNew() {
    username_ = new_.ufrag + ":again";
    password_ = new_.password;
  }
};

TEST_F(RestartTest, BothCredentialsWorkUntilTheNewOnesAreUsed) {
  Send(1, UseCandidate());
  agent_.Restart(new_);
  EXPECT_EQ(agent_.local(), new_);
  EXPECT_THAT(agent_.accepted_ufrags(), ElementsAre(new_.ufrag, old_.ufrag));
  Send(1, Check());
  EXPECT_EQ(agent_.counters().requests, 2u);

  SpeakNew();
  Send(1, Check());
  EXPECT_EQ(agent_.counters().requests, 3u);
  EXPECT_THAT(agent_.accepted_ufrags(), ElementsAre(new_.ufrag));
  EXPECT_FALSE(agent_.AcceptsUfrag(old_.ufrag));
  EXPECT_EQ(agent_.remote_ufrag(), "again");

  username_ = old_.ufrag + ":peer";
  password_ = old_.password;
  Send(1, Check());
  EXPECT_EQ(agent_.drops()[DropReason::kStunUnknownUser], 1u);
}

TEST_F(RestartTest, AnswersAreSealedWithThePasswordOfTheirRequest) {
  agent_.Restart(new_);
  Send(1, Check());
  EXPECT_TRUE(HasIntegrity(*StunMessage::Parse(TakeAnswer()->bytes), old_.password));
  SpeakNew();
  Send(1, Check());
  EXPECT_TRUE(HasIntegrity(*StunMessage::Parse(TakeAnswer()->bytes), new_.password));
}

TEST_F(RestartTest, NewUfragWithOldPasswordIsNobody) {
  agent_.Restart(new_);
  username_ = new_.ufrag + ":peer";
  Send(1, Check());
  EXPECT_EQ(agent_.drops()[DropReason::kStunBadIntegrity], 1u);
  EXPECT_TRUE(agent_.AcceptsUfrag(old_.ufrag));
}

TEST_F(RestartTest, MediaStaysOnTheOldPathUntilThePeerNominates) {
  Send(1, Nominate(9));
  agent_.Restart(new_);
  Events();
  SpeakNew();
  Send(2, Check());
  EXPECT_THAT(Events(), ElementsAre("+2"));
  EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
  // The peer may count from one again.
  Send(2, Nominate(1));
  EXPECT_THAT(Events(), ElementsAre("*2"));
  EXPECT_EQ(agent_.state(), State::kCompleted);
}

TEST_F(RestartTest, BareNominationCountsAgainAfterARestart) {
  Send(1, Nominate(9));
  agent_.Restart(new_);
  SpeakNew();
  Send(2, UseCandidate());
  EXPECT_THAT(agent_.selected(), Optional(PathTo(2)));
}

TEST_F(RestartTest, SecondRestartKeepsTheCredentialsInUse) {
  Send(1, Check());
  agent_.Restart({"unusedUfrag22222", "unused"});
  agent_.Restart(new_);
  EXPECT_THAT(agent_.accepted_ufrags(), ElementsAre(new_.ufrag, old_.ufrag));
  Send(1, Check());
  EXPECT_EQ(agent_.counters().requests, 2u);
}

TEST_F(RestartTest, RefusedRequestDoesNotEndTheTransition) {
  agent_.Restart(new_);
  SpeakNew();
  StunMessage conflict = Check();
  conflict.controlled = 1;
  Send(1, conflict);
  EXPECT_TRUE(agent_.AcceptsUfrag(old_.ufrag));
}

class CloseTest : public LiteAgentTest {};

TEST_F(CloseTest, RemovesPathsAndIsSilentForEver) {
  Send(1, UseCandidate());
  Send(2, Check());
  Events();
  agent_.Close();
  EXPECT_THAT(Events(), ElementsAre("-2", "-1", "closed"));
  EXPECT_FALSE(TakeAnswer().has_value());
  EXPECT_THAT(agent_.accepted_ufrags(), IsEmpty());

  Send(1, UseCandidate());
  agent_.Restart(new_);
  agent_.Close();
  Advance(1h);
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_FALSE(TakeAnswer().has_value());
  EXPECT_FALSE(agent_.NextTimeout().has_value());
  EXPECT_FALSE(agent_.AcceptsUfrag(new_.ufrag));
  EXPECT_EQ(agent_.drops()[DropReason::kTransportClosed], 1u);
}

TEST_F(CloseTest, WorksBeforeAnythingHappened) {
  agent_.Close();
  EXPECT_THAT(Events(), ElementsAre("closed"));
}

}  // namespace
}  // namespace sluice::ice
