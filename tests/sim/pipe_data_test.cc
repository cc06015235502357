// Data channels over pipes: what a browser says at one router is heard at another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rtp/rtcp/application_data.h"
#include "tests/support/sim_pipe.h"
#include "tests/support/simulation.h"
#include "worker/engine/data_names.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using sctp::StreamId;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kOneWay = 20ms;
constexpr StreamId kMouth{0};
constexpr StreamId kEar{2};
constexpr StreamId kOnThePipe{5};

struct Case {
  const char* name;
  bool srtp;
  double loss;
};

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }

// Alice speaks at engine 0, Bob hears at engine 1.
class PipeDataTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sim_.RunUntil(
        10s, [&] { return alice_.peer().data().connected() && bob_.peer().data().connected(); }));
    sim_.RunFor(1s);
    schema::ProduceDataT produce;
    produce.data_producer_id = "talk";
    produce.stream = worker::DescribeStream(kMouth, {});
    ASSERT_TRUE(sim_.Ask(alice_.transport(), std::move(produce)).ok());
    pipe_.CarryData("talk", kOnThePipe);
    schema::ConsumeDataT consume;
    consume.data_consumer_id = "hear";
    consume.data_producer_id = "talk";
    consume.stream = worker::DescribeStream(kEar, {});
    ASSERT_TRUE(sim_.Ask(bob_.transport(), std::move(consume), 1).ok());
  }

  void Say(const std::string& text) { alice_.peer().data().Send(sim_.now(), kMouth, text); }
  std::vector<std::string> Heard() { return bob_.peer().data().TextsOn(kEar); }

  LinkOptions PipeLink() const {
    LinkOptions link{.one_way = kOneWay};
    link.loss = GetParam().loss;
    return link;
  }

  Simulation sim_{{.seed = 9, .link = {.one_way = kOneWay}, .engines = 2}};
  SimPipe pipe_{sim_, {.srtp = GetParam().srtp, .data_channels = true, .link = PipeLink()}};
  Member& alice_ = sim_.Join("alice", {.data_channels = true});
  Member& bob_ = sim_.Join("bob", {.engine = 1, .data_channels = true});
};

TEST_P(PipeDataTest, MessagesCrossInOrder) {
  std::vector<std::string> said;
  for (int i = 0; i < 200; ++i) {
    said.push_back("message " + std::to_string(i));
    Say(said.back());
    sim_.RunFor(10ms);
  }
  sim_.RunFor(20s);
  EXPECT_EQ(Heard(), said);
}

TEST_P(PipeDataTest, LongAndEmptyMessagesCrossWhole) {
  const std::string long_text(200'000, 'x');
  Say(long_text);
  Say("");
  sim_.RunFor(60s);
  EXPECT_THAT(Heard(), ElementsAre(long_text, ""));
}

TEST_P(PipeDataTest, PauseAndCloseCross) {
  ASSERT_TRUE(sim_.Ask("talk", schema::PauseT()).ok());
  pipe_.Follow();
  EXPECT_EQ(sim_.control(1).Count("hear", schema::NotificationBody::ProducerPaused), 1u);
  Say("unheard");
  sim_.RunFor(10s);
  EXPECT_THAT(Heard(), IsEmpty());
  ASSERT_TRUE(sim_.Ask("talk", schema::CloseT()).ok());
  pipe_.Follow();
  EXPECT_EQ(sim_.control(1).Count("hear", schema::NotificationBody::ProducerClosed), 1u);
}

TEST_P(PipeDataTest, FarEndLearnsThatTheNearOneIsGone) {
  ASSERT_TRUE(pipe_.CloseNear().ok());
  sim_.RunFor(1s);
  const auto* news = sim_.control(1).Last<schema::SctpStateChangeT>(pipe_.far_transport());
  ASSERT_NE(news, nullptr);
  // One packet says so; where it is lost, nobody answers any more.
  if (GetParam().loss == 0) {
    EXPECT_EQ(news->state, "closed");
  }
}

TEST_P(PipeDataTest, ChannelsAreNotOpenedOverAPipe) {
  schema::ConsumeDataT consume;
  consume.data_consumer_id = "opener";
  consume.data_producer_id = "talk";
  consume.stream = worker::DescribeStream(StreamId(8), {});
  consume.negotiated = false;
  const auto answer = sim_.Ask(pipe_.near_transport(), std::move(consume));
  EXPECT_FALSE(answer.ok());
  EXPECT_THAT(answer.message, testing::HasSubstr("negotiated"));
}

INSTANTIATE_TEST_SUITE_P(, PipeDataTest,
                         testing::Values(Case{"Clear", false, 0}, Case{"Protected", true, 0},
                                         Case{"ProtectedWithLoss", true, 0.05}),
                         NameOf);

// Whoever has not the keys of a pipe may not speak SCTP over it.
TEST(PipeDataProtectionTest, ClearSctpOnAProtectedPipeIsDropped) {
  Simulation sim{{.link = {.one_way = kOneWay}, .engines = 2}};
  SimPipe pipe(sim, {.srtp = true, .data_channels = true});
  sim.RunFor(2s);
  const auto state = [&] {
    return std::move(*sim.Ask(pipe.near_transport(), schema::GetStatsT()).body.AsTransportStats());
  };
  const schema::TransportStatsT before = state();
  ASSERT_EQ(before.sctp->state, "connected");
  const Endpoint near{*IpAddress::Parse(before.selected_tuple->local_address),
                      before.selected_tuple->local_port};
  const Endpoint far{*IpAddress::Parse(before.selected_tuple->remote_ip),
                     before.selected_tuple->remote_port};
  // Long enough to have an index and a tag.
  const std::vector<uint8_t> packet(64, 0);
  std::vector<uint8_t> forged(128);
  ByteWriter out(forged);
  rtp::ApplicationData{.name = 0x53435450, .data = packet}.WriteTo(out);
  sim.network().Inject(sim.now(), far, near, out.written());
  sim.RunFor(1s);
  const schema::TransportStatsT after = state();
  EXPECT_EQ(after.sctp->state, "connected");
  EXPECT_EQ(CountOf(after.drops, DropReason::kSrtpAuthentication), 1u);
}

}  // namespace
}  // namespace sluice::test
