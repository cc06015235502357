#include "tests/support/bwe_catalogue.h"

#include <iterator>

#include "base/check.h"

namespace sluice::test {
namespace {

using rtp::BandwidthEstimator;
using std::chrono::milliseconds;
using std::chrono::seconds;

BitRate Mbps(double rate) { return BitRate::Bps(static_cast<int64_t>(rate * 1e6)); }

// RFC 8867: 50 ms one way, up to 30 ms of jitter, a drop-tail queue of 300 ms, no loss.
BweFlow::Options RfcFlow(Duration start = Duration(0), Duration one_way = milliseconds(50)) {
  BweFlow::Options flow;
  flow.start = start;
  flow.path = {one_way, true};
  flow.max_media = Mbps(8);
  return flow;
}

BweScenario Scenario(std::string name, std::string title, std::vector<BweScenario::Step> capacity,
                     std::vector<BweFlow::Options> flows) {
  BweScenario scenario;
  scenario.name = std::move(name);
  scenario.title = std::move(title);
  scenario.capacity = std::move(capacity);
  scenario.flows = std::move(flows);
  return scenario;
}

BweScenario OneFlowVariable() {
  BweScenario scenario = Scenario("rfc8867-5.1", "RFC 8867 5.1: variable capacity, one flow",
                                  {{seconds(0), Mbps(1)},
                                   {seconds(40), Mbps(2.5)},
                                   {seconds(60), Mbps(0.6)},
                                   {seconds(80), Mbps(1)}},
                                  {RfcFlow()});
  scenario.length = seconds(100);
  return scenario;
}

BweScenario TwoFlowsVariable() {
  BweScenario scenario = Scenario("rfc8867-5.2", "RFC 8867 5.2: variable capacity, two flows",
                                  {{seconds(0), Mbps(4)},
                                   {seconds(25), Mbps(2)},
                                   {seconds(50), Mbps(3.5)},
                                   {seconds(75), Mbps(1)},
                                   {seconds(100), Mbps(2)}},
                                  {RfcFlow(), RfcFlow()});
  scenario.length = seconds(125);
  scenario.fair_from = seconds(15);
  return scenario;
}

BweScenario CongestedFeedback() {
  BweScenario scenario = Scenario("rfc8867-5.3", "RFC 8867 5.3: two directions, congested feedback",
                                  {{seconds(0), Mbps(2)},
                                   {seconds(20), Mbps(1)},
                                   {seconds(40), Mbps(0.5)},
                                   {seconds(60), Mbps(2)}},
                                  {RfcFlow(), RfcFlow()});
  scenario.reverse = {{seconds(0), Mbps(2)}, {seconds(35), Mbps(0.8)}, {seconds(70), Mbps(2)}};
  scenario.flows[1].reverse = true;
  scenario.length = seconds(100);
  return scenario;
}

BweScenario ThreeFlows() {
  BweScenario scenario =
      Scenario("rfc8867-5.4", "RFC 8867 5.4: three flows of the same kind",
               {{seconds(0), Mbps(3.5)}}, {RfcFlow(), RfcFlow(seconds(20)), RfcFlow(seconds(40))});
  scenario.fair_from = seconds(80);
  return scenario;
}

BweScenario RoundTripFairness() {
  BweScenario scenario =
      Scenario("rfc8867-5.5", "RFC 8867 5.5: round-trip fairness (10, 25, 50, 100, 150 ms)",
               {{seconds(0), Mbps(4)}},
               {RfcFlow(seconds(0), milliseconds(10)), RfcFlow(seconds(10), milliseconds(25)),
                RfcFlow(seconds(20), milliseconds(50)), RfcFlow(seconds(30), milliseconds(100)),
                RfcFlow(seconds(40), milliseconds(150))});
  scenario.length = seconds(300);
  scenario.fair_from = seconds(100);
  return scenario;
}

BweScenario LongTcp() {
  BweScenario scenario = Scenario("rfc8867-5.6", "RFC 8867 5.6: next to a long TCP flow",
                                  {{seconds(0), Mbps(2)}}, {RfcFlow(seconds(5))});
  scenario.tcps = {{.path = {milliseconds(50), true}}};
  scenario.fair_from = seconds(30);
  return scenario;
}

BweScenario ShortTcp() {
  BweScenario scenario =
      Scenario("rfc8867-5.7", "RFC 8867 5.7: next to ten short TCP flows", {{seconds(0), Mbps(2)}},
               {RfcFlow(seconds(5)), RfcFlow(seconds(5))});
  scenario.length = seconds(300);
  scenario.fair_from = seconds(30);
  for (int i = 0; i < 10; ++i) {
    // Two of them begin with a file, the others while thinking.
    scenario.tcps.push_back({.start = i < 2 ? seconds(0) : seconds(3 * i),
                             .path = {milliseconds(50), true},
                             .files = true});
  }
  return scenario;
}

BweScenario PauseAndResume() {
  BweScenario scenario =
      Scenario("rfc8867-5.8", "RFC 8867 5.8: the second of three flows pauses and resumes",
               {{seconds(0), Mbps(3.5)}}, {RfcFlow(), RfcFlow(), RfcFlow()});
  scenario.flows[1].pause = seconds(40);
  scenario.flows[1].resume = seconds(60);
  scenario.fair_from = seconds(80);
  return scenario;
}

BweScenario TwoFlows() {
  BweScenario scenario = Scenario("two-flows", "two flows, the second from 10 s on",
                                  {{seconds(0), Mbps(2)}}, {RfcFlow(), RfcFlow(seconds(10))});
  scenario.fair_from = seconds(40);
  return scenario;
}

BweScenario DropToQuarter() {
  BweScenario scenario = Scenario(
      "drop-to-quarter", "2 Mbit/s, a quarter of it for 30 s, 2 Mbit/s again",
      {{seconds(0), Mbps(2)}, {seconds(30), Mbps(0.5)}, {seconds(60), Mbps(2)}}, {RfcFlow()});
  scenario.length = seconds(90);
  return scenario;
}

// The queue holds as many bytes before the drop as after it: more than a second of the slow link.
BweScenario DropToQuarterDeep() {
  BweScenario scenario = DropToQuarter();
  scenario.name = "drop-to-quarter-deep";
  scenario.title = "2 Mbit/s to 500 kbit/s and back, a queue of 96 KiB";
  scenario.link.queue_bytes = 96 * 1024;
  return scenario;
}

BweFlow::Options PlainFlow(Duration one_way, BitRate initial) {
  BweFlow::Options flow;
  flow.path.one_way = one_way;
  flow.estimator.initial = initial;
  flow.max_media = Mbps(5);
  return flow;
}

BweScenario Staircase() {
  BweScenario scenario =
      Scenario("webrtc-staircase", "500, 800, 100 kbit/s; 100 ms, then 200 ms one way",
               {{seconds(0), BitRate::Kbps(500)},
                {seconds(25), BitRate::Kbps(800)},
                {seconds(45), BitRate::Kbps(100)}},
               {PlainFlow(milliseconds(100), BitRate::Kbps(300))});
  scenario.length = seconds(95);
  return scenario;
}

BweScenario RembCap() {
  BweScenario scenario =
      Scenario("webrtc-remb-cap", "2 Mbit/s; REMB 250 kbit/s at 20 s, lifted at 30 s",
               {{seconds(0), Mbps(2)}}, {PlainFlow(milliseconds(25), BitRate::Kbps(600))});
  scenario.length = seconds(50);
  const auto tell = [](BitRate rate) {
    return [rate](Timestamp now, TracedEstimator& estimator) { estimator.RecordRemb(now, rate); };
  };
  scenario.events = {{seconds(20), tell(BitRate::Kbps(250))}, {seconds(30), tell(Mbps(10))}};
  return scenario;
}

BweScenario RandomLoss(std::string name, std::string title, double loss, BitRate capacity,
                       Duration one_way) {
  BweScenario scenario = Scenario(std::move(name), std::move(title), {{seconds(0), capacity}},
                                  {PlainFlow(one_way, BitRate::Kbps(600))});
  scenario.link.loss = loss;
  return scenario;
}

BweScenario Stall(std::string name, std::string title, BweScenario::Gap gap) {
  BweScenario scenario = Scenario(std::move(name), std::move(title), {{seconds(0), Mbps(2)}},
                                  {PlainFlow(milliseconds(25), BitRate::Kbps(600))});
  scenario.gaps = {gap};
  scenario.length = seconds(60);
  return scenario;
}

BweScenario TcpOnOneMegabit() {
  BweScenario scenario =
      Scenario("webrtc-tcp", "1 Mbit/s next to a TCP flow from 10 s on", {{seconds(0), Mbps(1)}},
               {PlainFlow(milliseconds(50), BitRate::Kbps(600))});
  scenario.tcps = {{.start = seconds(10), .path = {milliseconds(50), false}}};
  scenario.fair_from = seconds(30);
  return scenario;
}

BweScenario ShortQueue(std::string name, std::string title, BitRate capacity, size_t packets,
                       double loss) {
  BweScenario scenario = Scenario(std::move(name), std::move(title), {{seconds(0), capacity}},
                                  {PlainFlow(milliseconds(100), BitRate::Kbps(300))});
  scenario.link.queue_bytes = packets * 1200;
  scenario.link.loss = loss;
  scenario.length = seconds(60);
  return scenario;
}

BweScenario VideoStops() {
  BweScenario scenario =
      Scenario("webrtc-video-stops", "2 Mbit/s; video stops for 10 s", {{seconds(0), Mbps(2)}},
               {PlainFlow(milliseconds(25), BitRate::Kbps(600))});
  scenario.flows[0].pause = seconds(20);
  scenario.flows[0].resume = seconds(30);
  scenario.length = seconds(50);
  return scenario;
}

// Simulcast as browsers send it, and sound.
BweFlow::Options LayerFlow(Duration one_way) {
  BweFlow::Options flow;
  flow.path.one_way = one_way;
  flow.layers = {BitRate::Kbps(150), BitRate::Kbps(500), BitRate::Kbps(1700)};
  flow.audio = BitRate::Kbps(40);
  return flow;
}

BweScenario Layers(std::string name, std::string title, std::vector<BweScenario::Step> capacity) {
  BweScenario scenario = Scenario(std::move(name), std::move(title), std::move(capacity),
                                  {LayerFlow(milliseconds(25))});
  scenario.length = seconds(90);
  return scenario;
}

BweScenario LayerSteps() {
  return Layers("layers-steps", "layers; 2.5 Mbit/s, 400 kbit/s, 2.5 Mbit/s",
                {{seconds(0), Mbps(2.5)}, {seconds(30), Mbps(0.4)}, {seconds(60), Mbps(2.5)}});
}

BweScenario LayerJitter() {
  BweScenario scenario = Layers("layers-jitter", "layers; 3 Mbit/s, 30 ms of jitter, out of order",
                                {{seconds(0), Mbps(3)}});
  scenario.flows[0].path.reordering_jitter = milliseconds(60);
  return scenario;
}

BweScenario LayerLoss() {
  BweScenario scenario =
      Layers("layers-loss", "layers; 3 Mbit/s, 5 % loss", {{seconds(0), Mbps(3)}});
  scenario.link.loss = 0.05;
  return scenario;
}

BweScenario LayerTenLoss() {
  BweScenario scenario =
      Layers("layers-loss-10", "layers; 3 Mbit/s, 10 % loss", {{seconds(0), Mbps(3)}});
  scenario.link.loss = 0.1;
  return scenario;
}

BweScenario LayerBlackout() {
  BweScenario scenario = Layers("layers-blackout", "layers; 2.5 Mbit/s, nothing from 30 to 33 s",
                                {{seconds(0), Mbps(2.5)}});
  scenario.gaps = {{seconds(30), seconds(33), false}};
  return scenario;
}

}  // namespace

std::vector<BweScenario> Rfc8867Scenarios() {
  return {OneFlowVariable(),   TwoFlowsVariable(), CongestedFeedback(), ThreeFlows(),
          RoundTripFairness(), LongTcp(),          ShortTcp(),          PauseAndResume()};
}

std::vector<BweScenario> ConditionScenarios() {
  return {
      TwoFlows(),
      DropToQuarter(),
      DropToQuarterDeep(),
      Staircase(),
      RembCap(),
      RandomLoss("webrtc-loss-10", "2 Mbit/s, 200 ms one way, 10 % random loss", 0.1, Mbps(2),
                 milliseconds(200)),
      RandomLoss("webrtc-loss-20", "2 Mbit/s, 50 ms one way, 20 % random loss", 0.2, Mbps(2),
                 milliseconds(50)),
      RandomLoss("webrtc-loss-5", "1 Mbit/s, 50 ms one way, 5 % random loss", 0.05, Mbps(1),
                 milliseconds(50)),
      Stall("webrtc-stall", "2 Mbit/s; nothing moves from 20 to 30 s",
            {seconds(20), seconds(30), true}),
      Stall("blackout-3s", "2 Mbit/s; everything is lost from 20 to 23 s",
            {seconds(20), seconds(23), false}),
      TcpOnOneMegabit(),
      ShortQueue("webrtc-short-queue", "500 kbit/s, 100 ms, a queue of 32 packets",
                 BitRate::Kbps(500), 32, 0),
      ShortQueue("webrtc-shorter-queue", "250 kbit/s, 100 ms, a queue of 10 packets, 1 % loss",
                 BitRate::Kbps(250), 10, 0.01),
      VideoStops(),
  };
}

std::vector<BweScenario> LayerScenarios() {
  return {
      LayerSteps(),
      Layers("layers-300k", "layers; 300 kbit/s", {{seconds(0), Mbps(0.3)}}),
      Layers("layers-600k", "layers; 600 kbit/s", {{seconds(0), Mbps(0.6)}}),
      Layers("layers-1500k", "layers; 1.5 Mbit/s", {{seconds(0), Mbps(1.5)}}),
      LayerJitter(),
      LayerLoss(),
      LayerTenLoss(),
      LayerBlackout(),
  };
}

std::vector<BweScenario> AllBweScenarios() {
  std::vector<BweScenario> all = Rfc8867Scenarios();
  for (auto more : {ConditionScenarios(), LayerScenarios()}) {
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  return all;
}

BweScenario BweScenarioNamed(std::string_view name) {
  for (BweScenario& scenario : AllBweScenarios()) {
    if (scenario.name == name) return scenario;
  }
  SLUICE_CHECK(false);
}

}  // namespace sluice::test
