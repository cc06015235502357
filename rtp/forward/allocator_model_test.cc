// The allocator against its rules: written down plainly for consumers that have nothing yet, and as
// invariants over random histories.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "rtp/forward/allocator.h"

namespace sluice::rtp {
namespace {

using Offer = LayerCatalog::Offer;
using Reason = Allocator::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  int Below(int bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state_ >> 33) % static_cast<uint64_t>(bound));
  }
  bool OneIn(int times) { return Below(times) == 0; }

 private:
  uint64_t state_;
};

std::vector<Offer> RandomLadder(Random& random) {
  std::vector<Offer> offers;
  const int sizes = 1 + random.Below(3);
  const int rates = 1 + random.Below(3);
  int kbps = 0;
  for (int s = 0; s < sizes; ++s) {
    for (int t = 0; t < rates; ++t) {
      kbps += 20 + random.Below(300);
      Offer offer;
      offer.layer = {static_cast<uint8_t>(s), static_cast<uint8_t>(t)};
      offer.where = {static_cast<uint8_t>(2 - s), {0, static_cast<uint8_t>(t)}};
      offer.rate = BitRate::Kbps(kbps);
      offer.alive = true;
      offer.alive_for = seconds(100);
      offers.push_back(offer);
    }
  }
  return offers;
}

bool IsWithin(LayerId layer, LayerId bounds) {
  return layer.spatial <= bounds.spatial && layer.temporal <= bounds.temporal;
}

struct Party {
  Allocator::Request request;
  std::vector<Offer> offers;
  std::optional<LayerTarget> target;

  const Offer* Held() const {
    for (const Offer& offer : offers) {
      if (target && offer.where == *target) return &offer;
    }
    return nullptr;
  }
  bool Prefers(const Offer& offer) const {
    return offer.alive && IsWithin(offer.layer, request.preferred);
  }
  // Less than the frame rate that its size has, and there is a smaller one.
  bool IsTooSlow(const Offer& offer) const {
    bool smaller = false;
    bool faster = false;
    for (const Offer& other : offers) {
      if (!Prefers(other)) continue;
      smaller |= other.layer.spatial < offer.layer.spatial;
      faster |=
          other.layer.spatial == offer.layer.spatial && other.layer.temporal > offer.layer.temporal;
    }
    return smaller && faster;
  }
  // Positions of what it prefers of what lives.
  std::vector<int> Usable() const {
    std::vector<int> usable;
    for (size_t i = 0; i < offers.size(); ++i) {
      if (Prefers(offers[i]) && !IsTooSlow(offers[i])) usable.push_back(static_cast<int>(i));
    }
    return usable;
  }
};

std::vector<Party> RandomParties(Random& random, int count) {
  std::vector<Party> parties(static_cast<size_t>(count));
  for (size_t i = 0; i < parties.size(); ++i) {
    Party& party = parties[i];
    party.offers = RandomLadder(random);
    party.request.consumer = static_cast<uint32_t>(i);
    party.request.priority = static_cast<uint8_t>(1 + random.Below(random.OneIn(2) ? 1 : 4));
    party.request.preferred = {static_cast<uint8_t>(random.Below(4)),
                               static_cast<uint8_t>(random.Below(4))};
  }
  return parties;
}

std::vector<Allocator::Decision> Call(Allocator& allocator, Timestamp now, int64_t bps,
                                      std::vector<Party>& parties) {
  std::vector<Allocator::Request> requests;
  for (Party& party : parties) {
    party.request.offers = party.offers;
    requests.push_back(party.request);
  }
  const auto decisions = allocator.Allocate(now, BitRate::Bps(bps), requests);
  for (const auto& decision : decisions) {
    for (Party& party : parties) {
      if (party.request.consumer == decision.consumer) party.target = decision.target;
    }
  }
  return {decisions.begin(), decisions.end()};
}

int64_t Total(const std::vector<Party>& parties) {
  int64_t total = 0;
  for (const Party& party : parties) {
    if (const Offer* held = party.Held()) total += held->rate.bps();
  }
  return total;
}

// Rounds as the rule has them; levels count into Usable().
std::map<uint32_t, int> Rounds(const std::vector<Party>& parties, int64_t left) {
  std::vector<const Party*> order;
  for (const Party& party : parties) order.push_back(&party);
  std::stable_sort(order.begin(), order.end(), [](const Party* a, const Party* b) {
    return a->request.priority > b->request.priority;
  });
  std::map<uint32_t, int> levels;
  const auto rate = [](const Party& party, int level) {
    if (level < 0) return int64_t{0};
    return party.offers[static_cast<size_t>(party.Usable()[static_cast<size_t>(level)])].rate.bps();
  };
  for (const Party* party : order) levels[party->request.consumer] = -1;
  bool first = true;
  for (bool any = true; any; first = false) {
    any = false;
    for (const Party* party : order) {
      int& level = levels[party->request.consumer];
      for (int step = first ? 1 : party->request.priority; step > 0; --step) {
        if (level + 1 >= static_cast<int>(party->Usable().size())) break;
        const int64_t more = rate(*party, level + 1) - rate(*party, level);
        if (more > left) break;
        left -= more;
        ++level;
        any = true;
      }
    }
  }
  return levels;
}

TEST(AllocatorModelTest, FirstAllocationFollowsTheRounds) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    std::vector<Party> parties = RandomParties(random, 1 + random.Below(12));
    int64_t lowest = 0;
    for (const Party& party : parties) lowest += party.offers[0].rate.bps();
    // Where not all fit, the headroom is not asked for and the plain rounds say less.
    const int64_t budget = lowest + int64_t{random.Below(4000)} * 1000;
    Allocator allocator;
    Call(allocator, Timestamp(seconds(500)), budget / 100 * 110, parties);
    const auto levels = Rounds(parties, budget);
    for (const Party& party : parties) {
      const int level = levels.at(party.request.consumer);
      ASSERT_GE(level, 0) << seed;
      const auto position = static_cast<size_t>(party.Usable()[static_cast<size_t>(level)]);
      ASSERT_EQ(party.target, party.offers[position].where)
          << "seed " << seed << " consumer " << party.request.consumer;
    }
  }
}

class History {
 public:
  explicit History(uint64_t seed) : random_(seed), parties_(RandomParties(random_, 8)) {}

  void Run(int calls) {
    for (int i = 0; i < calls && !testing::Test::HasFatalFailure(); ++i) {
      Change();
      Step();
    }
  }
  // Nothing changes for longer than anything is remembered.
  void Settle() {
    for (int i = 0; i < 1200 && !testing::Test::HasFatalFailure(); ++i) Step();
  }

  // Nobody could take one more step with headroom.
  bool LeavesNothing() const {
    const int64_t total = Total(parties_);
    for (const Party& party : parties_) {
      const Offer* held = party.Held();
      for (const int position : party.Usable()) {
        const Offer& offer = party.offers[static_cast<size_t>(position)];
        if (held != nullptr && offer.layer <= held->layer) continue;
        const int64_t more = offer.rate.bps() - (held == nullptr ? 0 : held->rate.bps());
        if ((total + more) / 100 * 110 <= bps_) return false;
      }
    }
    return true;
  }

 private:
  void Change() {
    if (random_.OneIn(3)) bps_ = std::max(0, bps_ + random_.Below(400'000) - 200'000);
    if (random_.OneIn(60)) bps_ = random_.Below(5'000'000);
    Party& party = parties_[static_cast<size_t>(random_.Below(8))];
    if (random_.OneIn(20)) {
      party.request.preferred = {static_cast<uint8_t>(random_.Below(4)),
                                 static_cast<uint8_t>(random_.Below(4))};
    }
    if (random_.OneIn(20)) {
      const auto spatial = static_cast<uint8_t>(random_.Below(3));
      const bool alive = random_.OneIn(2);
      for (Offer& offer : party.offers) {
        if (offer.layer.spatial != spatial || offer.alive == alive) continue;
        offer.alive = alive;
        offer.alive_for = Duration(0);
      }
    }
    if (random_.OneIn(200)) {
      allocator_.Remove(party.request.consumer);
      party.target.reset();
    }
  }

  void Step() {
    const Duration span = milliseconds(50 + random_.Below(1000));
    now_ += span;
    for (Party& party : parties_) {
      for (Offer& offer : party.offers) {
        if (offer.alive) offer.alive_for += span;
      }
    }
    const auto decisions = Call(allocator_, now_, bps_, parties_);
    CheckSum(decisions);
    CheckLayers();
    std::set<uint32_t> named;
    for (const auto& decision : decisions) {
      ASSERT_TRUE(named.insert(decision.consumer).second);
      ASSERT_NE(decision.reason, Reason::kNone);
      ASSERT_EQ(decision.target.has_value(), decision.layer.has_value());
    }
    ASSERT_GT(allocator_.NextTimeout().value_or(Timestamp::max()), now_);
  }

  void CheckSum(const std::vector<Allocator::Decision>& decisions) {
    // Those whose layers are dead keep what costs them nothing in truth; here it does.
    int64_t resting = 0;
    for (const Party& party : parties_) {
      const bool lives = std::any_of(party.offers.begin(), party.offers.end(),
                                     [](const Offer& offer) { return offer.alive; });
      if (!lives && party.Held() != nullptr) resting += party.Held()->rate.bps();
    }
    const int64_t total = Total(parties_);
    ASSERT_LE(total, std::max<int64_t>(resting, bps_));
    for (const auto& decision : decisions) {
      if (decision.reason != Reason::kBandwidthUp && decision.reason != Reason::kResumed) continue;
      ASSERT_LE(total / 110 * 100, bps_);
    }
  }

  void CheckLayers() {
    for (const Party& party : parties_) {
      const Offer* held = party.Held();
      if (held == nullptr) continue;
      const bool anything = std::any_of(party.offers.begin(), party.offers.end(),
                                        [](const Offer& offer) { return offer.alive; });
      ASSERT_TRUE(held->alive || !anything);
      ASSERT_TRUE(party.Usable().empty() || IsWithin(held->layer, party.request.preferred));
    }
  }

  Random random_;
  std::vector<Party> parties_;
  Allocator allocator_;
  Timestamp now_{seconds(1000)};
  int bps_ = 2'000'000;
};

TEST(AllocatorModelTest, RandomHistoriesKeepTheRules) {
  for (uint64_t seed = 0; seed < 200 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    history.Run(1000);
  }
}

// Almost: what the next step of those with larger shares does not fit into stays unused.
TEST(AllocatorModelTest, WhatSettlesLeavesNothingThatSomebodyCouldUse) {
  constexpr int kHistories = 150;
  int leaving = 0;
  for (uint64_t seed = 0; seed < kHistories && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    history.Run(200);
    history.Settle();
    leaving += history.LeavesNothing() ? 0 : 1;
  }
  EXPECT_LE(leaving, 2);
}

// Of parties that watch the same, by ascending priority.
std::vector<Party> Spectators(Random& random, uint32_t count) {
  const std::vector<Offer> ladder = RandomLadder(random);
  std::vector<Party> parties(count);
  for (uint32_t i = 0; i < count; ++i) {
    parties[i].offers = ladder;
    parties[i].request.consumer = i;
    parties[i].request.priority = static_cast<uint8_t>(1 + i);
  }
  return parties;
}

void ExpectAscending(const std::vector<Party>& parties) {
  const auto place = [](const Party& party) {
    const Offer* held = party.Held();
    return held == nullptr ? -1 : held->layer.spatial * 4 + held->layer.temporal;
  };
  for (size_t i = 1; i < parties.size(); ++i) {
    EXPECT_GE(place(parties[i]), place(parties[i - 1]));
  }
}

TEST(AllocatorModelTest, HigherPriorityGetsNoLessOfTheSame) {
  for (uint64_t seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Party> parties = Spectators(random, 6);
    Allocator allocator;
    Call(allocator, Timestamp(seconds(1000)), random.Below(6'000'000), parties);
    ExpectAscending(parties);
  }
}

TEST(AllocatorModelTest, OfTwoTheHigherEndsUpWithNoLessWhateverHappened) {
  for (uint64_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Party> parties = Spectators(random, 2);
    Allocator allocator;
    Timestamp now(seconds(1000));
    int bps = 1'000'000;
    for (int call = 0; call < 400; ++call) {
      now += seconds(1);
      if (random.OneIn(10)) bps = random.Below(2'000'000);
      Call(allocator, now, bps, parties);
    }
    for (int call = 0; call < 600; ++call) Call(allocator, now += seconds(1), bps, parties);
    ExpectAscending(parties);
  }
}

// Three encodings of a camera whose pictures swing by half and are eight times as large after ten
// seconds each, as measured by a catalog.
class Camera {
 public:
  explicit Camera(uint64_t seed) : random_(seed) {}

  void Send(Timestamp now) {
    const bool key = ++pictures_ % 250 == 1;
    int bytes = 600;
    for (uint8_t encoding = 0; encoding < 3; ++encoding, bytes *= 3) {
      const int swing = bytes / 2 + random_.Below(bytes);
      catalog_.Record(now, {.encoding = encoding,
                            .timestamp = pictures_ * 3600,
                            .bytes = static_cast<size_t>(key ? 8 * swing : swing),
                            .key_frame = key});
    }
  }
  std::span<const Offer> Offers(Timestamp now) { return catalog_.Offers(now); }

 private:
  Random random_;
  LayerCatalog catalog_;
  uint32_t pictures_ = 0;
};

// The largest takes 1080 kbit/s, and some 30 more for its key frames.
TEST(AllocatorModelTest, SwingingLayersFlapAtMostOnceAMinuteOnASteadyPath) {
  int flaps = 0;
  for (int kbps = 1000; kbps <= 1800; kbps += 50) {
    SCOPED_TRACE(kbps);
    Camera camera(static_cast<uint64_t>(kbps));
    Allocator allocator;
    Timestamp now(seconds(1000));
    Timestamp last_up{};
    Timestamp last_flap{};
    for (int picture = 0; picture < 25 * 600; ++picture) {
      now += milliseconds(40);
      camera.Send(now);
      if (picture % 3 != 0) continue;
      Allocator::Request request;
      request.offers = camera.Offers(now);
      for (const auto& decision : allocator.Allocate(now, BitRate::Kbps(kbps), {&request, 1})) {
        if (decision.reason == Reason::kBandwidthUp) last_up = now;
        // A layer that held for longer was no mistake.
        if (decision.reason != Reason::kBandwidthDown || now - last_up > seconds(60)) continue;
        ASSERT_GE(now - last_flap, seconds(60));
        last_flap = now;
        ++flaps;
      }
    }
  }
  EXPECT_GT(flaps, 0) << "or the path is none that tests it";
}

}  // namespace
}  // namespace sluice::rtp
