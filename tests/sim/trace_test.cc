// Who asks for it is told of every decision and every probe, and can have an estimator decide
// again.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/support/bwe_trace.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class KeptTraces : public worker::EstimateTraces {
 public:
  void Append(std::string_view transport, std::string_view lines) override {
    of_[std::string(transport)] += lines;
  }
  const std::string& Of(const std::string& transport) { return of_[transport]; }

 private:
  std::map<std::string, std::string> of_;
};

class TraceTest : public testing::Test {
 protected:
  void Trace(const Member& member, std::vector<schema::TraceType> types) {
    schema::EnableTraceEventsT request;
    request.types = std::move(types);
    ASSERT_TRUE(sim_.Ask(member.transport(), std::move(request)).ok());
  }
  std::vector<const schema::TraceT*> Told(const Member& member, schema::TraceType type) {
    std::vector<const schema::TraceT*> told;
    for (const schema::NotificationT& news : sim_.control().news()) {
      const auto* trace = news.body.AsTrace();
      if (trace != nullptr && news.target == member.transport() && trace->type == type) {
        told.push_back(trace);
      }
    }
    return told;
  }

  KeptTraces kept_;
  Simulation sim_{
      {.link = {.one_way = 20ms, .rate = BitRate::Kbps(1200)}, .estimate_traces = &kept_}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
};

TEST_F(TraceTest, EstimatorDecidesTheSameAgainFromWhatALiveOneWasTold) {
  Trace(bob_, {schema::TraceType::Bwe});
  bob_.Subscribe(alice_.PublishVideo());
  sim_.RunFor(20s);
  const auto told = Told(bob_, schema::TraceType::Bwe);
  const auto replay = ReplayBwe(kept_.Of(bob_.transport()));
  ASSERT_TRUE(replay);
  ASSERT_GT(told.size(), 5u);
  ASSERT_GE(replay->decisions.size(), told.size());
  for (size_t i = 0; i < told.size(); ++i) {
    const auto* live = told[i]->info.AsBweTrace();
    ASSERT_NE(live, nullptr);
    EXPECT_EQ(live->available_bitrate, replay->decisions[i].after.bps()) << i;
    EXPECT_EQ(live->reason, rtp::BandwidthEstimator::NameOf(replay->decisions[i].reason)) << i;
  }
}

TEST_F(TraceTest, EveryPacketThatOnlyProbesThePathIsTold) {
  Trace(bob_, {schema::TraceType::Probation});
  bob_.Subscribe(alice_.PublishVideo());
  sim_.RunFor(20s);
  const auto told = Told(bob_, schema::TraceType::Probation);
  ASSERT_FALSE(told.empty());
  uint64_t bytes = 0;
  for (const schema::TraceT* trace : told) {
    const auto* packet = trace->info.AsRtpTrace();
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(trace->direction, schema::TraceDirection::Out);
    EXPECT_NE(packet->ssrc, 0u);
    bytes += packet->size;
  }
  EXPECT_EQ(bytes, bob_.Stats().probation_bytes_sent);
}

TEST_F(TraceTest, NobodyIsToldWhatHeDidNotAskFor) {
  Trace(bob_, {schema::TraceType::Probation});
  Trace(bob_, {});
  bob_.Subscribe(alice_.PublishVideo());
  sim_.RunFor(20s);
  EXPECT_GT(bob_.Stats().probation_bytes_sent, 0u);
  EXPECT_TRUE(Told(bob_, schema::TraceType::Probation).empty());
  EXPECT_TRUE(Told(bob_, schema::TraceType::Bwe).empty());
}

}  // namespace
}  // namespace sluice::test
