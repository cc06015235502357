// What a stranger can do to an agent: nothing. Every case ends without an answer, without a change,
// and in exactly one counter.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ice/lite_agent.h"
#include "ice/stun_integrity.h"
#include "tests/support/hex.h"
#include "tests/support/lite_agent_fixture.h"
#include "tests/vectors/stun_rfc5769.h"

namespace sluice::ice {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Sealed;
using test::StunBytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class HostileTest : public test::LiteAgentFixture {
 protected:
  void SetUp() override {
    Send(1, UseCandidate());
    Events();
    DrainAnswers();
  }

  // From another address, in the middle of a call.
  void ExpectIgnored(const std::vector<uint8_t>& bytes, DropReason reason) {
    const uint64_t before = agent_.drops()[reason];
    const uint64_t total = agent_.drops().total();
    Deliver(66, bytes);
    EXPECT_EQ(agent_.drops()[reason], before + 1) << DropReasonName(reason);
    EXPECT_EQ(agent_.drops().total(), total + 1);
    EXPECT_FALSE(TakeAnswer().has_value());
    EXPECT_THAT(Events(), IsEmpty());
    EXPECT_EQ(agent_.path_count(), 1u);
    EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
    EXPECT_EQ(agent_.state(), State::kCompleted);
  }

  std::vector<uint8_t> Named(const std::string& username) {
    StunMessage request = UseCandidate();
    request.username = username;
    return Sealed(StunBytes(request), password_);
  }
};

TEST_F(HostileTest, WrongPasswordIsIgnored) {
  ExpectIgnored(Sealed(StunBytes(UseCandidate()), "guessed"), DropReason::kStunBadIntegrity);
}

TEST_F(HostileTest, MissingFingerprintIsIgnored) {
  std::vector<uint8_t> bytes = Sealed(StunBytes(UseCandidate()), password_);
  bytes.resize(bytes.size() - kFingerprintSize);
  bytes[3] = static_cast<uint8_t>(bytes.size() - kStunHeaderSize);
  ExpectIgnored(bytes, DropReason::kStunMalformed);
}

TEST_F(HostileTest, MissingIntegrityIsIgnored) {
  const std::vector<uint8_t> bytes = test::Fingerprinted(StunBytes(UseCandidate()));
  ExpectIgnored(bytes, DropReason::kStunBadIntegrity);
}

TEST_F(HostileTest, UsernameMustNameUsWholly) {
  const std::string mine = old_.ufrag;
  for (const std::string& name :
       {std::string("peer:") + mine, mine, mine + ":", std::string(":peer"), std::string(),
        mine.substr(0, 15) + ":peer", mine + "x:peer", new_.ufrag + ":peer", mine + ":peer:more"}) {
    ExpectIgnored(Named(name), DropReason::kStunUnknownUser);
  }
  StunMessage anonymous = UseCandidate();
  anonymous.username.reset();
  ExpectIgnored(Sealed(StunBytes(anonymous), password_), DropReason::kStunUnknownUser);
}

TEST_F(HostileTest, OtherKindsOfMessageAreIgnored) {
  for (StunClass kind : {StunClass::kIndication, StunClass::kSuccess, StunClass::kError}) {
    StunMessage message = UseCandidate();
    message.message_class = kind;
    ExpectIgnored(Sealed(StunBytes(message), password_), DropReason::kStunUnexpected);
  }
  for (uint16_t method : {uint16_t{0}, uint16_t{3}, uint16_t{0xff}}) {
    StunMessage message = UseCandidate();
    message.method = method;
    ExpectIgnored(Sealed(StunBytes(message), password_), DropReason::kStunUnexpected);
  }
}

TEST_F(HostileTest, EveryTruncationIsIgnored) {
  const std::vector<uint8_t> whole = Sealed(StunBytes(UseCandidate()), password_);
  for (size_t size = 0; size < whole.size(); ++size) {
    ExpectIgnored({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)},
                  DropReason::kStunMalformed);
  }
}

TEST_F(HostileTest, EveryChangedBitIsIgnored) {
  const std::vector<uint8_t> whole = Sealed(StunBytes(UseCandidate()), password_);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<uint8_t> bytes = whole;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ExpectIgnored(bytes, DropReason::kStunMalformed);
  }
}

// A captured request, sent again from elsewhere, must not drag the media there.
TEST_F(HostileTest, ReplayFromAnotherAddressIsIgnored) {
  const std::vector<uint8_t> captured = Sealed(StunBytes(UseCandidate()), password_);
  Deliver(1, captured);
  DrainAnswers();
  ExpectIgnored(captured, DropReason::kStunUnexpected);
  // Even when the peer has gone on for a while.
  for (int i = 0; i < 50; ++i) Send(1, Check());
  DrainAnswers();
  ExpectIgnored(captured, DropReason::kStunUnexpected);
}

// Many retransmissions of one request must not wash the others out of the memory of replays.
TEST_F(HostileTest, RetransmissionsDoNotMakeRoomForReplays) {
  const std::vector<uint8_t> captured = Sealed(StunBytes(UseCandidate()), password_);
  Deliver(1, captured);
  DrainAnswers();
  const StunMessage repeated = Check();
  for (int i = 0; i < 1000; ++i) {
    Send(1, repeated);
    DrainAnswers();
  }
  ExpectIgnored(captured, DropReason::kStunUnexpected);
}

TEST_F(HostileTest, SampleOfAStrangerIsIgnored) {
  ExpectIgnored(test::FromHex(test::kRfc5769Request), DropReason::kStunUnknownUser);
}

TEST_F(HostileTest, FloodKeepsConsentFromNobody) {
  const std::vector<uint8_t> forged = Sealed(StunBytes(Check()), "guessed");
  for (int i = 0; i < 30; ++i) {
    Deliver(1, forged);  // From the peer's own address, even.
    Advance(1s);
  }
  EXPECT_EQ(agent_.state(), State::kDisconnected);
}

// Attributes that only an attacker could have added, behind what the peer has sealed.
TEST_F(HostileTest, NominationBehindIntegrityIsNotRead) {
  std::vector<uint8_t> sealed = Sealed(StunBytes(Check()), password_);
  sealed.resize(sealed.size() - kFingerprintSize);
  sealed.insert(sealed.end(), {0x00, 0x25, 0x00, 0x00});
  Deliver(2, test::Fingerprinted(sealed));
  EXPECT_THAT(Events(), ElementsAre("+2"));
  EXPECT_THAT(agent_.selected(), Optional(PathTo(1)));
}

// S17: no answer is larger than its question, whoever asks and over whatever family.
TEST_F(HostileTest, NoAnswerIsLargerThanTheQuestion) {
  const Path v6 = {SocketId(1), {*IpAddress::Parse("2001:db8::1"), 1}};
  username_ = old_.ufrag + ":p";  // The shortest there is.
  std::vector<std::vector<uint8_t>> questions;
  StunMessage shortest = Check();
  shortest.priority.reset();
  shortest.controlling.reset();
  questions.push_back(Sealed(StunBytes(shortest), password_));
  for (uint16_t unknown = 1; unknown <= 20; ++unknown) {
    shortest = Check();
    shortest.priority.reset();
    shortest.controlling.reset();
    std::vector<test::RawAttribute> extra;
    for (uint16_t i = 0; i < unknown; ++i) extra.push_back({static_cast<uint16_t>(0x7000 + i), {}});
    questions.push_back(Sealed(StunBytes(shortest, extra), password_));
  }
  shortest.controlled = 1;
  questions.push_back(Sealed(StunBytes(shortest), password_));
  for (const std::vector<uint8_t>& question : questions) {
    agent_.Receive(now_, {v6, question});
    const std::optional<Answer> answer = TakeAnswer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_LE(answer->bytes.size(), question.size());
  }
}

// An owner that does not drain loses input, not memory and not events.
TEST_F(HostileTest, UndrainedAgentRefusesInput) {
  for (int i = 0; i < 1000; ++i) Send(1, Check());
  EXPECT_EQ(agent_.drops()[DropReason::kQueueFull], 1000u - 2 * LiteAgent::kMaxPaths);
  EXPECT_EQ(DrainAnswers(), 2 * LiteAgent::kMaxPaths);
  Send(1, Check());
  EXPECT_EQ(DrainAnswers(), 1u);
}

TEST_F(HostileTest, UndrainedEventsLeaveRoomForExpiryAndClose) {
  for (uint16_t port = 2; port < 500; ++port) {
    Send(port, Check());
    DrainAnswers();
  }
  EXPECT_GT(agent_.drops()[DropReason::kQueueFull], 0u);
  Advance(1h);
  agent_.Close();
  const Strings history = Events();
  ASSERT_FALSE(history.empty());
  EXPECT_EQ(history.back(), "closed");
  // Every path that came has gone.
  const auto count = [&](char kind) {
    return std::count_if(history.begin(), history.end(),
                         [kind](const std::string& event) { return event[0] == kind; });
  };
  EXPECT_EQ(count('+') + 1, count('-'));  // The first came before the test.
}

}  // namespace
}  // namespace sluice::ice
