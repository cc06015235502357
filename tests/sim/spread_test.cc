// One room of sixty on one, two and four engines, wired as applications wire it: everybody's sound
// and four cameras, each carried straight from the engine of its owner to all others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/sim_pipe.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr size_t kPeople = 60;
constexpr size_t kCameras = 4;
constexpr Duration kOneWay = 20ms;
// Sound has a packet every 20 ms, a camera every 33.
constexpr Duration kLongestGap = 50ms;
// What is measured: sound of everybody, fifty times.
constexpr Duration kWindow = 1s;
// Until the application hears that a process is gone.
constexpr Duration kNotice = 20ms;

struct View {
  Publication* source;
  Member* viewer;
  SimReceiveTrack* track;
};

class SpreadTest : public testing::TestWithParam<size_t> {
 protected:
  SpreadTest() {
    for (size_t near = 0; near < engines(); ++near) {
      for (size_t far = 0; far < engines(); ++far) {
        if (near == far) continue;
        pipes_.push_back(
            std::make_unique<SimPipe>(sim_, SimPipe::Options{.near = near, .far = far}));
      }
    }
    for (size_t i = 0; i < kPeople; ++i) {
      people_.push_back(&sim_.Join("guest" + std::to_string(i), {.engine = i % engines()}));
    }
    const auto all_connected = [&] { return std::ranges::all_of(people_, &Member::connected); };
    EXPECT_TRUE(sim_.RunUntil(10s, all_connected));
    for (size_t i = 0; i < kPeople; ++i) {
      Show(people_[i]->PublishAudio());
      if (i < kCameras) Show(people_[i]->PublishVideo());
    }
    // Layers, demand over pipes and key frames settle.
    sim_.RunFor(1s);
  }

  static size_t engines() { return GetParam(); }

  // To everybody but its owner.
  void Show(Publication& publication) {
    publications_.push_back(&publication);
    for (const auto& pipe : pipes_) {
      if (pipe->near() == publication.owner().engine()) pipe->Carry(publication);
    }
    for (Member* viewer : people_) {
      if (viewer == &publication.owner()) continue;
      views_.push_back({&publication, viewer, &viewer->Subscribe(publication).track()});
    }
  }

  std::vector<uint64_t> Sent() {
    std::vector<uint64_t> sent;
    for (size_t i = 0; i < engines(); ++i) sent.push_back(sim_.WorkerStats(i).datagrams_sent);
    return sent;
  }

  // What the application does when it hears that the process is gone.
  void Lose(size_t engine) {
    sim_.engine(engine).Kill();
    sim_.RunFor(kNotice);
    for (const auto& pipe : pipes_) {
      const bool ended = pipe->far() == engine    ? pipe->CloseNear().ok()
                         : pipe->near() == engine ? pipe->CloseFar().ok()
                                                  : true;
      EXPECT_TRUE(ended);
    }
  }

  // Between two packets of any of `views` while `span` passes, the time before them and after them
  // included.
  Duration LongestGap(const std::vector<View>& views, Duration span) {
    std::vector<Timestamp> last;
    for (const View& view : views) last.push_back(view.track->last_packet().value());
    Duration longest{0};
    for (const Timestamp end = sim_.now() + span; sim_.now() < end;) {
      sim_.RunFor(1ms);
      for (size_t i = 0; i < views.size(); ++i) {
        longest = std::max(longest, sim_.now() - last[i]);
        last[i] = views[i].track->last_packet().value();
      }
    }
    return longest;
  }

  // Everything that is sent arrives: what estimators make of a path is for other tests.
  Simulation sim_{{.seed = 60,
                   .link = {.one_way = kOneWay},
                   .engines = GetParam(),
                   .adapts_to_bandwidth = false}};
  std::vector<std::unique_ptr<SimPipe>> pipes_;
  std::vector<Member*> people_;
  std::vector<Publication*> publications_;
  std::vector<View> views_;
};

TEST_P(SpreadTest, EverybodyGetsAllOfEverybody) {
  std::vector<uint32_t> first;
  for (Publication* source : publications_) first.push_back(source->track().packets());
  sim_.RunFor(kWindow);
  for (Publication* source : publications_) source->track().Stop();
  sim_.RunFor(500ms);
  uint64_t compared = 0;
  for (const View& view : views_) {
    const auto at = std::ranges::find(publications_, view.source) - publications_.begin();
    const uint32_t begin = first[static_cast<size_t>(at)];
    const uint32_t end = view.source->track().packets();
    ASSERT_EQ(view.track->packets_between(begin, end), end - begin)
        << view.source->id() << " at " << view.viewer->name();
    ASSERT_EQ(view.track->foreign() + view.track->misnumbered(), 0u);
    compared += end - begin;
  }
  RecordProperty("packets_compared", std::to_string(compared));
  std::cout << engines() << " engines: " << views_.size() << " views, " << compared
            << " packets compared\n";
}

TEST_P(SpreadTest, LoadIsEven) {
  const std::vector<uint64_t> before = Sent();
  sim_.RunFor(kWindow);
  std::vector<uint64_t> sent = Sent();
  for (size_t i = 0; i < sent.size(); ++i) sent[i] -= before[i];
  const auto [least, most] = std::ranges::minmax(sent);
  EXPECT_GE(static_cast<double>(least), 0.8 * static_cast<double>(most));
  std::cout << engines() << " engines sent";
  for (const uint64_t count : sent) std::cout << ' ' << count;
  std::cout << " datagrams in a second\n";
}

class LostEngineTest : public SpreadTest {};

TEST_P(LostEngineTest, IsNoGapForTheOthers) {
  const size_t lost = engines() - 1;
  std::vector<View> rest;
  std::ranges::copy_if(views_, std::back_inserter(rest), [&](const View& view) {
    return view.source->owner().engine() != lost && view.viewer->engine() != lost;
  });
  Lose(lost);
  const Duration gap = LongestGap(rest, kWindow);
  EXPECT_LE(gap, kLongestGap);
  std::cout << engines() << " engines, one lost: longest gap of " << rest.size() << " views "
            << gap / 1ms << " ms\n";
}

std::string Named(const testing::TestParamInfo<size_t>& tested) {
  return std::to_string(tested.param);
}

INSTANTIATE_TEST_SUITE_P(Engines, SpreadTest, testing::Values(1, 2, 4), Named);
INSTANTIATE_TEST_SUITE_P(Engines, LostEngineTest, testing::Values(2, 4), Named);

}  // namespace
}  // namespace sluice::test
