#include "bench/load/split_peer.h"

#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Answers as soon as it is told to, and remembers what it was asked.
class FakePeer : public Peer {
 public:
  explicit FakePeer(pid_t pid) : pid_(pid) {}

  absl::StatusOr<PeerIdentity> Start() override { return PeerIdentity{"fake", "1", {{pid_}}}; }
  void Submit(const Request& request) override { asked.push_back(request); }
  std::optional<Answer> Poll() override {
    if (answered == asked.size() || !awake) return std::nullopt;
    Answer answer;
    answer.transport = std::holds_alternative<ReceiveRequest>(asked[answered]) ? "t1" : "";
    answer.counters["packets"] = static_cast<uint64_t>(pid_);
    ++answered;
    return answer;
  }
  void Stop() override {}

  std::vector<Request> asked;
  size_t answered = 0;
  bool awake = true;

 private:
  const pid_t pid_;
};

class SplitPeerTest : public testing::Test {
 protected:
  SplitPeerTest() {
    std::vector<std::unique_ptr<Peer>> workers;
    workers.push_back(std::make_unique<FakePeer>(10));
    workers.push_back(std::make_unique<FakePeer>(20));
    first_ = static_cast<FakePeer*>(workers[0].get());
    second_ = static_cast<FakePeer*>(workers[1].get());
    peer_.emplace(std::move(workers));
  }

  std::optional<Answer> Ask(const Request& request) {
    peer_->Submit(request);
    return peer_->Poll();
  }

  static ReceiveRequest Receiver(const char* room) {
    std::string digest = "00";
    for (int i = 1; i < 32; ++i) digest += ":00";
    return {{room, "c1", {"ufrag", "password"}, *dtls::Fingerprint::Parse("sha-256", digest), 4711},
            {}};
  }

  FakePeer* first_ = nullptr;
  FakePeer* second_ = nullptr;
  std::optional<SplitPeer> peer_;
};

TEST_F(SplitPeerTest, ProcessesOfEachWorkerAreKeptApart) {
  const auto identity = peer_->Start();
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(identity->workers, ElementsAre(ElementsAre(10), ElementsAre(20)));
}

TEST_F(SplitPeerTest, RoomsAreDealtOutInTurn) {
  for (const char* room : {"a", "b", "c"}) Ask(RoomRequest{room});
  EXPECT_EQ(first_->asked.size(), 2u);
  EXPECT_EQ(second_->asked.size(), 1u);
}

TEST_F(SplitPeerTest, WhoComesGoesToTheWorkerOfTheRoom) {
  for (const char* room : {"a", "b"}) Ask(RoomRequest{room});
  const auto answer = Ask(Receiver("b"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->worker, 1u);
  EXPECT_TRUE(std::holds_alternative<ReceiveRequest>(second_->asked.back()));
}

TEST_F(SplitPeerTest, TransportsOfOneNameAreToldApart) {
  for (const char* room : {"a", "b"}) Ask(RoomRequest{room});
  const auto of_first = Ask(Receiver("a"));
  const auto of_second = Ask(Receiver("b"));
  ASSERT_NE(of_first->transport, of_second->transport);
  Ask(CloseRequest{of_second->transport});
  ASSERT_TRUE(std::holds_alternative<CloseRequest>(second_->asked.back()));
  EXPECT_EQ(std::get<CloseRequest>(second_->asked.back()).transport, "t1");
}

TEST_F(SplitPeerTest, AnswersComeInTheOrderOfTheRequests) {
  for (const char* room : {"a", "b"}) Ask(RoomRequest{room});
  first_->awake = false;
  EXPECT_FALSE(Ask(Receiver("a")).has_value());
  EXPECT_FALSE(Ask(Receiver("b")).has_value());
  first_->awake = true;
  EXPECT_EQ(peer_->Poll()->worker, 0u);
  EXPECT_EQ(peer_->Poll()->worker, 1u);
}

TEST_F(SplitPeerTest, CountersAreSums) {
  EXPECT_THAT(Ask(CountersRequest())->counters, ElementsAre(Pair("packets", 30)));
}

}  // namespace
}  // namespace sluice::load
