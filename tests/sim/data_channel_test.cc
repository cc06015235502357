// Data channels of browsers through the worker: who hears what, and what happens when somebody
// closes, pauses, floods or lies.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using sctp::StreamId;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr StreamId kMouth{0};  // what a member says goes on this stream
constexpr StreamId kEar{0};

std::unique_ptr<schema::SctpStreamParametersT> OnStream(StreamId stream) {
  auto parameters = std::make_unique<schema::SctpStreamParametersT>();
  parameters->stream_id = stream.value();
  return parameters;
}

schema::ProduceDataT Producing(const std::string& id, StreamId stream) {
  schema::ProduceDataT produce;
  produce.data_producer_id = id;
  produce.stream = OnStream(stream);
  produce.label = "chat";
  return produce;
}

schema::ConsumeDataT Consuming(const std::string& id, const std::string& producer) {
  schema::ConsumeDataT consume;
  consume.data_consumer_id = id;
  consume.data_producer_id = producer;
  return consume;
}

// Alice speaks, Bob hears.
class DataChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sim_.RunUntil(
        10s, [&] { return alice_.peer().data().connected() && bob_.peer().data().connected(); }));
    sim_.RunFor(100ms);  // The worker hears of it a little later.
    ASSERT_TRUE(Ask(alice_.transport(), Producing("talk", kMouth)).ok());
    auto consume = Consuming("hear", "talk");
    consume.stream = OnStream(kEar);
    ASSERT_TRUE(Ask(bob_.transport(), std::move(consume)).ok());
  }

  template <typename Body>
  SimControl::Answer Ask(std::string_view target, Body body) {
    return sim_.Ask(target, std::move(body));
  }
  void Say(const std::string& text) { alice_.peer().data().Send(sim_.now(), kMouth, text); }
  std::vector<std::string> Heard() { return bob_.peer().data().TextsOn(kEar); }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice", {.data_channels = true});
  Member& bob_ = sim_.Join("bob", {.role = dtls::Role::kClient, .data_channels = true});
};

TEST_F(DataChannelTest, MessageReachesTheConsumer) {
  Say("hello");
  sim_.RunFor(1s);
  EXPECT_THAT(Heard(), ElementsAre("hello"));
}

TEST_F(DataChannelTest, EmptyMessageReachesTheConsumer) {
  Say("");
  sim_.RunFor(1s);
  ASSERT_THAT(bob_.peer().data().heard(), SizeIs(1));
  EXPECT_EQ(bob_.peer().data().heard()[0].ppid, sctp::Ppid::kStringEmpty);
}

TEST_F(DataChannelTest, StateIsTold) {
  const auto* last = sim_.control().Last<schema::SctpStateChangeT>(alice_.transport());
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->state, "connected");
  EXPECT_EQ(alice_.Stats().sctp->state, "connected");
}

TEST_F(DataChannelTest, PausedProducerSaysNothing) {
  ASSERT_TRUE(Ask("talk", schema::PauseT()).ok());
  Say("lost");
  sim_.RunFor(1s);
  ASSERT_TRUE(Ask("talk", schema::ResumeT()).ok());
  Say("found");
  sim_.RunFor(1s);
  EXPECT_THAT(Heard(), ElementsAre("found"));
  EXPECT_EQ(sim_.control().Count("hear", schema::NotificationBody::ProducerPaused), 1u);
  EXPECT_EQ(sim_.control().Count("hear", schema::NotificationBody::ProducerResumed), 1u);
}

TEST_F(DataChannelTest, PausedConsumerHearsNothing) {
  ASSERT_TRUE(Ask("hear", schema::PauseT()).ok());
  Say("lost");
  sim_.RunFor(1s);
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(DataChannelTest, ClosedProducerEndsItsConsumersAndTheChannels) {
  ASSERT_TRUE(Ask("talk", schema::CloseT()).ok());
  sim_.RunFor(2s);
  EXPECT_EQ(sim_.control().Count("hear", schema::NotificationBody::ProducerClosed), 1u);
  EXPECT_FALSE(Ask("hear", schema::DumpT()).ok());
}

TEST_F(DataChannelTest, StreamOfAClosedConsumerIsUsedAgain) {
  ASSERT_TRUE(Ask("hear", schema::CloseT()).ok());
  sim_.RunFor(2s);
  auto consume = Consuming("again", "talk");
  consume.stream = OnStream(kEar);
  ASSERT_TRUE(Ask(bob_.transport(), std::move(consume)).ok());
  Say("hello again");
  sim_.RunFor(1s);
  EXPECT_THAT(Heard(), ElementsAre("hello again"));
}

TEST_F(DataChannelTest, ApplicationSpeaksToOne) {
  schema::SendDataT send;
  send.ppid = 51;
  send.data = {'h', 'i'};
  const auto answer = Ask("hear", std::move(send));
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(answer.body.AsBufferedAmount()->bytes, 2u);
  sim_.RunFor(1s);
  EXPECT_THAT(Heard(), ElementsAre("hi"));
  EXPECT_EQ(Ask("hear", schema::GetBufferedAmountT()).body.AsBufferedAmount()->bytes, 0u);
}

TEST_F(DataChannelTest, ApplicationHearsAndSpeaksForItself) {
  ASSERT_TRUE(Ask(alice_.transport(), Consuming("application", "talk")).ok());
  Say("to all");
  sim_.RunFor(1s);
  const auto* news = sim_.control().Last<schema::DataMessageT>("application");
  ASSERT_NE(news, nullptr);
  EXPECT_EQ(AsText(news->data), "to all");
  EXPECT_EQ(news->ppid, 51u);

  schema::ProduceDataT produce;
  produce.data_producer_id = "announcer";
  ASSERT_TRUE(Ask(alice_.transport(), std::move(produce)).ok());
  auto consume = Consuming("listen", "announcer");
  consume.stream = OnStream(StreamId(2));
  ASSERT_TRUE(Ask(bob_.transport(), std::move(consume)).ok());
  schema::SendDataT send;
  send.ppid = 51;
  send.data = {'o', 'k'};
  ASSERT_TRUE(Ask("announcer", std::move(send)).ok());
  sim_.RunFor(1s);
  EXPECT_THAT(bob_.peer().data().TextsOn(StreamId(2)), ElementsAre("ok"));
}

TEST_F(DataChannelTest, SubchannelsChooseTheListeners) {
  schema::ProduceDataT produce;
  produce.data_producer_id = "announcer";
  ASSERT_TRUE(Ask(alice_.transport(), std::move(produce)).ok());
  auto listens = Consuming("listens", "announcer");
  listens.subchannels = {7};
  auto other = Consuming("other", "announcer");
  other.subchannels = {8};
  ASSERT_TRUE(Ask(bob_.transport(), std::move(listens)).ok());
  ASSERT_TRUE(Ask(bob_.transport(), std::move(other)).ok());
  ASSERT_TRUE(Ask(bob_.transport(), Consuming("everything", "announcer")).ok());

  const auto count = [&](std::string_view id) {
    return sim_.control().Count(id, schema::NotificationBody::DataMessage);
  };
  const auto send = [&](std::vector<uint16_t> subchannels) {
    schema::SendDataT message;
    message.data = {1};
    message.subchannels = std::move(subchannels);
    ASSERT_TRUE(Ask("announcer", std::move(message)).ok());
    sim_.control().Drain();
  };
  send({7});
  EXPECT_EQ(count("listens"), 1u);
  EXPECT_EQ(count("other"), 0u);
  EXPECT_EQ(count("everything"), 1u);
  send({});
  EXPECT_EQ(count("other"), 1u);
  schema::AddSubchannelT add;
  add.subchannel = 7;
  ASSERT_TRUE(Ask("other", std::move(add)).ok());
  send({7});
  EXPECT_EQ(count("other"), 2u);
}

TEST_F(DataChannelTest, FullSendBufferIsToldAndTheProducerGoesOn) {
  bob_.SetLink({.one_way = 20ms, .rate = BitRate::Kbps(100)});
  const std::string chunk(100'000, 'x');
  for (int i = 0; i < 40; ++i) {
    Say(chunk);
    sim_.RunFor(200ms);
  }
  // Told anew only after one got through.
  EXPECT_THAT(sim_.control().Count("hear", schema::NotificationBody::SendBufferFull),
              AllOf(Ge(1u), Le(3u)));
  const auto stats = Ask("hear", schema::GetStatsT());
  EXPECT_GT(stats.body.AsDataConsumerStats()->messages_dropped, 0u);
  EXPECT_LE(stats.body.AsDataConsumerStats()->buffered_amount, 2'000'000u);
  const auto said = Ask("talk", schema::GetStatsT());
  EXPECT_GT(said.body.AsDataProducerStats()->messages_received, 35u);
}

TEST_F(DataChannelTest, LowBufferIsTold) {
  schema::SetBufferedAmountLowThresholdT threshold;
  threshold.threshold = 10'000;
  ASSERT_TRUE(Ask("hear", std::move(threshold)).ok());
  Say(std::string(100'000, 'x'));
  sim_.RunFor(5s);
  EXPECT_EQ(sim_.control().Count("hear", schema::NotificationBody::BufferedAmountLow), 1u);
}

TEST_F(DataChannelTest, ChannelThatThePeerOpensIsToldAndItsFirstWordsAreKept) {
  // Alice is the server of DTLS, so her channels are on odd streams.
  const StreamId stream = alice_.peer().data().Open(sim_.now(), {.label = "own"});
  alice_.peer().data().Send(sim_.now(), stream, "first words");
  sim_.RunFor(1s);
  const auto* opened = sim_.control().Last<schema::DataChannelOpenedT>(alice_.transport());
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(opened->label, "own");
  EXPECT_EQ(opened->stream->stream_id, stream.value());
  EXPECT_EQ(alice_.peer().data().channel(stream)->state, sctp::DataChannelTable::State::kOpen);

  ASSERT_TRUE(Ask(alice_.transport(), Producing("own-talk", stream)).ok());
  auto consume = Consuming("own-hear", "own-talk");
  consume.stream = OnStream(StreamId(6));
  ASSERT_TRUE(Ask(bob_.transport(), std::move(consume)).ok());
  alice_.peer().data().Send(sim_.now(), stream, "second words");
  sim_.RunFor(1s);
  EXPECT_THAT(bob_.peer().data().TextsOn(StreamId(6)), ElementsAre("first words", "second words"));
}

TEST_F(DataChannelTest, FirstWordsWaitForWhoeverBeginsPaused) {
  const StreamId stream = alice_.peer().data().Open(sim_.now(), {.label = "own"});
  alice_.peer().data().Send(sim_.now(), stream, "first words");
  sim_.RunFor(500ms);
  ASSERT_TRUE(Ask(alice_.transport(), Producing("own-talk", stream)).ok());
  auto consume = Consuming("own-hear", "own-talk");
  consume.stream = OnStream(StreamId(6));
  consume.paused = true;
  ASSERT_TRUE(Ask(bob_.transport(), std::move(consume)).ok());
  sim_.RunFor(500ms);
  EXPECT_THAT(bob_.peer().data().TextsOn(StreamId(6)), IsEmpty());
  ASSERT_TRUE(Ask("own-hear", schema::ResumeT()).ok());
  sim_.RunFor(500ms);
  EXPECT_THAT(bob_.peer().data().TextsOn(StreamId(6)), ElementsAre("first words"));
}

TEST_F(DataChannelTest, ChannelIsOpenedAtThePeerOnDemand) {
  auto consume = Consuming("opened", "talk");
  consume.negotiated = false;
  // The worker is the server towards Bob.
  consume.stream = OnStream(StreamId(1));
  const auto answer = Ask(bob_.transport(), std::move(consume));
  ASSERT_TRUE(answer.ok()) << answer.message;
  Say("hello");
  sim_.RunFor(1s);
  EXPECT_THAT(bob_.peer().data().opened(), ElementsAre("chat"));
  EXPECT_THAT(bob_.peer().data().TextsOn(StreamId(1)), ElementsAre("hello"));
}

TEST_F(DataChannelTest, ChannelIsNotOpenedOnAStreamOfThePeers) {
  auto consume = Consuming("opened", "talk");
  consume.negotiated = false;
  consume.stream = OnStream(StreamId(2));
  EXPECT_EQ(Ask(bob_.transport(), std::move(consume)).code, schema::ResultCode::InvalidArgument);
}

TEST_F(DataChannelTest, ChannelThatThePeerClosesIsToldAndFreeAgain) {
  const StreamId stream = alice_.peer().data().Open(sim_.now(), {.label = "own"});
  sim_.RunFor(1s);
  alice_.peer().data().Close(sim_.now(), stream);
  sim_.RunFor(2s);
  const auto* closed = sim_.control().Last<schema::DataChannelClosedT>(alice_.transport());
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->stream_id, stream.value());
  EXPECT_EQ(alice_.peer().data().channel(stream), nullptr);
}

TEST_F(DataChannelTest, TransportThatClosesTakesItsDataWithIt) {
  ASSERT_TRUE(alice_.Close().ok());
  sim_.RunFor(1s);
  EXPECT_EQ(sim_.control().Count("hear", schema::NotificationBody::ProducerClosed), 1u);
  EXPECT_FALSE(Ask("talk", schema::DumpT()).ok());
}

TEST_F(DataChannelTest, StreamInUseIsRefused) {
  EXPECT_EQ(Ask(alice_.transport(), Producing("second", kMouth)).code,
            schema::ResultCode::AlreadyExists);
}

TEST_F(DataChannelTest, BothLimitsAtOnceAreRefused) {
  auto produce = Producing("second", StreamId(4));
  produce.stream->max_retransmits = 1;
  produce.stream->max_packet_life_time = 1;
  EXPECT_EQ(Ask(alice_.transport(), std::move(produce)).code, schema::ResultCode::InvalidArgument);
}

TEST(NoDataChannelTest, TransportWithoutSctpRefusesStreams) {
  Simulation sim;
  Member& alice = sim.Join("alice");
  EXPECT_EQ(sim.Ask(alice.transport(), Producing("talk", kMouth)).code,
            schema::ResultCode::FailedPrecondition);
}

TEST(DataChannelLossTest, FileArrivesThroughTwoBadLinks) {
  Simulation sim({.link = {.one_way = 20ms, .loss = 0.05, .reorder = 0.02}});
  Member& alice = sim.Join("alice", {.data_channels = true});
  Member& bob = sim.Join("bob", {.data_channels = true});
  ASSERT_TRUE(sim.RunUntil(
      30s, [&] { return alice.peer().data().connected() && bob.peer().data().connected(); }));
  ASSERT_TRUE(sim.Ask(alice.transport(), Producing("talk", kMouth)).ok());
  auto consume = Consuming("hear", "talk");
  consume.stream = OnStream(kEar);
  ASSERT_TRUE(sim.Ask(bob.transport(), std::move(consume)).ok());
  std::vector<std::string> sent;
  for (int i = 0; i < 6; ++i) {
    sent.push_back(std::string(200'000, static_cast<char>('a' + i)));
    alice.peer().data().Send(sim.now(), kMouth, sent.back());
  }
  EXPECT_TRUE(sim.RunUntil(2min, [&] { return bob.peer().data().heard().size() == 6; }));
  EXPECT_EQ(bob.peer().data().TextsOn(kEar), sent);
}

}  // namespace
}  // namespace sluice::test
