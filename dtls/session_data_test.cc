// Application data: what SCTP is carried in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/dtls_link.h"
#include "tests/support/dtls_session_fixture.h"

namespace sluice::dtls {
namespace {

using namespace std::chrono_literals;
using test::DtlsLink;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SessionDataTest : public SessionFixture {
 protected:
  void SetUp() override {
    server_.KeepApplicationData();
    link_.RunFor(1s);
    ASSERT_TRUE(TakeConnected(server_) && TakeConnected(client_));
  }

  std::vector<std::string> DataOf(Session& session) {
    std::vector<std::string> texts;
    while (const std::optional<Session::Event> event = session.PollEvent()) {
      const auto* data = std::get_if<Session::ApplicationData>(&*event);
      if (data != nullptr) texts.emplace_back(AsText(data->bytes));
    }
    return texts;
  }

  Session server_{ours(), Role::kServer, FingerprintOf(theirs())};
  Session client_{theirs(), Role::kClient, FingerprintOf(ours())};
  DtlsLink<Session, Session> link_{server_, client_};
};

TEST_F(SessionDataTest, IsHandedOutToWhoAskedForIt) {
  ASSERT_TRUE(client_.Send(AsBytes("one")));
  ASSERT_TRUE(client_.Send(AsBytes("two")));
  link_.RunFor(1s);
  EXPECT_THAT(DataOf(server_), ElementsAre("one", "two"));
}

TEST_F(SessionDataTest, IsForgottenWhereNobodyAskedForIt) {
  ASSERT_TRUE(server_.Send(AsBytes("one")));
  link_.RunFor(1s);
  EXPECT_THAT(DataOf(client_), IsEmpty());
  EXPECT_EQ(client_.drops()[DropReason::kDtlsUnexpected], 1u);
}

// The client gives its buffers back, and needs them anew for each record.
TEST_F(SessionDataTest, ManyRecordsGoBothWays) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(client_.Send(AsBytes(std::to_string(i))));
    ASSERT_TRUE(server_.Send(AsBytes(std::to_string(i))));
    link_.RunFor(50ms);
  }
  EXPECT_THAT(DataOf(server_), SizeIs(200));
  EXPECT_EQ(client_.drops()[DropReason::kDtlsUnexpected], 200u);
}

TEST_F(SessionDataTest, TheLongestRecordFillsADatagram) {
  const std::vector<uint8_t> longest(Session::kMaxApplicationData, 'x');
  ASSERT_TRUE(client_.Send(longest));
  const std::vector<Bytes> datagrams = Drain(client_, link_.now());
  ASSERT_THAT(datagrams, SizeIs(1));
  EXPECT_LE(datagrams[0].size(), Session::kMaxDatagram);
}

TEST_F(SessionDataTest, WhatDoesNotFitADatagramIsRefused) {
  EXPECT_FALSE(client_.Send(std::vector<uint8_t>(Session::kMaxApplicationData + 1)));
  EXPECT_THAT(Drain(client_, link_.now()), IsEmpty());
}

TEST_F(SessionDataTest, NothingIsSentAfterTheEnd) {
  client_.Close(link_.now());
  EXPECT_FALSE(client_.Send(AsBytes("late")));
}

TEST(SessionDataBeforeTest, NothingIsSentBeforeTheHandshakeIsDone) {
  const auto context = Context::Create();
  ASSERT_TRUE(context.ok());
  Session session(**context, Role::kServer, (*context)->fingerprints().back());
  EXPECT_FALSE(session.Send(AsBytes("early")));
}

}  // namespace
}  // namespace sluice::dtls
