// Forwarding allocates nothing: whatever a room needs, it has after a while.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "tests/support/allocation_count.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// Sound and picture, five people, everything that a real call has: DTLS-SRTP, loss on all links,
// NACK and RTX both ways, reports, transport-wide feedback, consent checks.
TEST(SteadyStateTest, ForwardingAllocatesNothing) {
  Simulation sim({.seed = 4, .link = {.one_way = 20ms, .jitter = 5ms, .loss = 0.02}});
  std::vector<Member*> members;
  for (const char* name : {"alice", "bob", "carol", "dave", "erin"}) {
    members.push_back(&sim.Join(name));
  }
  ASSERT_TRUE(sim.RunUntil(30s, [&] {
    return std::ranges::all_of(members, [](Member* member) { return member->connected(); });
  }));
  std::vector<Publication*> publications = {
      &members[0]->PublishVideo(), &members[0]->PublishAudio(), &members[1]->PublishVideo(),
      &members[1]->PublishAudio()};
  std::vector<Subscription*> subscriptions;
  for (Member* member : members) {
    for (Publication* publication : publications) {
      if (&publication->owner() == member) continue;
      subscriptions.push_back(&member->Subscribe(*publication));
    }
  }
  // Stores fill up for two seconds, and grow as long as more is lost at once than ever before.
  sim.RunFor(30s);

  const uint64_t datagrams = sim.WorkerStats().datagrams_received;
  // What the engine has to tell it allocates: a second in which a score changes does not count.
  int quiet_seconds = 0;
  for (int i = 0; i < 30; ++i) {
    const uint64_t before = sim.engine().allocations();
    const size_t news = sim.control().news().size();
    sim.RunFor(1s);
    if (sim.control().news().size() != news) continue;
    ++quiet_seconds;
    EXPECT_EQ(sim.engine().allocations() - before, 0u);
  }
  EXPECT_GE(quiet_seconds, 20);
  // And it was work that did not allocate.
  EXPECT_GT(sim.WorkerStats().datagrams_received - datagrams, 10'000u);
  uint64_t repeats = 0;
  for (Subscription* subscription : subscriptions) repeats += subscription->track().repeats();
  EXPECT_GT(repeats, 500u);
}

TEST(SteadyStateTest, AllocationsAreNoticed) {
  const uint64_t before = AllocationWatch::count();
  void* volatile ignored = std::malloc(10);
  std::free(ignored);
  EXPECT_EQ(AllocationWatch::count(), before) << "nobody was watching";
  {
    const AllocationWatch watch;
    ignored = std::malloc(10);
    std::free(ignored);
    std::vector<int>* volatile vector = new std::vector<int>(5);
    delete vector;
  }
  EXPECT_EQ(AllocationWatch::count(), before + 3);
}

}  // namespace
}  // namespace sluice::test
